#include "modules/supervisor/server_spec.hpp"
#include "test/integration/process/process_fixture.hpp"
#include "test/support/send_signal.hpp"

namespace muster::test {

/// Keeper, node and server as real processes; no master.
class Node : public ProcessTest {
protected:
    void startNode(const std::string& mode,
                   config::OnUnresponsive policy = config::OnUnresponsive::Report) {
        supervisor::ServerSpec spec;
        spec.id = "one";
        spec.type = "test";
        spec.argv = {CHILD_PROGRAM, mode};
        spec.onUnresponsive = policy;
        spec.stop.timeout = std::chrono::milliseconds(300);
        if (mode == "ready" || mode == "watched")
            spec.readiness.kind = config::Readiness::Kind::Monitor;
        startKeeper({NODE_PROGRAM, state(), directory_.write("spec.json", encode(spec))});
        ASSERT_TRUE(
            eventually(std::chrono::seconds(20), [&] { return recordedPid("one").has_value(); }));
        rememberNonce();
    }
    void rememberNonce() {
        if (const auto nonce = environmentValue(*recordedPid("one"), "MUSTER_NONCE"))
            nonces_.push_back(*nonce);
    }
    bool hasRecord(const std::string& text) const {
        std::ifstream file(state() + "/node/one.json");
        const std::string record{std::istreambuf_iterator<char>(file), {}};
        return record.find(text) != std::string::npos;
    }
    pid_t newPid(const std::string& id, pid_t old) const {
        pid_t pid = 0;
        eventually(std::chrono::seconds(10), [&] {
            pid = recordedPid(id).value_or(old);
            return pid != old;
        });
        return pid;
    }
};

TEST_F(Node, StartsAKilledServerAgainWithinASecond) {
    startNode("sleep");
    const pid_t first = *recordedPid("one");
    const auto killed = std::chrono::steady_clock::now();
    sendSignal(first, SIGKILL);
    const pid_t second = newPid("one", first);
    EXPECT_LT(std::chrono::steady_clock::now() - killed, std::chrono::seconds(1));
    EXPECT_NE(second, first);
    rememberNonce();
}

TEST_F(Node, StartsNothingBesideWhatACrashedServerLeft) {
    startNode("litter");
    const pid_t first = *recordedPid("one");
    const std::string nonce = nonces_.front();
    ASSERT_TRUE(hasLittered("one"));
    sendSignal(first, SIGKILL);
    EXPECT_NE(newPid("one", first), first);
    EXPECT_TRUE(findByNonce(nonce).empty());
    rememberNonce();
    // What forks while the test ends would outlive it.
    EXPECT_TRUE(eventually(std::chrono::seconds(10),
                           [&] { return findByNonce(nonces_.back()).size() == 4; }));
}

TEST_F(Node, HearsThatAServerIsReady) {
    startNode("ready");
    EXPECT_TRUE(eventually(std::chrono::seconds(10), [&] { return hasRecord("\"ready\":true"); }));
}

TEST_F(Node, FindsTheSameServerAfterItWasKilledItself) {
    startNode("ready");
    ASSERT_TRUE(eventually(std::chrono::seconds(10), [&] { return hasRecord("\"ready\":true"); }));
    const pid_t server = *recordedPid("one");
    const pid_t node = *recordedPid("muster-node");
    sendSignal(node, SIGKILL);
    EXPECT_NE(newPid("muster-node", node), node);
    // The new node supervises the old server: a kill is followed by a restart.
    EXPECT_EQ(recordedPid("one"), server);
    EXPECT_EQ(findByNonce(nonces_.front()).size(), 1U);
    sendSignal(server, SIGKILL);
    EXPECT_NE(newPid("one", server), server);
    rememberNonce();
}

// Nobody saw it freeze: its silence alone tells.
TEST_F(Node, SeesThatAServerFrozeWhileItWasAway) {
    startNode("watched");
    ASSERT_TRUE(eventually(std::chrono::seconds(10), [&] { return hasRecord("\"ready\":true"); }));
    const pid_t server = *recordedPid("one");
    const pid_t node = *recordedPid("muster-node");
    sendSignal(node, SIGSTOP);
    sendSignal(server, SIGSTOP);
    sendSignal(node, SIGKILL);
    EXPECT_NE(newPid("muster-node", node), node);
    EXPECT_TRUE(eventually(std::chrono::seconds(15),
                           [&] { return hasRecord("\"state\":\"unresponsive\""); }));
    EXPECT_EQ(recordedPid("one"), server);
    sendSignal(server, SIGCONT);
    EXPECT_TRUE(
        eventually(std::chrono::seconds(5), [&] { return hasRecord("\"state\":\"ready\""); }));
}

TEST_F(Node, RestartsAFrozenServerWhereItIsToldTo) {
    startNode("watched", config::OnUnresponsive::Restart);
    ASSERT_TRUE(eventually(std::chrono::seconds(10), [&] { return hasRecord("\"ready\":true"); }));
    const pid_t server = *recordedPid("one");
    sendSignal(server, SIGSTOP);
    EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] { return isGone(server); }));
    EXPECT_NE(newPid("one", server), server);
    rememberNonce();
    EXPECT_TRUE(
        eventually(std::chrono::seconds(5), [&] { return hasRecord("\"state\":\"ready\""); }));
}

TEST_F(Node, HearsAgainWhatWasSaidWhileItWasAway) {
    startNode("watched");
    ASSERT_TRUE(eventually(std::chrono::seconds(10), [&] { return hasRecord("\"ready\":true"); }));
    const pid_t node = *recordedPid("muster-node");
    sendSignal(node, SIGSTOP);  // it will not see the next life become ready
    const pid_t server = *recordedPid("one");
    sendSignal(server, SIGKILL);
    ASSERT_TRUE(eventually(std::chrono::seconds(5), [&] { return isGone(server); }));
    sendSignal(node, SIGKILL);
    EXPECT_NE(newPid("muster-node", node), node);
    EXPECT_NE(newPid("one", server), server);
    rememberNonce();
    EXPECT_TRUE(
        eventually(std::chrono::seconds(5), [&] { return hasRecord("\"state\":\"ready\""); }));
}

TEST_F(Node, SupervisesOnAfterTheKeeperWasKilled) {
    startNode("sleep");
    const pid_t server = *recordedPid("one");
    const pid_t node = *recordedPid("muster-node");
    killKeeper();
    EXPECT_TRUE(readProcStat(server));
    startKeeper({NODE_PROGRAM, state(), "unused"});
    EXPECT_EQ(recordedPid("one"), server);
    EXPECT_EQ(recordedPid("muster-node"), node);
    sendSignal(server, SIGKILL);
    EXPECT_NE(newPid("one", server), server);
    rememberNonce();
}

}  // namespace muster::test
