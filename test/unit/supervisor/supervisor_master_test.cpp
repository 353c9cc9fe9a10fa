#include "test/unit/supervisor/supervisor_master_fixture.hpp"

namespace muster::supervisor {

TEST_F(SupervisorMasterTest, BringsServersUpInTheOrderOfTheirDependencies) {
    nodeArrives();
    master->bringUp({});
    loop.run();
    EXPECT_EQ(orders.size(), 1U);
    EXPECT_EQ(nextOrder(), "start chat-1");
    orderDone("chat-1", ServerState::Starting, 11);
    EXPECT_EQ(nextOrder(), "none");
    report({false, {status("chat-1", ServerState::Ready, 11)}, {}});
    EXPECT_EQ(nextOrder(), "start connector-1");
}

TEST_F(SupervisorMasterTest, OrdersNothingBeforeItKnowsWhatTheNodeRuns) {
    master->bringUp({});
    loop.run();
    agent->member(MemberEvent::Registered, node());
    loop.run();
    EXPECT_EQ(nextOrder(), "none");
}

TEST_F(SupervisorMasterTest, StartsNothingAgainThatOutlivedTheMaster) {
    bringAllUp();
    makeMaster();
    nodeArrives(
        {status("chat-1", ServerState::Ready, 11), status("connector-1", ServerState::Ready, 12)});
    master->bringUp({});
    loop.run();
    EXPECT_EQ(nextOrder(), "none");
}

TEST_F(SupervisorMasterTest, StopsInReverseAndSaysHow) {
    bringAllUp();
    master->stop(Selection{}, 10s, take());
    loop.run();
    EXPECT_EQ(nextOrder(), "stop connector-1");
    orderDone("connector-1", ServerState::Stopped, 0);
    EXPECT_EQ(nextOrder(), "stop chat-1");
    EXPECT_FALSE(outcomes);
    orderDone("chat-1", ServerState::Stopped, 0);
    ASSERT_TRUE(outcomes);
    EXPECT_EQ(outcomes->size(), 2U);
    EXPECT_EQ(outcomes->front().kind, Kind::Done);
}

TEST_F(SupervisorMasterTest, KeepsStoppedWhatAPersonStopped) {
    bringAllUp();
    master->stop(Selection{{"connector-1"}, ""}, 10s, take());
    loop.run();
    orderDone("connector-1", ServerState::Stopped, 0);
    makeMaster();
    nodeArrives({status("chat-1", ServerState::Ready, 11)});
    master->bringUp({});
    loop.run();
    EXPECT_EQ(nextOrder(), "none");
    master->start(Selection{{"connector-1"}, ""}, 10s, take());
    loop.run();
    EXPECT_EQ(nextOrder(), "start connector-1");
}

TEST_F(SupervisorMasterTest, StartsAllAgainAfterAllWereStopped) {
    bringAllUp();
    master->stop(Selection{}, 10s, take());
    loop.run();
    orderDone("connector-1", ServerState::Stopped, 0);
    orderDone("chat-1", ServerState::Stopped, 0);
    makeMaster();
    nodeArrives();
    master->bringUp({});
    loop.run();
    EXPECT_EQ(nextOrder(), "start chat-1");
}

TEST_F(SupervisorMasterTest, SaysThatAServerRunsAlready) {
    bringAllUp();
    master->start(Selection{}, 10s, take());
    loop.run();
    ASSERT_TRUE(outcomes);
    EXPECT_EQ(outcomes->front().kind, Kind::AlreadyThere);
}

TEST_F(SupervisorMasterTest, NamesTheBlockerWhenAStartTakesTooLong) {
    nodeArrives();
    master->start(Selection{{"connector-1", "chat-1"}, ""}, 10s, take());
    loop.run();
    orderDone("chat-1", ServerState::Starting, 11);
    loop.advance(10s);
    ASSERT_TRUE(outcomes);
    for (const auto& outcome : *outcomes) {
        EXPECT_EQ(outcome.kind, Kind::TimedOut);
        if (outcome.id == "connector-1") {
            EXPECT_EQ(outcome.detail, "waits for chat-1 ready, which is starting");
        }
    }
}

TEST_F(SupervisorMasterTest, TellsTheNodeHowThisServerGetsReady) {
    const Json order = Json::parse(master->orderMessage(R"({"op":"start","id":"chat-1"})"));
    EXPECT_EQ(order["server"]["readiness"]["argv"], (Json{"check", "chat-1"}));
}

TEST_F(SupervisorMasterTest, RestartEndsWhenTheNewProcessIsReady) {
    bringAllUp();
    master->restart(Selection{{"chat-1"}, ""}, 10s, take());
    loop.run();
    EXPECT_EQ(nextOrder(), "restart chat-1");
    orderDone("chat-1", ServerState::Starting, 13);
    EXPECT_FALSE(outcomes);
    report({false, {status("chat-1", ServerState::Ready, 13)}, {}});
    ASSERT_TRUE(outcomes);
    EXPECT_EQ(outcomes->front().kind, Kind::Done);
}

TEST_F(SupervisorMasterTest, ShowsServersOfALostNodeAsLost) {
    bringAllUp();
    agent->member(MemberEvent::Disconnected, node());
    loop.advance(3s);
    const Json rows = ask(R"({"op":"list"})")["servers"];
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0]["state"], "lost");
    EXPECT_EQ(rows[0]["ready"], false);
    EXPECT_EQ(rows[0]["ageMs"], 3000);
}

TEST_F(SupervisorMasterTest, ShowsAServerThatCameByItselfAndDoesNotTouchIt) {
    ServerInfo info;
    info.id = "guest-1";
    info.type = "guest";
    agent->member(MemberEvent::Registered, info);
    const Json row = ask(R"({"op":"status","id":"guest-1"})")["server"];
    EXPECT_EQ(row["managed"], false);
    const Json results = ask(R"({"op":"stop","ids":["guest-1"]})")["results"];
    EXPECT_EQ(results[0]["outcome"], "refused");
}

TEST_F(SupervisorMasterTest, AnswersUnknownServersAndUnknownOps) {
    EXPECT_EQ(ask(R"({"op":"stop","ids":["x"]})")["results"][0]["outcome"], "unknown_server");
    EXPECT_EQ(ask(R"({"op":"status","id":"x"})"), "unknown_server");
    EXPECT_EQ(ask(R"({"op":"dance"})"), "bad_message");
    EXPECT_EQ(ask("[1,2"), "bad_message");
    EXPECT_EQ(ask(R"({"op":"start","ids":7})"), "bad_message");
}

TEST_F(SupervisorMasterTest, HearsOfServersFromNodesOnly) {
    ServerInfo liar;
    liar.id = "chat-1";
    liar.type = "node";
    std::optional<Errc> refused;
    master->masterHandler(*agent, liar, encode(NodeReport{true, {}, {}}),
                          [&](Result<JsonText> result) { refused = result.error().code(); });
    EXPECT_EQ(refused, Errc::Denied);
}

TEST_F(SupervisorMasterTest, TellsTheNodeThatAServerIsReady) {
    nodeArrives();
    master->bringUp({});
    loop.run();
    orderDone("chat-1", ServerState::Starting, 11);
    ServerInfo info;
    info.id = "chat-1";
    info.type = "chat";
    agent->member(MemberEvent::Registered, info);
    master->memberReady("chat-1");
    ASSERT_EQ(agent->notified.size(), 1U);
    EXPECT_EQ(Json::parse(agent->notified.front())["op"], "memberReady");
}

TEST_F(SupervisorMasterTest, StartsWhatIsAddedAndKnowsItAfterARestart) {
    bringAllUp();
    EXPECT_EQ(ask(R"({"op":"add","server":{"serverType":"chat"}})")["ids"][0], "chat-2");
    EXPECT_EQ(nextOrder(), "start chat-2");
    makeMaster();
    EXPECT_EQ(ask(R"({"op":"list"})")["servers"].size(), 3U);
}

TEST_F(SupervisorMasterTest, MirrorsRowsToTheStoreOnlyWhenTheyChange) {
    bringAllUp();
    loop.advance(1s);
    const std::string row = store.get("server/chat-1")->value;
    EXPECT_EQ(Json::parse(row)["state"], "ready");
    EXPECT_FALSE(Json::parse(row).contains("ageMs"));
}

}  // namespace muster::supervisor
