#pragma once

#include "modules/supervisor/server_process.hpp"

#include <csignal>

#include <gtest/gtest.h>

namespace muster::supervisor::test {

/// A server process with a keeper that does at once what it is told.
class Scenario {
public:
    explicit Scenario(config::Readiness::Kind readiness = config::Readiness::Kind::Monitor,
                      bool isPomelo = false)
        : process(spec(readiness, isPomelo), 7) {
        now += std::chrono::hours(1);
    }
    static ServerSpec spec(config::Readiness::Kind readiness, bool isPomelo) {
        ServerSpec spec;
        spec.id = "one";
        spec.type = "chat";
        spec.argv = {"chat"};
        spec.readiness.kind = readiness;
        spec.readiness.timeout = std::chrono::seconds(20);
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
        if (action.kind == ServerAction::Kind::Spawn) {
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
        if (action.kind == ServerAction::Kind::StartLiveness) ++livenessStarts;
        if (action.kind != ServerAction::Kind::Signal) return;
        EXPECT_EQ(action.nonce, child.nonce);
        signals.push_back(action.signal);
        if (!isRunning || (action.signal != SIGKILL && ignoresTerm)) return;
        if (action.signal == SIGTERM || action.signal == SIGKILL)
            end(0, action.signal, std::chrono::seconds(1));
    }
    void end(int code, int signal, std::chrono::milliseconds ranFor) {
        isRunning = false;
        child.exit = keeper::ExitStatus{true, code, signal, false, 0, ranFor.count()};
        process.exited(child, now);
    }
    /// It has ended, but `remaining` of the processes it left behind do not die.
    void leaves(int code, int remaining, int killed = 0) {
        isRunning = false;
        child.exit = keeper::ExitStatus{true, code, 0, false, 0, 1000};
        child.exit->remnants = killed;
        child.exit->remaining = remaining;
        process.exited(child, now);
        settle();
    }
    void exits(int code, std::chrono::milliseconds ranFor = std::chrono::seconds(1)) {
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
    /// kill -9 of the node: what its record holds is restored; attach() is to follow.
    void nodeDies() {
        ServerStatus record = process.status();
        record.state = process.knownState();
        const std::string nonce = process.nonce();
        process = ServerProcess(process.spec(), 7);
        process.restore(record, nonce);
    }
    void attach() {
        process.attached(isRunning || child.exit ? std::optional(child) : std::nullopt, now);
        settle();
    }
    void heartbeat() {
        process.watchdogSeen(now);
        settle();
    }
    ServerState state() const { return process.status().state; }

    ServerProcess process;
    TimePoint now{};
    keeper::ChildState child;
    bool isRunning = false;
    bool ignoresTerm = false;
    bool failsSpawn = false;
    int spawns = 0;
    int livenessStarts = 0;
    std::vector<int> signals;
    std::vector<std::string> events;
};

}  // namespace muster::supervisor::test
