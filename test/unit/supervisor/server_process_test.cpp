#include "modules/supervisor/server_process.hpp"

#include <csignal>
#include <random>

#include <gtest/gtest.h>

namespace muster::supervisor {

using namespace std::chrono_literals;
using Kind = ServerAction::Kind;
using State = ServerState;

namespace {

/// A server process with a keeper that does at once what it is told.
class Scenario {
public:
    explicit Scenario(config::Readiness::Kind readiness = config::Readiness::Kind::Monitor,
                      bool isPomelo = false)
        : process(spec(readiness, isPomelo), 7) {
        now += 1h;
    }
    static ServerSpec spec(config::Readiness::Kind readiness, bool isPomelo) {
        ServerSpec spec;
        spec.id = "one";
        spec.type = "chat";
        spec.argv = {"chat"};
        spec.readiness.kind = readiness;
        spec.readiness.timeout = 20s;
        spec.isPomelo = isPomelo;
        return spec;
    }
    /// Carries out what the process wants; spawns are answered with a new life.
    void settle() {
        for (;;) {
            auto output = process.take();
            for (auto& event : output.events) events.push_back(event.kind);
            if (output.actions.empty()) return;
            for (const auto& action : output.actions) perform(action);
        }
    }
    void perform(const ServerAction& action) {
        if (action.kind == Kind::Spawn) {
            EXPECT_FALSE(isRunning) << "a second process of one server";
            ++spawns;
            child = {};
            child.id = "one";
            child.nonce = "nonce-" + std::to_string(spawns);
            child.pid = 1000 + spawns;
            child.startedMs = 1;
            process.spawning(child.nonce);
            if (failsSpawn) return process.spawnFailed("exec: no such file", now);
            isRunning = true;
            process.spawned(child, now);
        }
        if (action.kind != Kind::Signal) return;
        EXPECT_EQ(action.nonce, child.nonce);
        signals.push_back(action.signal);
        if (!isRunning || (action.signal != SIGKILL && ignoresTerm)) return;
        if (action.signal == SIGTERM || action.signal == SIGKILL) end(0, action.signal, 1s);
    }
    void end(int code, int signal, std::chrono::milliseconds ranFor) {
        isRunning = false;
        child.exit = keeper::ExitStatus{true, code, signal, false, 0, ranFor.count()};
        process.exited(child, now);
    }
    void exits(int code, std::chrono::milliseconds ranFor = 1s) {
        end(code, 0, ranFor);
        settle();
    }
    void start() {
        process.start(now);
        settle();
    }
    void ready() {
        process.readySeen("says so", now);
        settle();
    }
    void advance(std::chrono::milliseconds by) {
        const TimePoint until = now + by;
        while (process.deadline() && *process.deadline() <= until) {
            now = std::max(now, *process.deadline());
            process.tick(now);
            settle();
        }
        now = until;
    }
    State state() const { return process.status().state; }

    ServerProcess process;
    TimePoint now{};
    keeper::ChildState child;
    bool isRunning = false;
    bool ignoresTerm = false;
    bool failsSpawn = false;
    int spawns = 0;
    std::vector<int> signals;
    std::vector<std::string> events;
};

}  // namespace

TEST(ServerProcess, IsReadyWhenItSaysSo) {
    Scenario server;
    server.start();
    EXPECT_EQ(server.state(), State::Starting);
    server.ready();
    EXPECT_EQ(server.state(), State::Ready);
    EXPECT_TRUE(server.process.status().isReady);
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
    EXPECT_EQ(server.process.status().note, "killed: it did not stop in 10.0 s");
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

/// Whatever happens, in whatever order: never two processes (checked by the scenario), and a last
/// word is obeyed.
TEST(ServerProcess, ObeysTheLastOrderAfterAnyHistory) {
    for (unsigned seed = 0; seed < 400; ++seed) {
        std::mt19937 random(seed);
        Scenario server(random() % 2 ? config::Readiness::Kind::Start
                                     : config::Readiness::Kind::Monitor);
        for (int step = 0; step < 60; ++step) {
            server.ignoresTerm = random() % 4 == 0;
            server.failsSpawn = random() % 6 == 0;
            switch (random() % 11) {
                case 0: server.process.start(server.now); break;
                case 1: server.process.stop(server.now); break;
                case 2: server.process.restart(server.now); break;
                case 3: server.process.kill(server.now); break;
                case 4: server.process.readySeen("random", server.now); break;
                case 5:
                    if (server.isRunning) server.end(random() % 2 ? 1 : 0, 0, 5s);
                    break;
                case 6: server.process.watchdogSeen(server.now); break;
                case 7: server.process.drainingSeen(random() % 2 != 0, server.now); break;
                case 8: server.process.stoppingSeen(server.now); break;
                case 9:
                    server.process.keeperLost();
                    server.process.attached(
                        server.isRunning ? std::optional(server.child) : std::nullopt, server.now);
                    break;
                default: server.advance(std::chrono::milliseconds(random() % 15'000)); break;
            }
            server.settle();
        }
        server.failsSpawn = false;
        const bool wantsRun = random() % 2 != 0;
        if (wantsRun)
            server.process.start(server.now);
        else
            server.process.stop(server.now);
        server.settle();
        for (int round = 0; round < 10 && server.state() != State::Ready; ++round) {
            server.advance(9s);
            server.process.readySeen("at last", server.now);
            server.settle();
            if (server.state() == State::Draining) break;
        }
        EXPECT_EQ(server.isRunning, wantsRun) << "seed " << seed;
        if (!wantsRun) {
            EXPECT_EQ(server.state(), State::Stopped) << "seed " << seed;
        }
    }
}

}  // namespace muster::supervisor
