#include "test/unit/supervisor/server_scenario.hpp"

#include <algorithm>

namespace muster::supervisor {

using namespace std::chrono_literals;
using test::Scenario;
using State = ServerState;

namespace {

/// A ready server whose spec says how it is looked at.
class Health : public testing::Test {
protected:
    void serve(config::OnUnresponsive policy, int failures = 3) {
        ServerSpec spec = server_.process.spec();
        spec.onUnresponsive = policy;
        spec.liveness.kind = config::Liveness::Kind::Command;
        spec.liveness.argv = {"check"};
        spec.liveness.failures = failures;
        server_.process.setSpec(spec);
        server_.start();
        server_.ready();
    }
    void look(bool isAlive) {
        server_.process.livenessSeen(isAlive, isAlive ? "" : "exit status 2", server_.now);
        server_.settle();
    }
    auto events(const char* kind) const {
        return std::count(server_.events.begin(), server_.events.end(), kind);
    }
    Scenario server_;
};

}  // namespace

TEST_F(Health, IsLookedAtFromWhenItIsReady) {
    serve(config::OnUnresponsive::Report);
    EXPECT_EQ(server_.livenessStarts, 1);
}

TEST_F(Health, IsNotLookedAtWithoutLiveness) {
    server_.start();
    server_.ready();
    EXPECT_EQ(server_.livenessStarts, 0);
}

TEST_F(Health, IsUnresponsiveAfterThatManyFailuresInARow) {
    serve(config::OnUnresponsive::Report);
    look(false);
    look(false);
    look(true);
    look(false);
    look(false);
    EXPECT_EQ(server_.state(), State::Ready);
    look(false);
    EXPECT_EQ(server_.state(), State::Unresponsive);
    EXPECT_EQ(server_.process.status().note, "its liveness failed 3 times: exit status 2");
    look(false);
    EXPECT_EQ(events("unresponsive"), 1);
}

TEST_F(Health, IsWhatItWasWhenALookSucceeds) {
    serve(config::OnUnresponsive::Report, 1);
    server_.process.drainingSeen(true, server_.now);
    look(false);
    EXPECT_EQ(server_.state(), State::Unresponsive);
    look(true);
    EXPECT_EQ(server_.state(), State::Draining);
}

TEST_F(Health, DoesNotTakeAHeartbeatForALookThatSucceeds) {
    serve(config::OnUnresponsive::Report, 1);
    look(false);
    server_.heartbeat();
    EXPECT_EQ(server_.state(), State::Unresponsive);
    look(true);
    EXPECT_EQ(server_.state(), State::Ready);
}

TEST_F(Health, DoesNotTakeALookForAHeartbeat) {
    serve(config::OnUnresponsive::Report, 1);
    server_.heartbeat();
    server_.advance(10s);
    EXPECT_EQ(server_.state(), State::Unresponsive);
    look(true);
    EXPECT_EQ(server_.state(), State::Unresponsive);
    server_.heartbeat();
    EXPECT_EQ(server_.state(), State::Ready);
}

TEST_F(Health, RestartsAFrozenServerThatDoesNotHearItsSignal) {
    serve(config::OnUnresponsive::Restart);
    server_.ignoresTerm = true;
    server_.heartbeat();
    server_.advance(10s);
    EXPECT_EQ(server_.state(), State::Stopping);
    EXPECT_EQ(server_.process.status().note,
              "is unresponsive and asked to stop: its watchdog is silent for 10 s");
    server_.advance(10s);  // its stop timeout
    EXPECT_EQ(server_.signals.back(), SIGKILL);
    EXPECT_EQ(server_.spawns, 2);
    EXPECT_TRUE(server_.process.status().wantsRun);
    EXPECT_EQ(events("unresponsive"), 1);
}

TEST_F(Health, CountsARestartAsAFailureWithBackoff) {
    serve(config::OnUnresponsive::Restart, 1);
    look(false);
    EXPECT_EQ(server_.spawns, 2);  // the first one at once
    server_.ready();
    look(false);
    EXPECT_EQ(server_.state(), State::Backoff);
    EXPECT_NE(server_.process.status().note.find("was unresponsive: its liveness failed"),
              std::string::npos);
}

TEST_F(Health, BeginsToCountAnewAfterAServerHasServedLongEnough) {
    serve(config::OnUnresponsive::Restart, 1);
    for (int life = 2; life < 6; ++life) {
        server_.advance(61s);
        look(false);
        EXPECT_EQ(server_.spawns, life);
        server_.ready();
    }
}

TEST_F(Health, LeavesAServerFailedWhosePolicyIsNeverToRestart) {
    serve(config::OnUnresponsive::Restart, 1);
    ServerSpec spec = server_.process.spec();
    spec.restart.when = config::RestartPolicy::When::Never;
    server_.process.setSpec(spec);
    look(false);
    EXPECT_EQ(server_.state(), State::Failed);
    EXPECT_EQ(server_.spawns, 1);
}

TEST_F(Health, StaysStoppedIfAPersonStopsItMeanwhile) {
    serve(config::OnUnresponsive::Restart, 1);
    server_.ignoresTerm = true;
    look(false);
    server_.process.stop(server_.now);
    server_.settle();
    server_.advance(10s);
    EXPECT_EQ(server_.state(), State::Stopped);
    EXPECT_EQ(server_.spawns, 1);
}

TEST_F(Health, AppliesANewPolicyToAServerThatIsUnresponsive) {
    serve(config::OnUnresponsive::Report, 1);
    look(false);
    ServerSpec spec = server_.process.spec();
    spec.onUnresponsive = config::OnUnresponsive::Restart;
    server_.process.setSpec(spec);
    server_.advance(0s);
    EXPECT_EQ(server_.spawns, 2);
}

TEST_F(Health, IsLookedAtAnewWhenItsLivenessChanges) {
    serve(config::OnUnresponsive::Report, 1);
    look(false);
    ServerSpec spec = server_.process.spec();
    spec.liveness = {};
    server_.process.setSpec(spec);
    server_.settle();
    EXPECT_EQ(server_.state(), State::Ready);
    EXPECT_EQ(server_.livenessStarts, 1);
}

TEST_F(Health, OutlivesTheNode) {
    serve(config::OnUnresponsive::Report, 1);
    look(false);
    server_.nodeDies();
    server_.attach();
    EXPECT_EQ(server_.state(), State::Unresponsive);
    EXPECT_EQ(server_.livenessStarts, 2);
    look(true);
    EXPECT_EQ(server_.state(), State::Ready);
}

}  // namespace muster::supervisor
