#include "test/unit/supervisor/supervisor_master_fixture.hpp"

namespace muster::supervisor {

/// chat-1 and connector-1, ready and registered.
class Drains : public SupervisorMasterTest {
protected:
    Drains() {
        bringAllUp();
        registered("chat-1", 11);
        agent->notified.clear();
        agent->events.clear();
    }
    void registered(const std::string& id, long pid) {
        ServerInfo info;
        info.id = id;
        info.type = "chat";
        info.pid = pid;
        info.incarnation = "life-" + std::to_string(pid);
        agent->member(MemberEvent::Registered, info);
        loop.run();
    }
    void reportBusy(ServerState state, std::int64_t busy) {
        ServerStatus now = status("chat-1", state, 11);
        now.busy = busy;
        report({false, {now}, {}});
    }
    void request(Json message) {
        answer.reset();
        master->clientHandler(*agent, {}, jsonText(message), [&](Result<JsonText> result) {
            answer = result ? Json::parse(*result)["results"] : Json("error");
        });
        loop.run();
    }
    void drain(std::chrono::milliseconds deadline, bool isGivingUp) {
        request({{"op", "stop"},
                 {"ids", {"chat-1"}},
                 {"drainMs", deadline.count()},
                 {"giveUp", isGivingUp},
                 {"timeoutMs", 600'000}});
    }
    Json row() { return ask(R"({"op":"status","id":"chat-1"})")["server"]; }
    std::optional<Json> answer;
};

TEST_F(Drains, AskFirstAndStopWhenItIsEmpty) {
    reportBusy(ServerState::Ready, 2);
    drain(60s, true);
    EXPECT_EQ(agent->notified, std::vector<std::string>{R"({"signal":"drain"})"});
    EXPECT_EQ(row()["cordoned"], true);
    reportBusy(ServerState::Draining, 2);
    EXPECT_EQ(nextOrder(), "none");
    reportBusy(ServerState::Draining, 0);
    EXPECT_EQ(nextOrder(), "stop chat-1");
    orderDone("chat-1", ServerState::Stopped, 0);
    ASSERT_TRUE(answer);
    EXPECT_EQ((*answer)[0]["outcome"], "done");
    EXPECT_FALSE(row().contains("cordoned"));
    EXPECT_FALSE(store.get("cordon/chat-1"));
}

TEST_F(Drains, SignalNobodyWithSessionsBeforeTheDeadline) {
    reportBusy(ServerState::Ready, 1);
    drain(60s, false);
    reportBusy(ServerState::Draining, 1);
    for (int second = 1; second < 60; ++second) {
        loop.advance(1s);
        reportBusy(ServerState::Draining, 1);
    }
    EXPECT_EQ(nextOrder(), "none");
    loop.advance(2s);
    EXPECT_EQ(nextOrder(), "stop chat-1");
}

TEST_F(Drains, ThatGiveUpLeaveItRunningAndCordoned) {
    reportBusy(ServerState::Ready, 1);
    drain(60s, true);
    reportBusy(ServerState::Draining, 1);
    loop.advance(61s);
    EXPECT_EQ(nextOrder(), "none");
    ASSERT_TRUE(answer);
    EXPECT_EQ((*answer)[0]["outcome"], "timed_out");
    EXPECT_EQ(row()["cordoned"], true);
    EXPECT_EQ(row()["desired"], "running");
}

TEST_F(Drains, OfARestartEndWithTheNewProcess) {
    reportBusy(ServerState::Ready, 1);
    request({{"op", "restart"}, {"ids", {"chat-1"}}, {"drainMs", 60'000}, {"timeoutMs", 600'000}});
    reportBusy(ServerState::Draining, 1);
    EXPECT_EQ(nextOrder(), "none");
    reportBusy(ServerState::Draining, 0);
    EXPECT_EQ(nextOrder(), "restart chat-1");
    loop.run();
    EXPECT_FALSE(row().contains("cordoned"));
    orderDone("chat-1", ServerState::Ready, 21);
    ASSERT_TRUE(answer);
    EXPECT_EQ((*answer)[0]["outcome"], "done");
}

TEST_F(Drains, ACordonIsToldAgainToANewProcessAndByANewMaster) {
    request({{"op", "cordon"}, {"ids", {"chat-1"}}});
    EXPECT_EQ((*answer)[0]["outcome"], "done");
    EXPECT_EQ(agent->events, std::vector<std::string>{"cordoned chat-1"});
    makeMaster();
    nodeArrives({status("chat-1", ServerState::Ready, 31)});
    registered("chat-1", 31);
    master->memberReady("chat-1");
    ASSERT_FALSE(agent->notified.empty());
    EXPECT_EQ(agent->notified.front(), R"({"signal":"drain"})");
    agent->notified.clear();
    master->memberReady("chat-1");
    EXPECT_TRUE(agent->notified.empty());  // it knows
    request({{"op", "cordon"}, {"ids", {"chat-1"}}});
    EXPECT_EQ((*answer)[0]["outcome"], "already");
    request({{"op", "uncordon"}, {"ids", {"chat-1"}}});
    EXPECT_EQ(agent->notified.back(), R"({"signal":"undrain"})");
    EXPECT_FALSE(row().contains("cordoned"));
}

TEST_F(Drains, NobodyWaitsForACordonedServerToBeReady) {
    request({{"op", "cordon"}, {"ids", {"chat-1"}}});
    reportBusy(ServerState::Draining, 1);
    request({{"op", "start"}, {"ids", {"chat-1"}}});
    ASSERT_TRUE(answer);
    EXPECT_EQ((*answer)[0]["outcome"], "already");
    report({false, {status("connector-1", ServerState::Stopped, 0)}, {}});
    EXPECT_EQ(nextOrder(), "start connector-1");
}

}  // namespace muster::supervisor
