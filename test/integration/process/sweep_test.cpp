#include "test/integration/process/process_fixture.hpp"
#include "test/support/send_signal.hpp"

#include <algorithm>

namespace muster::test {

/// Servers that leave three processes behind: in their group, in a session of its own, and an
/// orphan. The witness reads /proc itself.
class KeeperSweep : public ProcessTest {
protected:
    keeper::ChildState startLitterer() {
        auto child = spawn(request("one", {"litter"}));
        EXPECT_TRUE(child) << child.error().detail();
        if (!child) return {};
        EXPECT_TRUE(hasLittered("one"));
        EXPECT_EQ(findByNonce(child->nonce).size(), 4U);
        return *child;
    }
};

TEST_F(KeeperSweep, TellsTheEndOfAStoppedServerWhenNothingIsLeftOfIt) {
    startKeeper();
    attach();
    const auto child = startLitterer();
    ASSERT_TRUE(signal(child, SIGTERM));
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_TRUE(findByNonce(child.nonce).empty());
    EXPECT_EQ(exit->signal, SIGTERM);
    EXPECT_EQ(exit->remnants, 3);
    EXPECT_EQ(exit->remaining, 0);
}

TEST_F(KeeperSweep, TellsTheEndOfACrashedServerWhenNothingIsLeftOfIt) {
    startKeeper();
    attach();
    const auto child = startLitterer();
    sendSignal(child.pid, SIGKILL);  // itself alone
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_TRUE(findByNonce(child.nonce).empty());
    EXPECT_EQ(exit->remnants, 3);
}

TEST_F(KeeperSweep, TellsTheEndOfAnAdoptedServerWhenNothingIsLeftOfIt) {
    startKeeper();
    attach();
    const auto child = startLitterer();
    link_.reset();
    killKeeper();
    startKeeper();
    attach();
    ASSERT_EQ(attached_.size(), 1U);
    sendSignal(child.pid, SIGKILL);
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_TRUE(findByNonce(child.nonce).empty());
    EXPECT_FALSE(exit->isKnown);
    EXPECT_EQ(exit->remnants, 3);
}

TEST_F(KeeperSweep, KillsWhatAServerLeftThatEndedWhileNoKeeperWasThere) {
    startKeeper();
    attach();
    const auto child = startLitterer();
    link_.reset();
    killKeeper();
    sendSignal(child.pid, SIGKILL);
    ASSERT_TRUE(eventually(std::chrono::seconds(10), [&] { return isGone(child.pid); }));
    EXPECT_EQ(findByNonce(child.nonce).size(), 3U);
    startKeeper();
    attach();
    ASSERT_EQ(attached_.size(), 1U);
    const auto exit = attached_.front().exit ? attached_.front().exit : waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_TRUE(findByNonce(child.nonce).empty());
    EXPECT_EQ(exit->remnants, 3);
}

TEST_F(KeeperSweep, FindsNothingLeftOfAServerThatLeavesNothing) {
    startKeeper();
    attach();
    const auto child = spawn(request("one", {"sleep"}));
    ASSERT_TRUE(child);
    const auto other = spawn(request("two", {"litter"}));
    ASSERT_TRUE(other);
    ASSERT_TRUE(hasLittered("two"));
    ASSERT_TRUE(signal(*child, SIGTERM));
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->remnants, 0);
    EXPECT_EQ(findByNonce(other->nonce).size(), 4U);  // another server's are its own
}

TEST_F(KeeperSweep, DoesNotTakeTheNodesChildrenForRemnants) {
    startKeeper({CHILD_PROGRAM, "fork"});
    ASSERT_TRUE(eventually(std::chrono::seconds(10),
                           [&] { return recordedPid("muster-node").has_value(); }));
    const pid_t node = *recordedPid("muster-node");
    const auto nonce = environmentValue(node, "MUSTER_NONCE");
    ASSERT_TRUE(nonce);
    nonces_.push_back(*nonce);
    ASSERT_TRUE(eventually(std::chrono::seconds(10), [&] {
        const auto all = findByNonce(*nonce);
        return all.size() == 2 && std::all_of(all.begin(), all.end(), [](const auto& process) {
                   const auto stat = readProcStat(process.pid);  // its child has left its session
                   return stat && stat->session == process.pid;
               });
    }));
    sendSignal(node, SIGKILL);
    EXPECT_TRUE(eventually(std::chrono::seconds(10), [&] {
        const auto now = recordedPid("muster-node");
        return now && *now != node;
    }));
    EXPECT_EQ(findByNonce(*nonce).size(), 1U);
    // The new one forks as well: what it starts is to end with the test.
    const auto next = environmentValue(recordedPid("muster-node").value_or(0), "MUSTER_NONCE");
    ASSERT_TRUE(next);
    nonces_.push_back(*next);
    EXPECT_TRUE(eventually(std::chrono::seconds(10),
                           [&] { return findByNonce(nonces_.back()).size() == 2; }));
}

}  // namespace muster::test
