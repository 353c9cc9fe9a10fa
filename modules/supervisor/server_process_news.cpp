#include "modules/supervisor/server_process.hpp"

#include <algorithm>
#include <utility>

namespace muster::supervisor {

using Kind = ServerAction::Kind;
using State = ServerState;
using std::chrono::milliseconds;

// ---- a keeper that comes and goes

void ServerProcess::restore(const ServerStatus& before, std::string nonce) {
    status_.wantsRun = before.wantsRun;
    status_.hasEnded = before.hasEnded;
    status_.restarts = before.restarts;
    nonce_ = std::move(nonce);
    hasStartedBefore_ = !nonce_.empty();
    resume_ = !before.wantsRun ? State::Stopping : before.isReady ? State::Ready : State::Starting;
    enter(State::Adopting, "looks for its process");
    status_.isReady = before.isReady;
}

void ServerProcess::hold() {
    isHeld_ = true;
}

void ServerProcess::release(TimePoint now) {
    (void)now;
    if (!std::exchange(isHeld_, false)) return;
    if (status_.state == State::Stopped && status_.wantsRun) launchOrWait();
}

void ServerProcess::keeperLost() {
    if (!hasProcess() && !isSpawning_) return;
    if (status_.state == State::Adopting) return;
    awaitNews("the keeper is away; the server goes on");
}

void ServerProcess::runsAlready() {
    if (isSpawning_) awaitNews("runs already; looks for its process");
}

void ServerProcess::awaitNews(std::string note) {
    resume_ = status_.state;
    const bool wasReady = status_.isReady;
    isSpawning_ = false;
    enter(State::Adopting, std::move(note));
    status_.isReady = wasReady;
}

void ServerProcess::attached(const std::optional<keeper::ChildState>& child, TimePoint now) {
    if (!child) return vanished(now);
    if (hasProcess() && status_.state != State::Adopting && child->nonce == nonce_ && !child->exit)
        return;  // nothing new
    nonce_ = child->nonce;
    hasStartedBefore_ = true;
    if (!child->exit) return resume(*child, now);
    const bool wasStopping = resume_ == State::Stopping || isRestarting_ || !status_.wantsRun;
    if (status_.state == State::Adopting && wasStopping)
        enter(State::Stopping, "ended while nobody watched");
    exited(*child, now);
}

void ServerProcess::resume(const keeper::ChildState& child, TimePoint now) {
    status_.pid = child.pid;
    status_.startedMs = child.startedMs;
    const bool wasStopping =
        status_.state == State::Adopting && (resume_ == State::Stopping || isRestarting_);
    if (!status_.wantsRun || wasStopping) return beginStop(now);
    if (status_.isReady || resume_ == State::Ready) return enter(State::Ready, "adopted");
    started(child, now);
}

void ServerProcess::vanished(TimePoint now) {
    if (!hasProcess() && !isSpawning_ && status_.state != State::Adopting) return;
    isSpawning_ = false;
    const bool hadProcess = hasStartedBefore_;
    clearProcess();
    if (status_.hasEnded) return enter(State::Failed, "had ended before the node started");
    if (!status_.wantsRun) return enter(State::Stopped, "stopped");
    if (isHeld_) return enter(State::Stopped, "waits for the master's word after a reboot");
    const bool wasStopping = resume_ == State::Stopping || isRestarting_;
    if (status_.state == State::Stopping || wasStopping) return stopped(now);
    if (!hadProcess) return launchOrWait();
    crashed("its process was not found again", true, milliseconds(0), now);
}

// ---- the server itself

void ServerProcess::readySeen(const std::string& how, TimePoint now) {
    (void)now;
    if (status_.state != State::Starting) return;
    if (!hasProcess()) {
        isReadyEarly_ = isSpawning_;  // it was faster than the keeper's answer
        return;
    }
    act(Kind::StopProbe);
    enter(State::Ready, {});
    tell("ready", how);
}

void ServerProcess::stoppingSeen(TimePoint now) {
    (void)now;
    if (status_.state == State::Stopping || !hasProcess()) return;
    enter(State::Draining, "is ending by itself");
}

void ServerProcess::drainingSeen(bool isDraining, TimePoint now) {
    (void)now;
    if (isDraining && status_.state == State::Ready) enter(State::Draining, "takes nothing new");
    if (!isDraining && status_.state == State::Draining) enter(State::Ready, {});
}

void ServerProcess::watchdogSeen(TimePoint now) {
    if (!hasProcess() || status_.state == State::Stopping) return;
    watchdog_ = now + kWatchdogTime;
    if (status_.state != State::Unresponsive) return;
    enter(State::Ready, "answers again");
    tell("ready", "answers again");
}

void ServerProcess::busySeen(std::int64_t count) {
    if (hasProcess() || isSpawning_) status_.busy = std::max<std::int64_t>(0, count);
}

void ServerProcess::masterPresent(bool isPresent, TimePoint now) {
    (void)now;
    isMasterPresent_ = isPresent;
    const bool mayStart = isPresent && status_.wantsRun && spec_.isPomelo;
    if (mayStart && status_.state == State::Waiting) launchOrWait();
}

// ---- time

std::optional<TimePoint> ServerProcess::deadline() const {
    if (!deadline_) return watchdog_;
    if (!watchdog_) return deadline_;
    return std::min(*deadline_, *watchdog_);
}

void ServerProcess::tick(TimePoint now) {
    if (watchdog_ && now >= *watchdog_) {
        watchdog_.reset();
        if (status_.state == State::Ready || status_.state == State::Draining) {
            enter(State::Unresponsive, "its watchdog is silent for 10 s");
            tell("unresponsive", status_.note);
        }
    }
    if (!deadline_ || now < *deadline_) return;
    deadline_.reset();
    switch (status_.state) {
        case State::Stopping: return isAskedByMaster_ ? signalStop(now) : escalate(now);
        case State::Backoff:
        case State::Waiting: return launchOrWait();
        case State::Starting: break;
        default: return;
    }
    if (spec_.isPomelo && !isMasterPresent_) {  // nobody can have heard of it
        deadline_ = now + spec_.readiness.timeout;
        return;
    }
    failedStart_ =
        "was not ready within " + std::to_string(spec_.readiness.timeout.count() / 1000) + " s";
    tell("exited", failedStart_ + ": stopped");
    beginStop(now);
}

}  // namespace muster::supervisor
