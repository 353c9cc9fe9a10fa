#include "test/integration/cluster/cluster_fixture.hpp"

#include <csignal>
#include <fstream>

namespace muster::test {

class ClusterStart : public ClusterFixture {};

TEST_F(ClusterStart, StartsServersInTheOrderOfTheirDependencies) {
    setMode("chat", "slow");
    startAll();
    EXPECT_LT(placeOf("chat-1 ready"), placeOf("connector-1 started"));
    EXPECT_LT(placeOf("chat-2 ready"), placeOf("connector-1 started"));
    EXPECT_LT(placeOf("connector-1 ready"), placeOf("gate-1 started"));
    EXPECT_EQ(table(), servers());
    EXPECT_EQ(table().size(), 4U);
}

TEST_F(ClusterStart, SaysHowTheStartWent) {
    Child& master = startAll();
    EXPECT_NE(master.outputUntil("4 of 4 ready", 10s).find("4 of 4 ready"), std::string::npos);
}

TEST_F(ClusterStart, GivesEveryChildASessionOfItsOwn) {
    startAll();
    std::map<pid_t, std::string> sessions;
    for (const auto& [what, pid] : processes()) {
        const auto [other, isNew] = sessions.emplace(readProcStat(pid)->session, what);
        EXPECT_TRUE(isNew) << what << " is in the session of " << other->second;
    }
}

TEST_F(ClusterStart, ChangesNothingTheSecondTimeAndSaysSo) {
    startAll();
    const Pids before = processes();
    const Ran again = muster({"start"});
    EXPECT_EQ(again.status, 0) << again.output;
    EXPECT_NE(again.output.find("already running"), std::string::npos) << again.output;
    EXPECT_EQ(processes(), before);
    EXPECT_EQ(trace().size(), 8U);  // started and ready, once each
}

TEST_F(ClusterStart, StartsOnlyAType) {
    Child& master = launch({"-t", "chat"});
    ASSERT_TRUE(eventually(20s, [&] { return isReady({"chat-1", "chat-2"}); }));
    EXPECT_NE(master.outputUntil("2 of 2 ready", 10s).find("2 of 2 ready"), std::string::npos);
    EXPECT_EQ(servers().size(), 2U);
    EXPECT_EQ(row("gate-1")["state"], "stopped");
}

TEST_F(ClusterStart, StartsOnlyAnId) {
    Child& master = launch({"-i", "chat-1"});
    ASSERT_TRUE(eventually(20s, [&] { return isReady({"chat-1"}); }));
    EXPECT_NE(master.outputUntil("1 of 1 ready", 10s).find("1 of 1 ready"), std::string::npos);
    EXPECT_EQ(servers().size(), 1U);
}

TEST_F(ClusterStart, StartsWhatIsMissingAtARunningMaster) {
    launch({"-i", "chat-1"});
    ASSERT_TRUE(eventually(20s, [&] { return isReady({"chat-1"}); }));
    const Pids before = servers();
    const Ran more = muster({"start"});
    EXPECT_EQ(more.status, 0) << more.output;
    EXPECT_TRUE(areAllReady());
    Pids after = servers();
    EXPECT_EQ(after.size(), 4U);
    for (const auto& [id, pid] : before) EXPECT_EQ(after[id], pid) << id;
}

TEST_F(ClusterStart, AMasterAloneStartsServersOnRequestOnly) {
    launch({}, "master");
    ASSERT_TRUE(eventually(20s, [&] { return rows().size() == 4; }));
    EXPECT_TRUE(servers().empty());
}

TEST_F(ClusterStart, BringsUpAServerThatIgnoresItsReadinessNever) {
    setMode("chat", "never");
    setType("chat", {{"readiness", {{"kind", "monitor"}, {"timeout", "500ms"}}}});
    launch();
    EXPECT_TRUE(eventually(20s, [&] {
        Json chat = row("chat-1");
        return chat["state"] == "backoff" &&
               chat["note"].dump().find("was not ready within") != std::string::npos;
    })) << row("chat-1");
    EXPECT_EQ(countOf("connector-1 started"), 0U);
    const auto waits = row("connector-1")["note"].get<std::string>();
    EXPECT_NE(waits.find("waits for chat-"), std::string::npos) << waits;
}

TEST_F(ClusterStart, LeavesServersOfOtherHostsToTheirNodes) {
    writeConfig();
    std::ofstream(file("config/servers.json"))
        << R"({"development": {"chat": [{"id": "chat-1", "host": "192.0.2.7"}]}})";
    launch();
    ASSERT_TRUE(eventually(20s, [&] {
        return row("chat-1").value("note", "") == "waits for node node-192.0.2.7";
    })) << row("chat-1");
    EXPECT_TRUE(servers().empty());
}

TEST_F(ClusterStart, StandAloneIsAMasterAndNothingElse) {
    writeConfig();
    std::ofstream(file("config/master.json"))
        << Json{{"id", "m"}, {"host", "127.0.0.1"}, {"port", port()}, {"mode", "stand-alone"}};
    launch();
    ASSERT_TRUE(eventually(20s, [&] { return rows().size() == 4; }));
    EXPECT_EQ(processes().size(), 1U);
    EXPECT_EQ(row("chat-1")["state"], "stopped");
}

TEST_F(ClusterStart, TwoAtOnceAreOneMasterAndStartEverythingOnce) {
    Child& first = launch();
    Child& second = launch();
    ASSERT_TRUE(eventually(30s, [this] { return areAllReady(); })) << Json(rows()).dump(1);
    // One of them goes on as the master; the other ends, having asked it.
    Child* other = nullptr;
    ASSERT_TRUE(eventually(20s,
                           [&] {
                               for (Child* one : {&first, &second})
                                   if (one->outputUntil("started", 100ms).find("started") !=
                                       std::string::npos)
                                       other = one;
                               return other != nullptr;
                           }))
        << first.output(100ms) << second.output(100ms);
    EXPECT_EQ(other->wait(), 0) << other->output(1s);
    EXPECT_EQ(trace().size(), 8U);
    EXPECT_EQ(table(), servers());
}

TEST_F(ClusterStart, ShowsWhatServersUseAndSayOfThemselves) {
    setMode("chat", "busy");
    startAll();
    ASSERT_TRUE(eventually(5s, [&] { return row("chat-1").value("busy", 0) == 5; }));
    const Json shown = row("chat-1");
    EXPECT_TRUE(shown.contains("cpuPercent")) << shown;
    EXPECT_GT(shown.value("rssBytes", 0), 100'000);
    EXPECT_FALSE(shown.value("version", "").empty());
}

}  // namespace muster::test
