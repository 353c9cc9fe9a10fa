#include "test/unit/supervisor/supervisor_master_fixture.hpp"

namespace muster::supervisor {

class SupervisorOrdersTest : public SupervisorMasterTest {};

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
