#include "test/integration/cluster/cluster_fixture.hpp"

#include <csignal>
#include <fstream>

namespace muster::test {

class ClusterDrain : public ClusterFixture {
protected:
    ClusterDrain() { setMode("chat", "visited"); }
    void leave() const { std::ofstream(file("trace.leave")) << "now\n"; }
    bool isSignalled(const std::string& id) const { return countOf(id + " stopping") > 0; }
};

TEST_F(ClusterDrain, StopsAServerOnceItIsEmptyAndNotBefore) {
    startAll();
    Child drain({MUSTER_PROGRAM, "drain", "chat-1", "--deadline", "1m", "-c", file("config")});
    ASSERT_TRUE(eventually(10s, [&] { return row("chat-1")["state"] == "draining"; }))
        << row("chat-1");
    EXPECT_EQ(row("chat-1")["cordoned"], true);
    EXPECT_EQ(row("chat-1")["busy"], 1);
    EXPECT_EQ(countOf("chat-1 drained"), 1U);
    EXPECT_FALSE(isSignalled("chat-1"));
    leave();
    const std::string output = drain.output(30s);
    EXPECT_EQ(drain.wait(), 0) << output;
    EXPECT_LT(placeOf("chat-1 empty"), placeOf("chat-1 stopping"));
    EXPECT_EQ(row("chat-1")["state"], "stopped");
    EXPECT_FALSE(row("chat-1").contains("cordoned"));
    EXPECT_FALSE(isSignalled("chat-2"));
}

TEST_F(ClusterDrain, GivesUpAtTheDeadlineAndLeavesItCordoned) {
    startAll();
    const Ran ran = muster({"drain", "chat-1", "--deadline", "1s"});
    EXPECT_EQ(ran.status, 5) << ran.output;
    EXPECT_NE(ran.output.find("1 sessions at the deadline"), std::string::npos) << ran.output;
    EXPECT_FALSE(isSignalled("chat-1"));
    EXPECT_EQ(row("chat-1")["cordoned"], true);
    EXPECT_EQ(muster({"uncordon", "chat-1"}).status, 0);
    ASSERT_TRUE(eventually(10s, [&] { return isReady({"chat-1"}); })) << row("chat-1");
    EXPECT_EQ(countOf("chat-1 undrained"), 1U);
    const Ran forced = muster({"drain", "chat-1", "--deadline", "1s", "--force"});
    EXPECT_EQ(forced.status, 0) << forced.output;
    EXPECT_TRUE(isSignalled("chat-1"));
}

TEST_F(ClusterDrain, OfARollingRestartTakesOneAfterTheOther) {
    startAll();
    const Pids before = servers();
    Child restart({MUSTER_PROGRAM, "restart", "-t", "chat", "--rolling", "--drain", "1m", "-c",
                   file("config")});
    ASSERT_TRUE(eventually(10s, [&] { return countOf("chat-1 drained") == 1; }));
    EXPECT_EQ(countOf("chat-2 drained"), 0U);
    EXPECT_EQ(table(), before);
    leave();
    const std::string output = restart.output(60s);
    EXPECT_EQ(restart.wait(), 0) << output;
    EXPECT_LT(placeOf("chat-1 empty"), placeOf("chat-1 stopping"));
    EXPECT_LT(placeOf("chat-2 empty"), placeOf("chat-2 stopping"));
    EXPECT_LT(placeOf("chat-1 stopping"), placeOf("chat-2 drained"));
    EXPECT_TRUE(eventually(10s, [&] { return areAllReady(); })) << Json(rows()).dump(1);
}

TEST_F(ClusterDrain, ACordonOutlivesTheMasterAndTheServersProcess) {
    startAll();
    EXPECT_EQ(muster({"cordon", "-t", "chat"}).status, 0);
    ASSERT_TRUE(eventually(10s, [&] { return row("chat-2")["state"] == "draining"; }));
    kill9("start");
    launch();
    ASSERT_TRUE(eventually(15s, [&] { return isReady({"gate-1"}); }));
    EXPECT_EQ(row("chat-1")["cordoned"], true);
    kill9("chat-1");
    ASSERT_TRUE(eventually(15s, [&] {
        return countOf("chat-1 started") == 2 && row("chat-1")["state"] == "draining";
    })) << row("chat-1");
    const Ran start = muster({"start"});
    EXPECT_EQ(start.status, 0) << start.output;  // it waits for no cordoned server
    const Ran again = muster({"cordon", "chat-1"});
    EXPECT_NE(again.output.find("already cordoned"), std::string::npos) << again.output;
}

}  // namespace muster::test
