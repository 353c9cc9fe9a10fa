#include "modules/supervisor/spec_digest.hpp"
#include "test/unit/supervisor/supervisor_master_fixture.hpp"

#include <gmock/gmock.h>

namespace muster::supervisor {

using testing::ElementsAre;

/// Four chat servers that are ready as the config has them.
class Restarts : public SupervisorMasterTest {
protected:
    Restarts() {
        config.servers.clear();
        for (int number = 1; number <= 4; ++number) {
            config::Server server;
            server.id = "chat-" + std::to_string(number);
            server.type = "chat";
            config.servers.push_back(server);
        }
        makeMaster();
        std::vector<ServerStatus> all;
        for (int number = 1; number <= 4; ++number)
            all.push_back(running("chat-" + std::to_string(number), 10 + number, 1));
        nodeArrives(std::move(all));
        master->bringUp({});
        loop.run();
    }
    ServerStatus running(const std::string& id, pid_t pid, std::uint64_t revision) {
        ServerStatus now = status(id, ServerState::Ready, pid);
        now.revision = revision;
        now.spec = specOf(id);
        return now;
    }
    /// The fingerprint of what the config has for `id`.
    std::string specOf(const std::string& id) {
        const Json order =
            Json::parse(master->orderMessage(jsonText({{"op", "start"}, {"id", id}})));
        return fingerprintOf(processDigests(*decodeSpec(order["server"].dump())));
    }
    void restart(const Json& how) {
        Json message{{"op", "restart"}, {"type", "chat"}};
        message.update(how);
        answer.reset();
        master->clientHandler(*agent, {}, jsonText(message), [&](Result<JsonText> result) {
            answer =
                result ? Json::parse(*result)["results"] : Json(errcName(result.error().code()));
        });
        loop.run();
    }
    std::vector<std::string> ordered() const {
        std::vector<std::string> ids;
        for (const auto& order : orders) ids.push_back(Json::parse(order)["id"]);
        return ids;
    }
    /// The node has a new process for the oldest order.
    void replied(pid_t pid, std::uint64_t revision) {
        auto reply = std::move(replies.front());
        replies.erase(replies.begin());
        orders.erase(orders.begin());
        reply(jsonText({{"state", "starting"}, {"pid", pid}, {"revision", revision}}));
        loop.run();
    }
    void ready(const std::string& id, pid_t pid) { report({false, {running(id, pid, 9)}, {}}); }
    Json outcomeOf(const std::string& id) const {
        for (const Json& one : *answer)
            if (one["id"] == id) return one;
        return {};
    }
    std::optional<Json> answer;
};

TEST_F(Restarts, RollAtTheWidthThatIsAsked) {
    restart({{"width", 3}});
    EXPECT_THAT(ordered(), ElementsAre("chat-1", "chat-2", "chat-3"));
    replied(21, 2);
    EXPECT_EQ(orders.size(), 2U);  // it is not ready yet
    ready("chat-1", 21);
    EXPECT_THAT(ordered(), ElementsAre("chat-2", "chat-3", "chat-4"));
}

TEST_F(Restarts, RollAtAShareOfTheType) {
    restart({{"percent", 50}});
    EXPECT_EQ(orders.size(), 2U);
}

TEST_F(Restarts, RefuseAWidthOfNobody) {
    restart({{"width", 0}});
    EXPECT_EQ(*answer, "bad_message");
    restart({{"percent", 101}});
    EXPECT_EQ(*answer, "bad_message");
}

TEST_F(Restarts, LeaveTheRestAloneWhenANewProcessEndsBeforeItIsReady) {
    restart(Json::object());
    replied(21, 2);
    ready("chat-1", 21);
    replied(22, 2);
    ServerStatus again = status("chat-2", ServerState::Starting, 32);  // its node tries once more
    again.revision = 4;
    again.note = "is not ready yet";
    report({false, {again}, {}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(outcomeOf("chat-1")["outcome"], "done");
    EXPECT_EQ(outcomeOf("chat-2")["outcome"], "failed");
    EXPECT_EQ(outcomeOf("chat-3")["outcome"], "refused");
    EXPECT_EQ(outcomeOf("chat-4")["detail"], "not restarted: chat-2 did not get ready");
    EXPECT_TRUE(orders.empty());
}

TEST_F(Restarts, EndAtABackoffAlsoOfOneThatHadNoProcess) {
    ServerStatus down = status("chat-1", ServerState::Backoff, 0);
    down.wantsRun = true;
    down.revision = 2;
    report({false, {down}, {}});
    restart(Json::object());
    replied(21, 3);
    report({false, {down}, {}});  // it was sent before the order came
    EXPECT_FALSE(answer);
    down.revision = 5;
    down.note = "crash loop 2x, next try in 0.5 s: exit status 7";
    report({false, {down}, {}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(outcomeOf("chat-1")["outcome"], "failed");
    EXPECT_THAT(outcomeOf("chat-1")["detail"], testing::HasSubstr("exit status 7"));
}

TEST_F(Restarts, OfWhatChangedLeaveTheOthersAlone) {
    ServerStatus old = running("chat-3", 13, 2);
    old.spec = "0123456789abcdef";
    report({false, {old}, {}});
    EXPECT_EQ(ask(R"({"op":"status","id":"chat-3"})")["server"]["outdated"], true);
    EXPECT_FALSE(ask(R"({"op":"status","id":"chat-2"})")["server"].contains("outdated"));
    restart({{"onlyChanged", true}});
    EXPECT_THAT(ordered(), ElementsAre("chat-3"));
    replied(23, 3);
    ready("chat-3", 23);
    ASSERT_TRUE(answer);
    EXPECT_EQ(outcomeOf("chat-3")["outcome"], "done");
    EXPECT_EQ(outcomeOf("chat-1")["outcome"], "already");
}

TEST_F(Restarts, OfWhatChangedDoNotGuess) {
    ServerStatus unknown = running("chat-3", 13, 2);
    unknown.spec.clear();
    report({false, {unknown, status("chat-4", ServerState::Stopped, 0)}, {}});
    orders.clear();
    restart({{"onlyChanged", true}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(outcomeOf("chat-3")["outcome"], "refused");
    EXPECT_EQ(outcomeOf("chat-4")["detail"], "has no process");
}

}  // namespace muster::supervisor
