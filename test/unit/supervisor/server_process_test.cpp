#include "test/unit/supervisor/server_scenario.hpp"

namespace muster::supervisor {

using namespace std::chrono_literals;
using test::Scenario;
using State = ServerState;

TEST(ServerProcess, IsReadyWhenItSaysSo) {
    Scenario server;
    server.start();
    EXPECT_EQ(server.state(), State::Starting);
    server.ready();
    EXPECT_EQ(server.state(), State::Ready);
    EXPECT_TRUE(server.process.status().isReady);
}

TEST(ServerProcess, IsReadyIfItSaysSoBeforeItsStartIsConfirmed) {
    Scenario server;
    server.process.start(server.now);
    (void)server.process.take();
    server.child.id = "one";
    server.child.nonce = "nonce-of-now";
    server.child.pid = 7;
    server.process.spawning("nonce-of-now");
    server.process.readySeen("says so", server.now);
    server.process.spawned(server.child, server.now);
    EXPECT_EQ(server.state(), State::Ready);
}

TEST(ServerProcess, IsReadyAtOnceIfRunningIsEnough) {
    Scenario server(config::Readiness::Kind::Start);
    server.start();
    EXPECT_EQ(server.state(), State::Ready);
}

TEST(ServerProcess, IsStartedAtOnceAfterTheFirstCrashAndLaterAfterMore) {
    Scenario server(config::Readiness::Kind::Start);
    server.start();
    server.exits(1);
    EXPECT_EQ(server.spawns, 2);
    server.exits(1);
    EXPECT_EQ(server.state(), State::Backoff);
    server.advance(400ms - 1ms);
    EXPECT_EQ(server.spawns, 2);
    server.advance(201ms);
    EXPECT_EQ(server.spawns, 3);
    EXPECT_EQ(server.process.status().restarts, 2U);
}

TEST(ServerProcess, CountsCrashesAnewAfterAStableTime) {
    Scenario server(config::Readiness::Kind::Start);
    server.start();
    server.exits(1);
    server.exits(1, 61s);
    EXPECT_EQ(server.spawns, 3);
}

TEST(ServerProcess, NamesACrashLoopAndItsReason) {
    Scenario server(config::Readiness::Kind::Start);
    server.start();
    server.exits(1);
    server.exits(1);
    server.advance(1s);
    server.exits(139);
    EXPECT_EQ(server.state(), State::Backoff);
    EXPECT_NE(server.process.status().note.find("crash loop 3x"), std::string::npos);
    EXPECT_NE(server.process.status().note.find("exit status 139"), std::string::npos);
}

TEST(ServerProcess, KnowsWhenItIsStartedAgain) {
    Scenario server(config::Readiness::Kind::Start);
    server.start();
    server.exits(1);
    EXPECT_FALSE(server.process.nextTry());
    server.exits(1);
    ASSERT_EQ(server.state(), State::Backoff);
    EXPECT_EQ(server.process.nextTry(), server.process.deadline());
    server.advance(10s);
    EXPECT_FALSE(server.process.nextTry());
}

TEST(ServerProcess, FailsAfterTheMostRestartsInARow) {
    Scenario server(config::Readiness::Kind::Start);
    auto spec = server.process.spec();
    spec.restart.max = 2;
    server.process.setSpec(spec);
    server.start();
    for (int crash = 0; crash < 3; ++crash) {
        server.exits(1);
        server.advance(10s);
    }
    EXPECT_EQ(server.state(), State::Failed);
    EXPECT_EQ(server.spawns, 3);
    server.start();
    EXPECT_EQ(server.state(), State::Ready);
}

TEST(ServerProcess, IsNotStartedAgainAfterAGoodEndIfThePolicySaysSo) {
    Scenario server(config::Readiness::Kind::Start);
    auto spec = server.process.spec();
    spec.restart.when = config::RestartPolicy::When::OnFailure;
    server.process.setSpec(spec);
    server.start();
    server.exits(0);
    EXPECT_EQ(server.state(), State::Stopped);
    EXPECT_TRUE(server.process.status().hasEnded);
}

TEST(ServerProcess, StopsCleanlyOnItsSignal) {
    Scenario server;
    server.start();
    server.process.stop(server.now);
    server.settle();
    EXPECT_EQ(server.state(), State::Stopped);
    EXPECT_EQ(server.process.status().note, "stopped cleanly");
    server.advance(1h);
    EXPECT_EQ(server.spawns, 1);
}

TEST(ServerProcess, IsKilledWhenItDoesNotStopInTime) {
    Scenario server;
    server.ignoresTerm = true;
    server.start();
    server.process.stop(server.now);
    server.settle();
    server.advance(9999ms);
    EXPECT_EQ(server.state(), State::Stopping);
    server.advance(1ms);
    EXPECT_EQ(server.state(), State::Stopped);
    EXPECT_EQ(server.process.status().note, "killed after 10.0 s: it did not stop");
}

TEST(ServerProcess, SaysThatAPersonKilledIt) {
    Scenario server;
    server.ignoresTerm = true;
    server.start();
    server.process.kill(server.now);
    server.settle();
    EXPECT_EQ(server.state(), State::Stopped);
    EXPECT_EQ(server.process.status().note, "killed by a person");
}

TEST(ServerProcess, DoesNotSayCleanlyOfOneThatLeftProcessesBehind) {
    Scenario server;
    server.ignoresTerm = true;
    server.start();
    server.process.stop(server.now);
    server.settle();
    server.leaves(0, 0, 2);
    EXPECT_EQ(server.state(), State::Stopped);
    EXPECT_EQ(server.process.status().note, "stopped; 2 left processes killed");
}

TEST(ServerProcess, HasNoSuccessorBeforeNothingOfItIsLeft) {
    Scenario server;
    server.start();
    server.ready();
    server.leaves(1, 1);
    EXPECT_EQ(server.state(), State::Stopping);
    EXPECT_EQ(server.process.status().pid, 0);
    EXPECT_NE(server.process.status().note.find("1 left process does not die"), std::string::npos);
    server.advance(1h);
    server.start();  // an order does not help either
    EXPECT_EQ(server.spawns, 1);
    server.leaves(1, 0, 1);
    EXPECT_EQ(server.spawns, 2);
}

TEST(ServerProcess, CountsACrashWhoseRemnantsDieLateAsACrash) {
    Scenario server;
    server.start();
    server.ready();
    server.leaves(1, 2);
    server.leaves(1, 0, 2);
    EXPECT_EQ(server.spawns, 2);
    server.exits(1);
    EXPECT_EQ(server.state(), State::Backoff);  // the second in a row
}

TEST(ServerProcess, StaysStoppedWhenItsRemnantsDieLate) {
    Scenario server;
    server.start();
    server.leaves(1, 1);
    server.process.stop(server.now);
    server.settle();
    EXPECT_EQ(server.state(), State::Stopping);
    server.leaves(1, 0, 1);
    EXPECT_EQ(server.state(), State::Stopped);
    EXPECT_EQ(server.spawns, 1);
}

TEST(ServerProcess, IsStoppedAndTriedAgainIfItDoesNotGetReady) {
    Scenario server;
    server.start();
    server.advance(20s);
    EXPECT_EQ(server.spawns, 2);
    EXPECT_EQ(server.state(), State::Starting);
}

TEST(ServerProcess, RestartGivesItANewLife) {
    Scenario server(config::Readiness::Kind::Start);
    server.start();
    server.process.restart(server.now);
    server.settle();
    EXPECT_EQ(server.spawns, 2);
    EXPECT_EQ(server.state(), State::Ready);
}

TEST(ServerProcess, TriesAgainWhenItCannotBeSpawned) {
    Scenario server;
    server.failsSpawn = true;
    server.start();
    EXPECT_EQ(server.state(), State::Backoff);
    EXPECT_NE(server.process.status().note.find("exec: no such file"), std::string::npos);
    server.failsSpawn = false;
    server.advance(1s);
    EXPECT_EQ(server.state(), State::Starting);
}

TEST(ServerProcess, IsUnresponsiveWhenItsWatchdogIsSilentAndReadyWhenItSpeaksAgain) {
    Scenario server;
    server.start();
    server.ready();
    server.process.watchdogSeen(server.now);
    server.advance(10s);
    EXPECT_EQ(server.state(), State::Unresponsive);
    server.process.watchdogSeen(server.now);
    EXPECT_EQ(server.state(), State::Ready);
}

TEST(ServerProcess, APomeloServerWaitsForAMaster) {
    Scenario server(config::Readiness::Kind::Monitor, true);
    server.start();
    EXPECT_EQ(server.state(), State::Waiting);
    server.process.masterPresent(true, server.now);
    server.settle();
    EXPECT_EQ(server.state(), State::Starting);
}

TEST(ServerProcess, APomeloServerIsAskedByItsMasterAndThenByASignal) {
    Scenario server(config::Readiness::Kind::Monitor, true);
    server.process.masterPresent(true, server.now);
    server.start();
    server.ready();
    server.process.stop(server.now);
    server.settle();
    EXPECT_EQ(server.state(), State::Stopping);
    EXPECT_TRUE(server.signals.empty());
    server.advance(ServerSpec().stop.timeout);
    EXPECT_EQ(server.state(), State::Stopped);
    EXPECT_EQ(server.signals.front(), SIGTERM);
}

TEST(ServerProcess, APomeloServerIsSignalledAtOnceWithoutAMasterOrWhenKilled) {
    for (const bool isKilled : {false, true}) {
        Scenario server(config::Readiness::Kind::Monitor, true);
        server.process.masterPresent(true, server.now);
        server.start();
        server.ready();
        server.process.masterPresent(isKilled, server.now);
        server.settle();
        isKilled ? server.process.kill(server.now) : server.process.stop(server.now);
        server.settle();
        EXPECT_EQ(server.state(), State::Stopped);
        EXPECT_EQ(server.signals.front(), isKilled ? SIGKILL : SIGTERM);
    }
}

TEST(ServerProcess, APomeloServerThatFoundNoMasterDidNotCrash) {
    Scenario server(config::Readiness::Kind::Monitor, true);
    server.process.masterPresent(true, server.now);
    server.start();
    server.process.masterPresent(false, server.now);
    server.exits(0);
    EXPECT_EQ(server.state(), State::Waiting);
    server.advance(1h);
    EXPECT_EQ(server.spawns, 1);
    server.process.masterPresent(true, server.now);
    server.settle();
    EXPECT_EQ(server.spawns, 2);
}

TEST(ServerProcess, KeepsItsProcessThroughALossOfTheKeeper) {
    Scenario server;
    server.start();
    server.ready();
    server.process.keeperLost();
    EXPECT_EQ(server.state(), State::Adopting);
    EXPECT_TRUE(server.process.status().isReady);
    server.process.attached(server.child, server.now);
    server.settle();
    EXPECT_EQ(server.state(), State::Ready);
    EXPECT_EQ(server.spawns, 1);
}

TEST(ServerProcess, IsStoppedByANewKeeperIfAPersonAskedMeanwhile) {
    Scenario server;
    server.start();
    server.process.keeperLost();
    server.process.stop(server.now);
    server.settle();
    server.process.attached(server.child, server.now);
    server.settle();
    EXPECT_EQ(server.state(), State::Stopped);
    EXPECT_FALSE(server.isRunning);
}

TEST(ServerProcess, IsStartedAgainIfItEndedWhileTheKeeperWasAway) {
    Scenario server(config::Readiness::Kind::Start);
    server.start();
    server.process.keeperLost();
    server.isRunning = false;
    server.child.exit = keeper::ExitStatus{};
    server.process.attached(server.child, server.now);
    server.settle();
    EXPECT_EQ(server.spawns, 2);
    EXPECT_EQ(server.state(), State::Ready);
}

TEST(ServerProcess, FindsItsProcessAgainAfterTheNodeRestarted) {
    Scenario server;
    ServerStatus before;
    before.wantsRun = true;
    before.isReady = true;
    server.child.id = "one";
    server.child.nonce = "nonce-of-then";
    server.child.pid = 77;
    server.isRunning = true;
    server.process.restore(before, "nonce-of-then");
    server.process.attached(server.child, server.now);
    server.settle();
    EXPECT_EQ(server.state(), State::Ready);
    EXPECT_EQ(server.process.status().pid, 77);
    EXPECT_EQ(server.spawns, 0);
}

TEST(ServerProcess, IsRestartedWhenFoundIfThatWasOrderedMeanwhile) {
    for (const bool hasEnded : {false, true}) {
        Scenario server;
        ServerStatus before;
        before.wantsRun = true;
        before.isReady = true;
        server.child.id = "one";
        server.child.nonce = "nonce-of-then";
        server.child.pid = 77;
        server.isRunning = !hasEnded;
        if (hasEnded) server.child.exit = keeper::ExitStatus{};
        server.process.restore(before, "nonce-of-then");
        server.process.restart(server.now);
        server.process.attached(server.child, server.now);
        server.settle();
        EXPECT_EQ(server.spawns, 1) << hasEnded;
        EXPECT_EQ(server.state(), State::Starting);
    }
}

TEST(ServerProcess, IsStartedAfterAStopThatTheNodeWasKilledIn) {
    Scenario server;
    server.child.id = "one";
    server.child.nonce = "nonce-of-then";
    server.child.pid = 77;
    server.isRunning = true;
    server.process.restore(ServerStatus{}, "nonce-of-then");
    server.process.start(server.now);
    server.process.attached(server.child, server.now);
    server.settle();
    EXPECT_EQ(server.spawns, 1);
    EXPECT_EQ(server.state(), State::Starting);
}

TEST(ServerProcess, StaysStoppedAfterTheNodeRestarted) {
    Scenario server;
    server.process.restore(ServerStatus{}, "nonce-of-then");
    server.process.attached(std::nullopt, server.now);
    server.settle();
    server.advance(1h);
    EXPECT_EQ(server.state(), State::Stopped);
    EXPECT_EQ(server.spawns, 0);
}

TEST(ServerProcess, WaitsForTheMasterAfterAReboot) {
    Scenario server;
    ServerStatus before;
    before.wantsRun = true;
    server.process.restore(before, "nonce-of-then");
    server.process.hold();
    server.process.attached(std::nullopt, server.now);
    server.settle();
    EXPECT_EQ(server.spawns, 0);
    server.process.release(server.now);
    server.settle();
    EXPECT_EQ(server.spawns, 1);
}

}  // namespace muster::supervisor
