#include "test/unit/supervisor/supervisor_master_fixture.hpp"

namespace muster::supervisor {

class SupervisorOrdersTest : public SupervisorMasterTest {
protected:
    void reportAs(std::uint64_t revision, ServerStatus status) {
        status.revision = revision;
        report({false, {std::move(status)}, {}});
    }
    std::string stateOf(const std::string& id) {
        return ask(jsonText({{"op", "status"}, {"id", id}}))["server"]["state"];
    }
};

TEST_F(SupervisorOrdersTest, StoresNoVariableOrArgumentInAnOrder) {
    nodeArrives();
    master->bringUp({});
    loop.run();
    EXPECT_EQ(Json::parse(orders.front()), Json::parse(R"({"op":"start","id":"chat-1"})"));
}

TEST_F(SupervisorOrdersTest, LeavesAnOrderForAServerItDoesNotKnowWithoutOne) {
    const JsonText order = R"({"op":"start","id":"gone-1"})";
    EXPECT_EQ(master->orderMessage(order), order);  // which its node refuses
    EXPECT_EQ(master->orderMessage("[]"), "[]");
    EXPECT_EQ(master->orderMessage(R"({"op":7,"id":7})"), R"({"op":7,"id":7})");
}

TEST_F(SupervisorOrdersTest, TakesNoReadinessOfTheLifeBeforeForThatOfTheNext) {
    bringAllUp();
    ServerInfo info;
    info.id = "chat-1";
    info.type = "chat";
    info.pid = 11;
    info.incarnation = "a";
    agent->member(MemberEvent::Registered, info);
    master->memberReady("chat-1");
    agent->notified.clear();
    // The old one is gone, but its leave has not come yet.
    report({false, {status("chat-1", ServerState::Backoff, 0)}, {}});
    report({false, {status("chat-1", ServerState::Starting, 15)}, {}});
    EXPECT_TRUE(agent->notified.empty());
    info.pid = 15;
    info.incarnation = "b";
    agent->member(MemberEvent::Registered, info);
    master->memberReady("chat-1");
    ASSERT_EQ(agent->notified.size(), 1U);
    EXPECT_EQ(Json::parse(agent->notified.front())["pid"], 15);
}

TEST_F(SupervisorOrdersTest, TakesNoReadinessOfALifeBeforeALifeThatCameAndWentAtOnce) {
    bringAllUp();
    ServerInfo info;
    info.id = "chat-1";
    info.type = "chat";
    info.pid = 11;
    info.incarnation = "a";
    agent->member(MemberEvent::Registered, info);
    master->memberReady("chat-1");
    agent->notified.clear();
    for (const pid_t pid : {15, 0, 16})
        report({false, {status("chat-1", ServerState::Starting, pid)}, {}});
    EXPECT_TRUE(agent->notified.empty());
}

TEST_F(SupervisorOrdersTest, ShowsWhatAServerSaysOfItselfByItsPresence) {
    bringAllUp();
    ServerInfo info;
    info.id = "chat-1";
    info.type = "chat";
    agent->member(MemberEvent::Registered, info);
    master->memberSays("chat-1", 7, "1.2.3");
    const Json row = ask(R"({"op":"status","id":"chat-1"})")["server"];
    EXPECT_EQ(row["busy"], 7);
    EXPECT_EQ(row["version"], "1.2.3");
}

TEST_F(SupervisorOrdersTest, KeepsANewerReportWhenTheAnswerToItsOrderComesLater) {
    nodeArrives();
    master->bringUp({});
    loop.run();
    reportAs(1, status("chat-1", ServerState::Starting, 11));
    reportAs(2, status("chat-1", ServerState::Ready, 11));
    // Stored first, and that may take longer than the server needs.
    replies.front()(JsonText(R"({"state":"starting","pid":11,"revision":1})"));
    loop.run();
    EXPECT_EQ(stateOf("chat-1"), "ready");
}

TEST_F(SupervisorOrdersTest, TakesAnAnswerThatIsFasterThanTheReport) {
    nodeArrives();
    master->bringUp({});
    loop.run();
    reportAs(1, status("chat-1", ServerState::Stopped, 0));
    replies.front()(JsonText(R"({"state":"starting","pid":11,"revision":2})"));
    loop.run();
    EXPECT_EQ(stateOf("chat-1"), "starting");
}

TEST_F(SupervisorOrdersTest, EndsARestartAtOnceWhenTheServerIsReadyBeforeTheAnswer) {
    bringAllUp();
    master->restart({{"chat-1"}, ""}, 60s, take());
    loop.run();
    reportAs(7, status("chat-1", ServerState::Starting, 21));
    reportAs(8, status("chat-1", ServerState::Ready, 21));
    replies.front()(JsonText(R"({"state":"starting","pid":21,"revision":7})"));
    loop.run();
    ASSERT_TRUE(outcomes);
    EXPECT_EQ(outcomes->front().kind, Kind::Done);
}

TEST_F(SupervisorOrdersTest, SendsAllThatANodeNeedsToRunAServerAlone) {
    nodeArrives();
    master->bringUp({});
    loop.run();
    const Json message = Json::parse(master->orderMessage(orders.front()));
    auto spec = decodeSpec(message["server"].dump());
    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->argv, std::vector<std::string>{"/bin/chat"});
    EXPECT_EQ(spec->env.at("MUSTER_CLUSTER"), "test");
    EXPECT_EQ(spec->env.at("MUSTER_INFO"), "{}");
}

}  // namespace muster::supervisor
