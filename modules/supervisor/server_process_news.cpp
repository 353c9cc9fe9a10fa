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
    status_.hasWatchdog = before.hasWatchdog;
    nonce_ = std::move(nonce);
    hasStartedBefore_ = !nonce_.empty();
    isAdopted_ = true;
    // Asked to end and to begin anew: that goes on.
    isRestarting_ = before.wantsRun && before.state == State::Stopping;
    isEndNews_ = before.state == State::Stopping;
    const bool hadWord = before.state == State::Draining || before.state == State::Unresponsive;
    if (!before.wantsRun || isRestarting_)
        resume_ = State::Stopping;
    else if (hadWord)
        resume_ = before.state;
    else
        resume_ = before.isReady ? State::Ready : State::Starting;
    enter(State::Adopting, "looks for its process");
    status_.isReady = before.isReady;
}

ServerState ServerProcess::knownState() const {
    return status_.state == State::Adopting ? resume_ : status_.state;
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
    isEndNews_ = true;
    enter(State::Adopting, std::move(note));
    status_.isReady = wasReady;
    tell("adopting", status_.note);
}

void ServerProcess::attached(const std::optional<keeper::ChildState>& child, TimePoint now) {
    if (!child) return vanished(now);
    const bool isSameLife = child->nonce == nonce_;
    if (hasProcess() && status_.state != State::Adopting && isSameLife && !child->exit)
        return;         // nothing new
    if (!isSameLife) {  // what was known is of another life
        status_.hasWatchdog = false;
        isEnding_ = false;
        isAdopted_ = true;
    }
    nonce_ = child->nonce;
    hasStartedBefore_ = true;
    if (!child->exit) return resume(*child, now);
    const bool wasStopping = resume_ == State::Stopping || isRestarting_ || !status_.wantsRun;
    const bool isFoundEnding = status_.state == State::Adopting && wasStopping;
    if (isFoundEnding) enter(State::Stopping, "ended while nobody watched");
    exited(*child, now);
    // Else told as what followed.
    if (isFoundEnding && status_.state == State::Stopping) tell("stopping", status_.note);
}

void ServerProcess::resume(const keeper::ChildState& child, TimePoint now) {
    status_.pid = child.pid;
    status_.startedMs = child.startedMs;
    status_.cgroup = child.cgroup;
    const State before = knownState();
    const bool wasStopping =
        status_.state == State::Adopting && (before == State::Stopping || isRestarting_);
    if (!status_.wantsRun || wasStopping)
        return beginStop(now, "was found again, and is not to run on");
    if (status_.state == State::Adopting)
        tell("adopted", "process " + std::to_string(child.pid) + " was found again");
    const bool isServing = before == State::Draining || before == State::Unresponsive ||
                           before == State::Ready || status_.isReady;
    if (!isServing) return started(child, now);  // with a new time limit
    watchLife(now);
    if (before == State::Draining) return enter(before, "adopted; takes nothing new");
    const bool isWatched =
        status_.hasWatchdog || spec_.liveness.kind != config::Liveness::Kind::None;
    if (before != State::Unresponsive || !isWatched) return enter(State::Ready, "adopted");
    // One word is enough, or one look.
    isSilent_ = status_.hasWatchdog;
    if (!isSilent_) failedLooks_ = spec_.liveness.failures;
    enter(before, "adopted; it did not answer");
}

void ServerProcess::vanished(TimePoint now) {
    if (!hasProcess() && !isSpawning_ && status_.state != State::Adopting) return;
    isSpawning_ = false;
    const bool hadProcess = hasStartedBefore_;
    const bool isNews = status_.state != State::Adopting || isEndNews_;
    clearProcess();
    if (status_.hasEnded) return enter(State::Failed, "had ended before the node started");
    if (!status_.wantsRun) {
        enter(State::Stopped, "stopped");
        if (isNews) tell("stopped", "ended while nobody watched");
        return;
    }
    if (isHeld_) {
        enter(State::Stopped, "waits for the master's word after a reboot");
        return tell("stopped", "its host was started anew: " + status_.note);
    }
    const bool wasStopping = resume_ == State::Stopping || isRestarting_;
    if (status_.state == State::Stopping || wasStopping) return stopped(now);
    if (!hadProcess) return launchOrWait();
    crashed("its process was not found again", true, milliseconds(0), now);
}

// ---- the server itself

/// While its process is looked for its word is kept: it holds when the process is found.
void ServerProcess::heardWhileAdopting(ServerState state) {
    if (resume_ == State::Stopping) return;
    resume_ = state;
    status_.isReady = state == State::Ready;
}

void ServerProcess::readySeen(const std::string& how, TimePoint now) {
    if (status_.state == State::Adopting && resume_ == State::Starting)
        return heardWhileAdopting(State::Ready);
    if (status_.state != State::Starting) return;
    if (!hasProcess()) {
        isReadyEarly_ = isSpawning_;  // it was faster than the keeper's answer
        return;
    }
    act(Kind::StopProbe);
    enter(State::Ready, {});
    watchLife(now);
    tell("ready", how);
}

void ServerProcess::stoppingSeen(TimePoint now) {
    (void)now;
    if (status_.state == State::Stopping) return;
    const bool isAdopting = status_.state == State::Adopting;
    if (!isAdopting && !hasProcess()) return;
    if (std::exchange(isEnding_, true)) return;
    if (isAdopting) return heardWhileAdopting(State::Draining);
    enter(State::Draining, "is ending by itself");
    tell("draining", status_.note);
}

void ServerProcess::drainingSeen(bool isDraining, TimePoint now) {
    (void)now;
    if (isEnding_) return;
    const State from = isDraining ? State::Ready : State::Draining;
    const State to = isDraining ? State::Draining : State::Ready;
    if (status_.state == State::Adopting && resume_ == from) return heardWhileAdopting(to);
    if (status_.state == State::Unresponsive) spoken_ = to;
    if (status_.state != from) return;
    enter(to, isDraining ? "takes nothing new" : "");
    tell(isDraining ? "draining" : "ready", isDraining ? "takes nothing new" : "takes work again");
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

void ServerProcess::readinessPassed(TimePoint now) {
    if (spec_.isPomelo && !isMasterPresent_) {  // nobody can have heard of it
        deadline_ = now + spec_.readiness.timeout;
        return;
    }
    const std::string limit = std::to_string(spec_.readiness.timeout.count() / 1000) + " s";
    // Its word may have been said to nobody. A stateful server that serves is not ended for that;
    // the other kinds of readiness are looked at anew.
    if (isAdopted_ && spec_.readiness.kind == config::Readiness::Kind::Monitor) {
        status_.note = "not known to be ready: what it said while the node was away may be lost";
        return tell("starting", "did not say within " + limit +
                                    " that it is ready; goes on, "
                                    "since it may have said so while the node was away");
    }
    failedStart_ = "was not ready within " + limit;
    beginStop(now, failedStart_);
}

std::optional<TimePoint> ServerProcess::nextTry() const {
    return status_.state == State::Backoff ? deadline_ : std::nullopt;
}

void ServerProcess::tick(TimePoint now) {
    if (watchdog_ && now >= *watchdog_) watchdogPassed(now);
    if (!deadline_ || now < *deadline_) return;
    deadline_.reset();
    switch (status_.state) {
        case State::Stopping: return isAskedByMaster_ ? signalStop(now) : escalate(now);
        case State::Backoff:
        case State::Waiting: return launchOrWait();
        case State::Starting: return readinessPassed(now);
        default: return;
    }
}

}  // namespace muster::supervisor
