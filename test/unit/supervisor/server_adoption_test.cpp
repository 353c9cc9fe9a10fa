#include "test/unit/supervisor/server_scenario.hpp"

namespace muster::supervisor {

using namespace std::chrono_literals;
using test::Scenario;
using State = ServerState;

/// A server that was ready and spoke, and then its node was killed and is back.
class Adopted : public testing::Test {
protected:
    void adopt() {
        server.start();
        server.heartbeat();
        server.ready();
        server.nodeDies();
        server.attach();
    }
    Scenario server;
};

TEST_F(Adopted, IsUnresponsiveWithinTwoHeartbeatsIfItFrozeWhileNobodyWatched) {
    adopt();
    EXPECT_EQ(server.state(), State::Ready);
    server.advance(kWatchdogTime);
    EXPECT_EQ(server.state(), State::Unresponsive);
    EXPECT_EQ(server.events.back(), "unresponsive");
}

TEST_F(Adopted, StaysReadyAsLongAsItSpeaks) {
    adopt();
    for (int beat = 0; beat < 100; ++beat) {
        server.advance(kWatchdogTime / 2);
        server.heartbeat();
        ASSERT_EQ(server.state(), State::Ready);
    }
    EXPECT_EQ(server.spawns, 1);
}

TEST_F(Adopted, IsNotWatchedIfItNeverSpoke) {
    server.start();
    server.ready();
    server.nodeDies();
    server.attach();
    server.advance(24h);
    EXPECT_EQ(server.state(), State::Ready);
    EXPECT_EQ(server.spawns, 1);
}

TEST_F(Adopted, IsWatchedAfterTheKeeperWasLostToo) {
    server.start();
    server.heartbeat();
    server.ready();
    server.process.keeperLost();
    server.advance(kWatchdogTime + 1s);
    EXPECT_EQ(server.state(), State::Adopting);
    server.attach();
    EXPECT_EQ(server.state(), State::Ready);
    server.advance(kWatchdogTime);
    EXPECT_EQ(server.state(), State::Unresponsive);
}

TEST_F(Adopted, IsStillUnresponsiveOrDrainingIfItWas) {
    for (const State before : {State::Unresponsive, State::Draining}) {
        Scenario other;
        other.start();
        other.heartbeat();
        other.ready();
        if (before == State::Unresponsive)
            other.advance(kWatchdogTime);
        else
            other.process.drainingSeen(true, other.now);
        ASSERT_EQ(other.state(), before);
        other.nodeDies();
        other.attach();
        EXPECT_EQ(other.state(), before);
        other.advance(24h);
        EXPECT_EQ(other.state(), State::Unresponsive);
        EXPECT_EQ(other.spawns, 1) << "a readiness limit is no reason to restart it";
    }
}

TEST_F(Adopted, AnswersAgainAsWhatItWas) {
    server.start();
    server.heartbeat();
    server.ready();
    server.process.drainingSeen(true, server.now);
    server.advance(kWatchdogTime);
    ASSERT_EQ(server.state(), State::Unresponsive);
    server.heartbeat();
    EXPECT_EQ(server.state(), State::Draining);
}

TEST_F(Adopted, KeepsWhatItSaidWhileItsProcessWasLookedFor) {
    server.start();
    server.nodeDies();
    server.process.watchdogSeen(server.now);
    server.process.readySeen("says so", server.now);
    server.process.drainingSeen(true, server.now);
    server.attach();
    EXPECT_EQ(server.state(), State::Draining);
    server.advance(kWatchdogTime);
    EXPECT_EQ(server.state(), State::Unresponsive);
}

TEST_F(Adopted, IsNotEndedForAWordThatWasSaidToNobody) {
    server.start();
    server.nodeDies();
    server.attach();
    EXPECT_EQ(server.state(), State::Starting);
    server.advance(24h);
    EXPECT_EQ(server.state(), State::Starting);
    EXPECT_EQ(server.spawns, 1);
    EXPECT_NE(server.process.status().note.find("not known to be ready"), std::string::npos);
    server.ready();
    EXPECT_EQ(server.state(), State::Ready);
}

TEST_F(Adopted, IsEndedForItsReadinessLimitOnlyInALifeThatWasWatchedWhole) {
    adopt();
    server.exits(1);
    EXPECT_EQ(server.spawns, 2);
    server.advance(21s);
    EXPECT_EQ(server.spawns, 3);
}

TEST_F(Adopted, GoesOnWithTheRestartThatItsNodeWasKilledIn) {
    server.ignoresTerm = true;
    server.start();
    server.ready();
    server.process.restart(server.now);
    server.settle();
    ASSERT_EQ(server.state(), State::Stopping);
    server.nodeDies();
    server.ignoresTerm = false;
    server.attach();
    EXPECT_EQ(server.spawns, 2);
    EXPECT_EQ(server.state(), State::Starting);
}

TEST_F(Adopted, ItsUnknownExitIsAFailureUnlessItSaidThatItEnds) {
    for (const bool saidSo : {false, true}) {
        Scenario other(config::Readiness::Kind::Start);
        auto spec = other.process.spec();
        spec.restart.when = config::RestartPolicy::When::OnFailure;
        other.process.setSpec(spec);
        other.start();
        other.nodeDies();
        other.attach();
        if (saidSo) other.process.stoppingSeen(other.now);
        other.isRunning = false;
        other.child.exit = keeper::ExitStatus{};
        other.process.exited(other.child, other.now);
        other.settle();
        EXPECT_EQ(other.spawns, saidSo ? 1 : 2);
        if (saidSo) {
            EXPECT_EQ(other.process.status().note.rfind("unknown exit", 0), 0U);
        }
    }
}

TEST(ServerProcess, IsWatchedFromItsReadinessIfItWasSilentBefore) {
    Scenario server;
    server.start();
    server.heartbeat();
    server.advance(19s);
    EXPECT_EQ(server.state(), State::Starting);
    server.ready();
    server.advance(kWatchdogTime);
    EXPECT_EQ(server.state(), State::Unresponsive);
}

TEST(ServerProcess, GoesOnEndingWhateverElseItSays) {
    Scenario server;
    server.start();
    server.ready();
    server.process.stoppingSeen(server.now);
    server.process.drainingSeen(false, server.now);
    server.process.readySeen("again", server.now);
    EXPECT_EQ(server.state(), State::Draining);
}

}  // namespace muster::supervisor
