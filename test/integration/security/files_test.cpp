// Secrets in files, and listeners that anybody could reach.
#include "test/support/cluster_process.hpp"

#include <sys/stat.h>

namespace muster {
namespace {

using test::ClusterProcess;

TEST(Secrets, AreReadableByTheirOwnerOnly) {
    ClusterProcess cluster;
    ASSERT_EQ(cluster.run({"broker", "passwd"}).status, 0);  // makes them
    for (const char* name : {"admin.token", "node.token", "server.token"}) {
        struct stat status {};
        ASSERT_EQ(::stat((cluster.state() / name).c_str(), &status), 0) << name;
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
    }
}

TEST(Secrets, ThatOthersMayReadAreRefused) {
    ClusterProcess cluster;
    ASSERT_EQ(cluster.run({"broker", "passwd"}).status, 0);
    ASSERT_EQ(::chmod((cluster.state() / "admin.token").c_str(), 0640), 0);
    const auto started = cluster.run({"start"});
    EXPECT_NE(started.status, 0);
    EXPECT_NE(started.output.find("admin.token: others may read or write it"), std::string::npos)
        << started.output;
}

TEST(StateDirectory, ThatIsThereKeepsItsModeAndIsNobodyElses) {
    namespace fs = std::filesystem;
    ClusterProcess cluster;
    fs::create_directory(cluster.state());
    const auto mode = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec;
    fs::permissions(cluster.state(), mode);
    ASSERT_EQ(cluster.run({"broker", "passwd"}).status, 0);
    EXPECT_EQ(fs::status(cluster.state()).permissions(), mode);
    fs::permissions(cluster.state(), fs::perms::all);
    for (const char* verb : {"start", "master"}) {
        const auto refused = cluster.run({verb});
        EXPECT_EQ(refused.status, 1) << refused.output;
        EXPECT_NE(refused.output.find("everybody may write to the state directory"),
                  std::string::npos)
            << refused.output;
    }
}

TEST(Listeners, BeyondThisHostNeedServerTokens) {
    ClusterProcess cluster;
    cluster.configure({{"listeners", {{{"host", "0.0.0.0"}, {"port", cluster.port()}}}}});
    const auto started = cluster.run({"start"});
    EXPECT_EQ(started.status, 2) << started.output;
    EXPECT_NE(started.output.find("adminServer.json"), std::string::npos) << started.output;
    EXPECT_FALSE(test::accepts(cluster.port()));
}

}  // namespace
}  // namespace muster
