// Where a command line looks for its master, and as whom.
#include "test/support/temp_dir.hpp"
#include "test/unit/cli/fake_admin.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::test {
namespace {

using testing::HasSubstr;

TEST(Endpoint, ComesFromTheConfigurationWithItsAdminToken) {
    TempDir dir;
    dir.write("config/master.json",
              R"({"development":{"id":"m1","host":"127.0.0.1","port":3105}})");
    dir.write("config/servers.json", R"({"development":{}})");
    dir.write("config/muster.json", R"({"configVersion":1,"cluster":"game","stateDirectory":")" +
                                        dir.str() + R"(/state"})");
    dir.write("state/admin.token", "secret\n");
    Shell shell;
    shell.master.answers("list", serverList({}));
    ASSERT_EQ(shell.run({"ls", "-c", dir.str()}), 0) << shell.err;
    EXPECT_EQ(shell.master.endpoint().url, "mqtt://127.0.0.1:3105");
    EXPECT_EQ(shell.master.endpoint().cluster, "game");
    EXPECT_EQ(shell.master.endpoint().username, "admin");
    EXPECT_EQ(shell.master.endpoint().password, "secret");
}

TEST(Endpoint, ComesFromFlagsBeforeTheEnvironment) {
    Shell shell;
    shell.master.answers("list", serverList({}));
    shell.environment["MUSTER_URL"] = "mqtts://env.example:8883";
    shell.run({"ls"});
    EXPECT_EQ(shell.master.endpoint().url, "mqtts://env.example:8883");
    shell.run({"-h", "::1", "-P", "4000", "ls", "-u", "ann", "-p", "pw", "--cluster", "c2"});
    EXPECT_EQ(shell.master.endpoint().url, "mqtt://[::1]:4000");
    EXPECT_EQ(shell.master.endpoint().username, "ann");
    EXPECT_EQ(shell.master.endpoint().password, "pw");
    EXPECT_EQ(shell.master.endpoint().cluster, "c2");
}

TEST(Endpoint, ThatIsNoneIsAMistakeOfTheCommandLine) {
    const std::vector<std::vector<std::string>> lines = {
        {"ls", "--url", "http://x:1"},     {"ls", "--url", "mqtt://x"},
        {"ls", "--url", "mqtt://x:99999"}, {"ls", "--url", "mqtt://u:p@x:1"},
        {"ls", "--cluster", "a/b"},        {"ls", "--cluster", "+"},
        {"ls", "--ca", "/nonexistent/ca"}, {"ls", "--key", "/nonexistent/key"}};
    for (const auto& line : lines) {
        Shell shell;
        shell.master.answers("list", serverList({}));
        EXPECT_EQ(shell.run(line), 2) << line.back();
        EXPECT_THAT(shell.err, HasSubstr(line.back()));
    }
}

TEST(Endpoint, IsFoundInAFolderOfAnEnvironmentToo) {
    TempDir dir;
    dir.write("config/production/master.json", R"({"id":"m1","host":"127.0.0.1","port":3105})");
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(dir.path());
    Shell shell;
    shell.master.answers("list", serverList({}));
    EXPECT_EQ(shell.run({"ls", "-e", "production"}), 0) << shell.err;
    std::filesystem::current_path(before);
    EXPECT_EQ(shell.master.endpoint().url, "mqtt://127.0.0.1:3105");
}

TEST(Endpoint, AsksForAPasswordThatWasNotGiven) {
    Shell shell;
    shell.master.answers("list", serverList({}));
    EXPECT_EQ(shell.run({"ls", "-u", "ann"}), 2);
    shell.typed = "typed";
    EXPECT_EQ(shell.run({"ls", "-u", "ann"}), 0);
    EXPECT_EQ(shell.master.endpoint().password, "typed");
}

TEST(Endpoint, ComesFromTheConfigurationThatTheEnvironmentNames) {
    TempDir named, given;
    named.write("config/master.json", R"({"id":"m1","host":"127.0.0.1","port":3105})");
    given.write("config/master.json", R"({"id":"m1","host":"127.0.0.1","port":3106})");
    Shell shell;
    shell.master.answers("list", serverList({}));
    shell.environment["MUSTER_CONFIG"] = named.str();
    EXPECT_EQ(shell.run({"ls"}), 0) << shell.err;
    EXPECT_EQ(shell.master.endpoint().url, "mqtt://127.0.0.1:3105");
    EXPECT_EQ(shell.run({"ls", "-c", given.str()}), 0) << shell.err;
    EXPECT_EQ(shell.master.endpoint().url, "mqtt://127.0.0.1:3106") << "a flag goes before";
    shell.environment["MUSTER_CONFIG"] = named.str() + "/nosuch";
    EXPECT_EQ(shell.run({"ls"}), 2);
    EXPECT_THAT(shell.err, HasSubstr(named.str() + "/nosuch does not load"));
}

}  // namespace
}  // namespace muster::test
