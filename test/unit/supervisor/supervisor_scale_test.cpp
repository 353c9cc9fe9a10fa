#include "test/unit/supervisor/supervisor_master_fixture.hpp"

namespace muster::supervisor {

class Scales : public SupervisorMasterTest {
protected:
    Scales() { bringAllUp(); }
    std::map<std::string, std::string> planned(int count) {
        std::map<std::string, std::string> kinds;
        const Json answered =
            ask(jsonText({{"op", "scale"}, {"type", "chat"}, {"count", count}, {"dryRun", true}}));
        for (const Json& change : answered["changes"]) kinds[change["id"]] = change["change"];
        return kinds;
    }
    void scale(int count) {
        answer.reset();
        master->clientHandler(*agent, {},
                              jsonText({{"op", "scale"}, {"type", "chat"}, {"count", count}}),
                              [&](Result<JsonText> result) {
                                  answer = result ? Json::parse(*result)["results"]
                                                  : Json(errcName(result.error().code()));
                              });
        loop.run();
    }
    std::string resultOf(const std::string& id) const {
        if (!answer || !answer->is_array()) return "none";
        for (const Json& one : *answer)
            if (one["id"] == id)
                return one["change"].get<std::string>() + " " + one["outcome"].get<std::string>();
        return "none";
    }
    std::optional<Json> answer;
};

TEST_F(Scales, AddNewServersAndWaitUntilTheyAreReady) {
    EXPECT_EQ(planned(2),
              (std::map<std::string, std::string>{{"chat-1", "unchanged"}, {"chat-2", "add"}}));
    EXPECT_EQ(nextOrder(), "none");
    scale(2);
    EXPECT_FALSE(answer);
    EXPECT_EQ(nextOrder(), "start chat-2");
    EXPECT_TRUE(store.get("added/chat-2"));
    orderDone("chat-2", ServerState::Ready, 13);
    EXPECT_EQ(resultOf("chat-1"), "unchanged already");
    EXPECT_EQ(resultOf("chat-2"), "add done");
    EXPECT_EQ(planned(2), (std::map<std::string, std::string>{{"chat-1", "unchanged"},
                                                              {"chat-2", "unchanged"}}));
}

TEST_F(Scales, ForgetWhatWasAddedAndKeepStoppedWhatIsConfigured) {
    scale(2);
    orderDone("chat-2", ServerState::Ready, 13);
    scale(0);
    // Whoever depends on them stays: only this type was asked about.
    EXPECT_EQ(orders.size(), 2U);
    orderDone("chat-1", ServerState::Stopped, 0);
    orderDone("chat-2", ServerState::Stopped, 0);
    EXPECT_EQ(nextOrder(), "forget chat-2");
    EXPECT_EQ(resultOf("chat-1"), "stop done");
    EXPECT_EQ(resultOf("chat-2"), "remove done");
    EXPECT_FALSE(store.get("added/chat-2"));
    EXPECT_FALSE(store.get("desired/chat-2"));
    EXPECT_TRUE(store.get("desired/chat-1"));
    EXPECT_EQ(ask(R"({"op":"list"})")["servers"].size(), 2U);
    orders.clear();
    replies.clear();
    scale(1);
    EXPECT_EQ(nextOrder(), "start chat-1");
}

TEST_F(Scales, AreKeptByTheNextMaster) {
    scale(2);
    orderDone("chat-2", ServerState::Ready, 13);
    makeMaster();
    EXPECT_EQ(planned(2), (std::map<std::string, std::string>{{"chat-1", "unchanged"},
                                                              {"chat-2", "unchanged"}}));
}

TEST_F(Scales, SayWhatIsWrongWithTheQuestion) {
    EXPECT_EQ(ask(R"({"op":"scale","type":"nobody","count":1})"), "unknown_server");
    EXPECT_EQ(ask(R"({"op":"scale","count":1})"), "bad_message");
    for (const char* count : {"-1", "1001", "1.5", "\"2\"", "null", "[]"})
        EXPECT_EQ(ask(std::string(R"({"op":"scale","type":"chat","count":)") + count + "}"),
                  "bad_message");
    EXPECT_EQ(ask(R"({"op":"scale","type":"chat","count":2,"plan":"another"})"), "conflict");
    EXPECT_EQ(nextOrder(), "none");
}

TEST_F(Scales, AreOneAtATime) {
    scale(2);
    EXPECT_EQ(ask(R"({"op":"scale","type":"chat","count":1})"), "conflict");
    const std::string plan = ask(R"({"op":"plan"})").value("plan", "");
    EXPECT_EQ(ask(jsonText({{"op", "apply"}, {"plan", plan}})), "conflict");
}

TEST_F(Scales, TellWhatCouldNotBeStored) {
    store.setFull(true);
    scale(2);
    ASSERT_TRUE(answer);
    EXPECT_EQ(resultOf("chat"), "add failed");
    EXPECT_EQ(nextOrder(), "none");
}

}  // namespace muster::supervisor
