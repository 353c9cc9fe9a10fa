#include "test/support/temp_dir.hpp"
#include "test/unit/cli/fake_admin.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::test {
namespace {

using testing::HasSubstr;

TEST(Start, AsksARunningMaster) {
    Shell shell;
    shell.master.answers("start", results({{"a", "already"}, {"b", "already"}}));
    EXPECT_EQ(shell.run({"start"}), 0);
    EXPECT_TRUE(shell.started.empty());
    EXPECT_THAT(shell.err, HasSubstr("0 started, 2 already running"));
}

TEST(Start, RunsAMasterIfNoneAnswers) {
    TempDir dir;
    dir.write("config/master.json",
              R"({"development":{"id":"m1","host":"127.0.0.1","port":3105}})");
    dir.write("config/servers.json", R"({"development":{}})");
    Shell shell;
    shell.master.refuses(Error(Errc::Closed, "refused"));
    EXPECT_EQ(shell.run({"start", "-c", dir.str(), "-t", "chat", "-i", "a", "--timeout", "5s"}), 0);
    ASSERT_EQ(shell.started.size(), 1U) << shell.err;
    EXPECT_EQ(shell.started[0].config, dir.str());
    EXPECT_EQ(shell.started[0].type, "chat");
    EXPECT_EQ(shell.started[0].ids, std::vector<std::string>{"a"});
    EXPECT_EQ(shell.started[0].timeout, std::chrono::seconds(5));
}

TEST(Start, AsksTheMasterThatWasFaster) {
    TempDir dir;
    dir.write("config/master.json",
              R"({"development":{"id":"m1","host":"127.0.0.1","port":3105}})");
    Shell shell;
    shell.master.refuses(Error(Errc::Closed, "refused"));
    shell.isFaster = [&] { shell.master.listens(); };
    shell.master.answers("list", Error(Errc::Closed, "not yet"));
    shell.master.answers("list", serverList({serverRow("a", "chat", "ready")}));
    shell.master.answers("start", results({{"a", "already"}}));
    EXPECT_EQ(shell.run({"start", "-c", dir.str()}), 0) << shell.err;
    EXPECT_EQ(shell.started.size(), 1U);
    EXPECT_THAT(shell.err, HasSubstr("0 started, 1 already running"));
}

TEST(Start, IsRefusedIfTheMasterThatWasFasterNeverAnswers) {
    TempDir dir;
    dir.write("config/master.json",
              R"({"development":{"id":"m1","host":"127.0.0.1","port":3105}})");
    Shell shell;
    shell.master.refuses(Error(Errc::Closed, "refused"));
    shell.isFaster = [] {};
    EXPECT_EQ(shell.run({"start", "-c", dir.str()}), 8);
    EXPECT_EQ(shell.started.size(), 1U);
}

TEST(Start, RunsNoMasterInADryRun) {
    TempDir dir;
    dir.write("config/master.json",
              R"({"development":{"id":"m1","host":"127.0.0.1","port":3105}})");
    Shell shell;
    shell.master.refuses(Error(Errc::Closed, "refused"));
    EXPECT_EQ(shell.run({"start", "-c", dir.str(), "-t", "chat", "--dry-run"}), 0);
    EXPECT_TRUE(shell.started.empty());
    EXPECT_THAT(shell.out, HasSubstr("\"type\": \"chat\""));
}

TEST(Start, NeverRunsAMasterWhereAFrozenOneIs) {
    TempDir dir;
    dir.write("config/master.json",
              R"({"development":{"id":"m1","host":"127.0.0.1","port":3105}})");
    Shell shell;
    shell.master.refuses(Error(Errc::Timeout, "it says nothing"));
    EXPECT_EQ(shell.run({"start", "-c", dir.str()}), 7);
    EXPECT_TRUE(shell.started.empty());
    EXPECT_THAT(shell.err, HasSubstr("is it frozen"));
}

TEST(Start, SaysThatAnotherClusterMayHaveThePort) {
    TempDir dir;
    dir.write("config/master.json",
              R"({"development":{"id":"m1","host":"127.0.0.1","port":3105}})");
    Shell shell;
    shell.master.refuses(Error(Errc::Denied, "cluster 'default' is closed to anonymous"));
    EXPECT_EQ(shell.run({"start", "-c", dir.str()}), 6);
    EXPECT_TRUE(shell.started.empty());
    EXPECT_THAT(shell.err, HasSubstr("if another cluster has this port, change it"));
    dir.write(".muster/admin.token", "secret");
    EXPECT_EQ(shell.run({"ls", "-c", dir.str()}), 6);
    EXPECT_THAT(shell.err, HasSubstr("does the master of another cluster have this port?"));
}

TEST(Start, NeverRunsAMasterInPlaceOfARemoteOne) {
    Shell shell;
    shell.master.refuses(Error(Errc::Closed, "refused"));
    EXPECT_EQ(shell.run({"start", "-h", "far.example"}), 7);
    EXPECT_TRUE(shell.started.empty());
}

}  // namespace
}  // namespace muster::test
