#include "test/integration/cluster/cluster_fixture.hpp"
#include "test/support/send_signal.hpp"

#include <csignal>

namespace muster::test {

class ClusterStop : public ClusterFixture {
protected:
    void expectReverseOrder() const {
        EXPECT_LT(placeOf("gate-1 ended"), placeOf("connector-1 stopping"));
        EXPECT_LT(placeOf("connector-1 ended"), placeOf("chat-1 stopping"));
        EXPECT_LT(placeOf("connector-1 ended"), placeOf("chat-2 stopping"));
        EXPECT_EQ(trace().size(), 16U);
    }
};

TEST_F(ClusterStop, StopsAllInReverseOrder) {
    startAll();
    const Ran stopped = muster({"stop", "all"});
    EXPECT_EQ(stopped.status, 0) << stopped.output;
    expectReverseOrder();
    EXPECT_TRUE(servers().empty());
    EXPECT_EQ(row("chat-1")["state"], "stopped");
    const Ran again = muster({"stop", "all"});
    EXPECT_EQ(again.status, 0) << again.output;
    EXPECT_NE(again.output.find("already stopped"), std::string::npos) << again.output;
}

TEST_F(ClusterStop, StartsAllAgainAfterAStopOfAll) {
    startAll();
    EXPECT_EQ(muster({"stop", "all"}).status, 0);
    const Ran started = muster({"start", "all"});
    EXPECT_EQ(started.status, 0) << started.output;
    EXPECT_TRUE(areAllReady());
    EXPECT_EQ(table(), servers());
}

TEST_F(ClusterStop, AServerThatIgnoresTheSignalIsKilled) {
    setMode("chat", "stubborn");
    setType("chat", {{"stop", {{"timeout", "300ms"}}}});
    startAll();
    const Ran stopped = muster({"stop", "chat-1"});
    EXPECT_EQ(stopped.status, 0) << stopped.output;
    EXPECT_NE(stopped.output.find("killed after 0.3 s: it did not stop"), std::string::npos)
        << stopped.output;
    EXPECT_EQ(pid("chat-1"), 0);
}

TEST_F(ClusterStop, AStoppedServerStaysSoWhateverRestarts) {
    startAll();
    EXPECT_EQ(muster({"stop", "chat-1"}).status, 0);
    const Pids before = servers();
    EXPECT_EQ(before.size(), 3U);
    kill9("keep");
    kill9("node");
    kill9("start");
    Child& master = launch();
    const std::string said = master.outputUntil("3 of 3 ready", 20s);
    EXPECT_NE(said.find("3 of 3 ready"), std::string::npos) << said;
    EXPECT_NE(said.find("chat-1 stays stopped"), std::string::npos) << said;
    EXPECT_EQ(servers(), before);
    EXPECT_EQ(row("chat-1")["state"], "stopped");
    EXPECT_EQ(row("chat-1")["desired"], "stopped");
    EXPECT_EQ(muster({"start", "chat-1"}).status, 0);
    EXPECT_TRUE(areAllReady());
}

TEST_F(ClusterStop, CtrlCStopsAllInReverseOrderAndLeavesNothing) {
    Child& master = startAll();
    master.signal(SIGINT);
    EXPECT_EQ(master.wait(), 0) << master.output(1s);
    expectReverseOrder();
    EXPECT_TRUE(eventually(5s, [&] { return processes().empty(); })) << Json(processes());
}

TEST_F(ClusterStop, ACtrlCThatArrivesTwiceIsOne) {
    Child& master = startAll();
    master.signal(SIGINT);
    master.signal(SIGINT);
    EXPECT_EQ(master.wait(), 0) << master.output(1s);
    expectReverseOrder();
}

TEST_F(ClusterStop, CtrlCTwiceDoesNotWait) {
    setMode("gate", "stubborn");
    setType("gate", {{"stop", {{"timeout", "1h"}}}});
    Child& master = startAll();
    master.signal(SIGINT);
    ASSERT_TRUE(eventually(10s, [&] { return row("gate-1")["state"] == "stopping"; }));
    // Within a second it is the same Ctrl-C.
    EXPECT_TRUE(eventually(20s, [&] {
        master.signal(SIGINT);
        return !accepts(port());
    }));
    master.wait();
    EXPECT_EQ(servers().size(), 4U);
}

TEST_F(ClusterStop, CtrlCDuringTheStartLeavesNothing) {
    setMode("connector", "never");
    Child& master = launch();
    ASSERT_TRUE(eventually(20s, [&] { return countOf("connector-1 started") == 1; }));
    master.signal(SIGINT);
    EXPECT_EQ(master.wait(), 0) << master.output(1s);
    EXPECT_TRUE(eventually(5s, [&] { return processes().empty(); })) << Json(processes());
    EXPECT_EQ(countOf("gate-1 started"), 0U);
}

TEST_F(ClusterStop, SigtermEndsTheMasterAndLeavesTheServers) {
    Child& master = startAll();
    const Pids before = servers();
    master.signal(SIGTERM);
    EXPECT_EQ(master.wait(), 0) << master.output(1s);
    EXPECT_EQ(servers(), before);
    EXPECT_GT(pid("node"), 0);
    EXPECT_GT(pid("keep"), 0);
    launch();
    ASSERT_TRUE(eventually(10s, [&] { return areAllReady(); }));
    EXPECT_EQ(servers(), before);
}

TEST_F(ClusterStop, AfterCtrlCAllStartsAgain) {
    Child& first = startAll();
    first.signal(SIGINT);
    EXPECT_EQ(first.wait(), 0);
    startAll();
    EXPECT_EQ(table(), servers());
}

// On a host of its own nobody else ends them.
TEST_F(ClusterStop, AKeeperThatIsToldToEndTakesItsNodeAlongAndLeavesTheServers) {
    startAll();
    const Pids before = servers();
    sendSignal(pid("keep"), SIGTERM);
    ASSERT_TRUE(eventually(10s, [&] { return pid("keep") == 0 && pid("node") == 0; }));
    EXPECT_EQ(servers(), before);
    EXPECT_NE(log("muster-keeper.log").find("told to end"), std::string::npos);
    ASSERT_TRUE(eventually(10s, [&] { return row("chat-1").value("state", "") == "lost"; }));
}

}  // namespace muster::test
