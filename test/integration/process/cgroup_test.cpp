#include "keeper/cgroup.hpp"

#include "modules/supervisor/server_status.hpp"
#include "test/integration/process/process_fixture.hpp"

#include <cstdlib>
#include <filesystem>

#include <unistd.h>

namespace muster::test {

/// A keeper whose servers have cgroups, below the root of every hierarchy. Skipped where this user
/// may make none.
class KeeperWithCgroups : public ProcessTest {
protected:
    KeeperWithCgroups() { ::setenv("MUSTER_CGROUP", "/", 1); }
    ~KeeperWithCgroups() override {
        ::setenv("MUSTER_CGROUP", "off", 1);
        link_.reset();
        killKeeper();
        for (const auto& nonce : nonces_)
            for (const auto& process : findByNonce(nonce)) (void)signalProcess(process, SIGKILL);
        for (const std::string& directory : made_) {
            eventually(std::chrono::seconds(5),
                       [&] { return ::rmdir(directory.c_str()) == 0 || errno == ENOENT; });
            ::rmdir(std::filesystem::path(directory).parent_path().c_str());
        }
    }
    void SetUp() override {
        keeper::CgroupTree tree(state(), "/");
        const auto probe = tree.make("probe", "nonce-nonce", {});
        const bool isThere = !probe.unified.empty();
        (void)tree.remove(probe);
        tree.removeRoots();
        if (!isThere) GTEST_SKIP() << "no cgroup here: " << probe.text();
        startKeeper();
        attach();
    }
    /// Starts it; its directories are removed at the end.
    keeper::ChildState start(keeper::SpawnRequest request) {
        auto child = spawn(std::move(request));
        EXPECT_TRUE(child) << child.error().detail();
        if (!child) return {};
        keeper::CgroupTree tree(state(), "/");
        for (auto& directory : tree.adopt(child->id, child->nonce, {}).directories())
            made_.push_back(directory);
        return *child;
    }
    bool isOffered(const std::string& controller) const {
        return std::any_of(made_.begin(), made_.end(), [&](const auto& directory) {
            return std::filesystem::exists(directory + "/" + controller);
        });
    }
    std::vector<std::string> made_;
};

TEST_F(KeeperWithCgroups, PutsAServerIntoACgroupOfItsOwn) {
    const auto child = start(request("one", {"sleep"}));
    ASSERT_FALSE(made_.empty());
    EXPECT_EQ(child.cgroup, made_.front());
    std::ifstream file("/proc/" + std::to_string(child.pid) + "/cgroup");
    const std::string cgroups{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(cgroups.find("/one." + child.nonce.substr(0, 12) + "\n"), std::string::npos);
}

TEST_F(KeeperWithCgroups, KillsWhatAServerLeftInWhateverSessionAndRemovesTheCgroup) {
    const auto child = start(request("one", {"litter"}));
    ASSERT_TRUE(hasLittered("one"));
    sendSignal(child.pid, SIGKILL);  // itself alone
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_TRUE(findByNonce(child.nonce).empty());
    EXPECT_EQ(exit->remnants, 3);
    EXPECT_TRUE(eventually(std::chrono::seconds(5),
                           [&] { return !std::filesystem::exists(made_.front()); }));
}

TEST_F(KeeperWithCgroups, SaysThatAServerRanOutOfMemory) {
    auto hungry = request("one", {"eat", "100"});
    hungry.settings.memoryMax = 32 << 20;
    start(std::move(hungry));
    if (!isOffered("memory.max") && !isOffered("memory.limit_in_bytes"))
        GTEST_SKIP() << "no memory controller here";
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->signal, SIGKILL);
    EXPECT_TRUE(exit->isOutOfMemory);
    EXPECT_EQ(exit->memoryLimit, 32 << 20);
    EXPECT_EQ(supervisor::describe(*exit).find("out of memory (limit 32 MiB)"), 0U);
}

TEST_F(KeeperWithCgroups, DoesNotSayItOfAServerThatWasKilled) {
    auto settled = request("one", {"sleep"});
    settled.settings.memoryMax = 256 << 20;
    const auto child = start(std::move(settled));
    ASSERT_TRUE(signal(child, SIGKILL));
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_FALSE(exit->isOutOfMemory);
}

TEST_F(KeeperWithCgroups, WritesTheLimitsIntoTheFilesOfTheirControllers) {
    auto bounded = request("one", {"sleep"});
    bounded.settings.cpuMax = 150;
    bounded.settings.pidsMax = 17;
    start(std::move(bounded));
    if (!isOffered("pids.max")) GTEST_SKIP() << "no pids controller here";
    for (const auto& directory : made_) {
        std::string pids = "17", quota = "150000";
        std::ifstream(directory + "/pids.max") >> pids;
        std::ifstream(directory + "/cpu.max") >> quota;
        std::ifstream(directory + "/cpu.cfs_quota_us") >> quota;
        EXPECT_EQ(pids, "17") << directory;
        EXPECT_EQ(quota, "150000") << directory;
    }
}

TEST_F(KeeperWithCgroups, FindsACgroupAgainThatAKilledKeeperMade) {
    const auto child = start(request("one", {"fork"}));
    ASSERT_TRUE(
        eventually(std::chrono::seconds(10), [&] { return findByNonce(child.nonce).size() == 2; }));
    link_.reset();
    killKeeper();
    startKeeper();
    attach();
    ASSERT_EQ(attached_.size(), 1U);
    EXPECT_EQ(attached_.front().cgroup, made_.front());
    sendSignal(child.pid, SIGKILL);
    ASSERT_TRUE(waitForExit("one"));
    EXPECT_TRUE(
        eventually(std::chrono::seconds(5), [&] { return findByNonce(child.nonce).empty(); }));
    EXPECT_TRUE(eventually(std::chrono::seconds(5),
                           [&] { return !std::filesystem::exists(made_.front()); }));
}

}  // namespace muster::test
