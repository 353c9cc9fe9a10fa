#include "test/integration/cluster/cluster_fixture.hpp"

#include <algorithm>

namespace muster::test {

class ClusterRolling : public ClusterFixture {
protected:
    /// Most servers of `prefix` that were between "started" and "ready" at one time.
    int mostStarting(const std::string& prefix) const {
        int now = 0;
        int most = 0;
        for (const auto& line : trace()) {
            if (!line.starts_with(prefix)) continue;
            if (line.ends_with(" started")) most = std::max(most, ++now);
            if (line.ends_with(" ready")) --now;
        }
        return most;
    }
    /// The master takes what stands in its files now; servers go on.
    void restartMaster() {
        kill9("start");
        launch();
        ASSERT_TRUE(eventually(15s, [&] { return areAllReady(); })) << Json(rows()).dump(1);
    }
};

TEST_F(ClusterRolling, StartsNoMoreAtATimeThanItMay) {
    setMode("chat", "slow");
    setMaster({{"start", {{"hostWidth", 1}}}});
    startAll();
    EXPECT_EQ(mostStarting("chat-"), 1);
}

TEST_F(ClusterRolling, RestartsOnlyWhatChangedAndAllOfItAtTheWidth) {
    startAll();
    const Pids before = servers();
    setType("chat", {{"command", {{"argv", {SERVER_PROGRAM, "slow", file("trace")}}}}});
    setType("gate", {{"stop", {{"timeout", "3s"}}}});  // no reason to restart it
    writeConfig();
    restartMaster();
    EXPECT_EQ(servers(), before);
    EXPECT_EQ(row("chat-1")["outdated"], true) << row("chat-1");
    EXPECT_FALSE(row("gate-1").contains("outdated"));
    const Ran ran = muster({"restart", "all", "--rolling", "2", "--only-changed"});
    EXPECT_EQ(ran.status, 0) << ran.output;
    EXPECT_NE(ran.output.find("2 restarted, 2 unchanged"), std::string::npos) << ran.output;
    const Pids after = servers();
    EXPECT_NE(after.at("chat-1"), before.at("chat-1"));
    EXPECT_NE(after.at("chat-2"), before.at("chat-2"));
    EXPECT_EQ(after.at("gate-1"), before.at("gate-1"));
    EXPECT_EQ(after.at("connector-1"), before.at("connector-1"));
    EXPECT_EQ(mostStarting("chat-"), 2);
    EXPECT_FALSE(row("chat-1").contains("outdated"));
    const Ran again = muster({"restart", "all", "--rolling", "--only-changed"});
    EXPECT_EQ(again.status, 0) << again.output;
    EXPECT_EQ(servers(), after);
}

TEST_F(ClusterRolling, StopsAtTheFirstThatDoesNotGetReady) {
    startAll();
    const Pids before = servers();
    setType("chat", {{"command", {{"argv", {SERVER_PROGRAM, "crash", file("trace")}}}}});
    writeConfig();
    restartMaster();
    const Ran ran = muster({"restart", "-t", "chat", "--rolling"});
    EXPECT_EQ(ran.status, 1) << ran.output;  // none of them got there
    EXPECT_NE(ran.output.find("not restarted: chat-1 did not get ready"), std::string::npos)
        << ran.output;
    EXPECT_EQ(servers().at("chat-2"), before.at("chat-2"));
    EXPECT_TRUE(isReady({"chat-2"}));
}

}  // namespace muster::test
