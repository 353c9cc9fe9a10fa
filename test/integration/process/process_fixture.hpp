#pragma once

#include "common/process/epoll_loop.hpp"
#include "common/process/process_identity.hpp"
#include "common/wire/envelope.hpp"
#include "keeper/launch.hpp"
#include "modules/supervisor/keeper_link.hpp"
#include "test/support/eventually.hpp"
#include "test/support/send_signal.hpp"
#include "test/support/temp_dir.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace muster::test {

/// A real keeper in a directory of its own, and a node's connection to it. Everything that was
/// started dies with the fixture.
class ProcessTest : public testing::Test, public supervisor::KeeperObserver {
protected:
    // Directories of a keeper that is killed would stay: only the tests of cgroups make some.
    ProcessTest() { ::setenv("MUSTER_CGROUP", "off", 1); }
    ~ProcessTest() override {
        link_.reset();
        killKeeper();
        if (const auto node = recordedPid("muster-node")) {
            sendSignal(*node, SIGKILL);
            eventually(std::chrono::seconds(5), [&] { return isGone(*node); });
        }
        for (const auto& nonce : nonces_)
            for (const auto& process : findByNonce(nonce)) (void)signalProcess(process, SIGKILL);
    }

    std::string state() const { return directory_.str() + "/state"; }

    void startKeeper(std::vector<std::string> nodeArgv = {}) {
        std::vector<std::string> argv{KEEPER_PROGRAM, state()};
        argv.insert(argv.end(), nodeArgv.begin(), nodeArgv.end());
        auto launched = keeper::launchKeeper({state(), argv, std::chrono::seconds(20)});
        ASSERT_TRUE(launched) << launched.error().detail();
    }
    pid_t keeperPid() const {
        pid_t pid = 0;
        std::ifstream(state() + "/keeper.lock") >> pid;
        return pid;
    }
    static bool isGone(pid_t pid) {
        const auto stat = readProcStat(pid);
        return !stat || stat->state == 'Z';
    }
    void killKeeper() {
        const pid_t pid = keeperPid();
        if (pid <= 0) return;
        sendSignal(pid, SIGKILL);
        eventually(std::chrono::seconds(5), [&] { return isGone(pid); });
        std::ofstream(state() + "/keeper.lock", std::ios::trunc);
    }
    void attach() {
        if (!link_) {
            link_ = std::make_unique<supervisor::KeeperLink>(loop_, state(), *this);
            link_->start();
        }
        ASSERT_TRUE(runUntil([&] { return link_->isAttached(); }));
    }

    /// Runs the loop until `condition` holds; false after 20 s.
    template <class Condition>
    bool runUntil(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            loop_.after(std::chrono::milliseconds(5), [this] { loop_.stop(); });
            loop_.run();
        }
        return true;
    }

    keeper::SpawnRequest request(const std::string& id, std::vector<std::string> arguments) {
        keeper::SpawnRequest request;
        request.id = id;
        request.nonce = wire::makeNonce();
        nonces_.push_back(request.nonce);
        request.argv = {CHILD_PROGRAM};
        request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
        request.env = {"MUSTER_NONCE=" + request.nonce};
        return request;
    }
    Result<keeper::ChildState> spawn(keeper::SpawnRequest request) {
        std::optional<Result<keeper::ChildState>> answer;
        link_->spawn(std::move(request), [&](auto child) { answer = std::move(child); });
        if (!runUntil([&] { return answer.has_value(); })) return Errc::Timeout;
        return *answer;
    }
    bool signal(const keeper::ChildState& child, int signal) {
        std::optional<bool> answer;
        link_->signal(child.id, child.nonce, signal, [&](auto sent) { answer = bool(sent); });
        return runUntil([&] { return answer.has_value(); }) && *answer;
    }
    std::optional<keeper::ExitStatus> waitForExit(const std::string& id) {
        const auto found = [&]() -> const keeper::Event* {
            for (const auto& event : events_)
                if (event.child.id == id && event.child.exit) return &event;
            return nullptr;
        };
        if (!runUntil([&] { return found() != nullptr; })) return std::nullopt;
        return found()->child.exit;
    }
    /// The pid in the keeper's record of `id`.
    std::optional<pid_t> recordedPid(const std::string& id) const {
        std::ifstream file(state() + "/keeper/" + id + ".json");
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        auto child = keeper::decodeChild(text);
        if (!child || child->pid <= 0 || child->exit) return std::nullopt;
        return child->pid;
    }
    std::string log(const std::string& name) const {
        std::ifstream file(state() + "/logs/" + name + ".log");
        return {std::istreambuf_iterator<char>(file), {}};
    }

    /// What a server of mode "litter" leaves behind is there.
    bool hasLittered(const std::string& id) const {
        return eventually(std::chrono::seconds(10), [&] {
            return log(id + ".stdout").find("littered") != std::string::npos;
        });
    }

    void onAttached(const std::vector<keeper::ChildState>& children) override {
        attached_ = children;
    }
    void onKeeperEvent(const keeper::Event& event) override { events_.push_back(event); }
    void onKeeperLost() override {}

    TempDir directory_;
    EpollLoop loop_;
    std::unique_ptr<supervisor::KeeperLink> link_;
    std::vector<keeper::ChildState> attached_;
    std::vector<keeper::Event> events_;
    std::vector<std::string> nonces_;
};

}  // namespace muster::test
