#include "test/integration/cluster/cluster_fixture.hpp"
#include "test/support/send_signal.hpp"

#include <csignal>

namespace muster::test {

class ClusterKill : public ClusterFixture {
protected:
    /// Whether the table is true and as before within 5 s.
    void expectSameServers(const Pids& before) {
        EXPECT_TRUE(eventually(5s, [&] { return areAllReady() && table() == before; }))
            << Json(rows()).dump(1);
        EXPECT_EQ(servers(), before);
        EXPECT_EQ(trace().size(), 8U);  // started and ready, once each
    }
};

TEST_F(ClusterKill, AMasterThatReturnsFindsTheSameServers) {
    startAll();
    const Pids before = servers();
    kill9("start");
    EXPECT_EQ(servers(), before);
    Child& master = launch();
    ASSERT_TRUE(eventually(10s, [&] { return accepts(port()); }));
    expectSameServers(before);
    EXPECT_NE(master.outputUntil("4 of 4 ready", 10s).find("4 of 4 ready"), std::string::npos);
}

TEST_F(ClusterKill, AMasterThatDiesTenTimesChangesNothing) {
    startAll();
    const Pids before = servers();
    for (int round = 0; round < 10; ++round) {
        kill9("start");
        launch();
        ASSERT_TRUE(eventually(10s, [&] { return accepts(port()); }));
        const bool isEarly = round % 2 == 0;  // before it has heard of its servers, and after
        ASSERT_TRUE(isEarly || eventually(10s, [&] { return areAllReady(); }));
    }
    launch();
    ASSERT_TRUE(eventually(10s, [&] { return accepts(port()); }));
    expectSameServers(before);
}

TEST_F(ClusterKill, AServerRunsAgainWithinASecond) {
    startAll();
    const pid_t old = pid("chat-1");
    const auto begin = std::chrono::steady_clock::now();
    sendSignal(old, SIGKILL);
    ASSERT_TRUE(eventually(1s, [&] { return countOf("chat-1 ready") == 2; }));
    const auto took = std::chrono::steady_clock::now() - begin;
    RecordProperty("restartMs", std::to_string(took / 1ms));
    ASSERT_TRUE(eventually(5s, [&] {
        const Json now = row("chat-1");
        return now.value("ready", false) && now.value("pid", 0) == pid("chat-1");
    }));
    EXPECT_NE(pid("chat-1"), old);
    const Json now = row("chat-1");
    EXPECT_EQ(now["restarts"], 1) << now;
    EXPECT_EQ(now["exit"]["signal"], 9) << now;
}

TEST_F(ClusterKill, AServerRunsAgainWithoutAMaster) {
    startAll();
    kill9("start");
    kill9("chat-1");
    EXPECT_TRUE(eventually(2s, [&] { return countOf("chat-1 ready") == 2; }));
    launch();
    ASSERT_TRUE(eventually(10s, [&] { return areAllReady(); }));
    EXPECT_EQ(table(), servers());
    EXPECT_EQ(row("chat-1")["restarts"], 1);
}

TEST_F(ClusterKill, ANodeThatDiesIsReplacedAndKeepsItsServers) {
    startAll();
    const Pids before = servers();
    const pid_t node = pid("node");
    kill9("node");
    ASSERT_TRUE(eventually(10s, [&] { return pid("node") > 0 && pid("node") != node; }));
    expectSameServers(before);
    kill9("chat-2");
    EXPECT_TRUE(eventually(2s, [&] { return countOf("chat-2 ready") == 2; }));
}

TEST_F(ClusterKill, AKeeperThatDiesIsReplacedAndKeepsItsServers) {
    startAll();
    const Pids before = servers();
    const pid_t keeper = pid("keep");
    kill9("keep");
    ASSERT_TRUE(eventually(10s, [&] { return pid("keep") > 0 && pid("keep") != keeper; }));
    expectSameServers(before);
    kill9("chat-2");
    EXPECT_TRUE(eventually(5s, [&] { return countOf("chat-2 ready") == 2; }));
    ASSERT_TRUE(eventually(5s, [&] { return areAllReady(); }));
    EXPECT_EQ(table(), servers());
}

TEST_F(ClusterKill, AllThreeAtOnceAndTheServersAreTheSame) {
    startAll();
    const Pids before = servers();
    const Pids all = processes();
    for (const char* what : {"start", "keep", "node"}) sendSignal(all.at(what), SIGKILL);
    ASSERT_TRUE(eventually(10s, [&] { return processes() == before; }));
    launch();
    ASSERT_TRUE(eventually(10s, [&] { return accepts(port()); }));
    expectSameServers(before);
}

TEST_F(ClusterKill, WhatDiedWithEverythingIsStartedAgainOnce) {
    startAll();
    const Pids all = processes();
    for (const char* what : {"start", "keep", "node", "chat-1"}) sendSignal(all.at(what), SIGKILL);
    ASSERT_TRUE(eventually(10s, [&] { return processes().size() == 3; }));
    launch();
    ASSERT_TRUE(eventually(15s, [&] { return areAllReady(); })) << Json(rows()).dump(1);
    EXPECT_EQ(table(), servers());
    EXPECT_EQ(countOf("chat-1 started"), 2U);
    EXPECT_EQ(countOf("chat-2 started"), 1U);
}

TEST_F(ClusterKill, ACrashLoopBacksOffAndSaysWhy) {
    setMode("gate", "crash");
    setType("gate", {{"restart", {{"base", "400ms"}}}});
    launch();
    Json shown;  // as it was then: the next try may come before another look
    ASSERT_TRUE(eventually(30s, [&] {
        if (countOf("gate-1 started") < 3) return false;
        shown = row("gate-1");
        return shown["state"] == "backoff";
    })) << Json(rows()).dump(1);
    const auto note = shown.value("note", "");
    EXPECT_NE(note.find("crash loop"), std::string::npos) << note;
    EXPECT_NE(note.find("next try in"), std::string::npos) << note;
    EXPECT_NE(note.find("exit status 7"), std::string::npos) << note;
    EXPECT_EQ(shown["exit"]["code"], 7);
    EXPECT_LE(countOf("gate-1 started"), 5U);
    const Ran events = muster({"events", "gate-1"});
    EXPECT_NE(events.output.find("backoff"), std::string::npos) << events.output;
}

}  // namespace muster::test
