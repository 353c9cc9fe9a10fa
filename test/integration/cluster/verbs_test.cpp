#include "test/integration/cluster/cluster_fixture.hpp"

#include <csignal>

namespace muster::test {

class ClusterVerbs : public ClusterFixture {};

TEST_F(ClusterVerbs, RestartGivesAServerANewProcess) {
    startAll();
    const Pids before = servers();
    const Ran ran = muster({"restart", "chat-1"});
    EXPECT_EQ(ran.status, 0) << ran.output;
    const Pids after = servers();
    EXPECT_NE(after.at("chat-1"), before.at("chat-1"));
    EXPECT_EQ(after.at("chat-2"), before.at("chat-2"));
    EXPECT_EQ(after.at("gate-1"), before.at("gate-1"));
    EXPECT_TRUE(areAllReady());
    EXPECT_EQ(table(), after);
}

TEST_F(ClusterVerbs, RestartOfATypeLeavesOneAfterTheOther) {
    startAll();
    const Ran ran = muster({"restart", "-t", "chat"});
    EXPECT_EQ(ran.status, 0) << ran.output;
    EXPECT_EQ(countOf("chat-1 ready"), 2U);
    EXPECT_EQ(countOf("chat-2 ready"), 2U);
    const auto lines = trace();
    std::vector<std::string> steps;
    for (const auto& line : lines)
        if (steps.size() < lines.size() && line.starts_with("chat-")) steps.push_back(line);
    const auto last = std::vector<std::string>(steps.end() - 8, steps.end());
    EXPECT_EQ(last, (std::vector<std::string>{"chat-1 stopping", "chat-1 ended", "chat-1 started",
                                              "chat-1 ready", "chat-2 stopping", "chat-2 ended",
                                              "chat-2 started", "chat-2 ready"}));
}

TEST_F(ClusterVerbs, KillNeedsAYesAndEndsAServerAtOnce) {
    setMode("chat", "stubborn");
    startAll();
    EXPECT_EQ(muster({"kill", "chat-1"}).status, 2);
    EXPECT_GT(pid("chat-1"), 0);
    const Ran ran = muster({"kill", "chat-1", "--yes"});
    EXPECT_EQ(ran.status, 0) << ran.output;
    EXPECT_EQ(pid("chat-1"), 0);
    EXPECT_EQ(row("chat-1")["state"], "stopped");
    EXPECT_EQ(row("chat-1")["exit"]["signal"], 9);
}

TEST_F(ClusterVerbs, AddStartsANewServerThatAMasterRemembers) {
    Child& first = startAll();
    const Ran ran = muster({"add", "serverType=chat", "id=chat-3", "host=127.0.0.1"});
    EXPECT_EQ(ran.status, 0) << ran.output;
    ASSERT_TRUE(eventually(10s, [&] { return isReady({"chat-3"}); })) << Json(rows()).dump(1);
    const Pids before = servers();
    kill9("start");
    Child& master = launch();
    ASSERT_TRUE(eventually(10s, [&] { return isReady({"chat-3", "gate-1"}); }));
    // Like its likes it hears what is said to its type.
    EXPECT_EQ(first.output(100ms).find("may not subscribe"), std::string::npos);
    EXPECT_EQ(master.output(100ms).find("may not subscribe"), std::string::npos);
    EXPECT_EQ(servers(), before);
    const Ran again = muster({"add", "serverType=chat", "id=chat-3", "host=127.0.0.1"});
    EXPECT_NE(again.status, 0) << again.output;
    EXPECT_EQ(servers(), before);
}

TEST_F(ClusterVerbs, AddOfAnUnknownTypeIsRefused) {
    startAll();
    const Ran ran = muster({"add", "serverType=chet", "id=chet-1", "host=127.0.0.1"});
    EXPECT_NE(ran.status, 0);
    EXPECT_NE(ran.output.find("chet"), std::string::npos) << ran.output;
    EXPECT_FALSE(rows().contains("chet-1"));
}

TEST_F(ClusterVerbs, EventsFollowWhatHappens) {
    startAll();
    Child events({MUSTER_PROGRAM, "events", "-f", "-c", file("config"), "--timeout", "20s"});
    // Something happens again and again until it is surely heard.
    std::string said;
    ASSERT_TRUE(eventually(20s, [&] {
        muster({"restart", "gate-1"});
        said = events.outputUntil("ready", 1s);
        return said.find("ready") != std::string::npos;
    })) << said;
    EXPECT_NE(said.find("gate-1"), std::string::npos) << said;
    events.signal(SIGINT);
    EXPECT_NE(events.wait(), 0);
}

TEST_F(ClusterVerbs, AnUnknownServerHasAStatusOfItsOwn) {
    startAll();
    for (const char* verb : {"stop", "start", "restart"}) {
        const Ran ran = muster({verb, "chat-77"});
        EXPECT_EQ(ran.status, 3) << verb << ran.output;
    }
    EXPECT_EQ(table(), servers());
}

}  // namespace muster::test
