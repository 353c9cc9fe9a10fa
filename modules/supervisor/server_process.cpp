#include "modules/supervisor/server_process.hpp"

#include <csignal>
#include <utility>

namespace muster::supervisor {

using Kind = ServerAction::Kind;
using State = ServerState;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kKillAgain{5'000};

std::string seconds(milliseconds time) {
    const auto tenths = time.count() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

}  // namespace

ServerProcess::ServerProcess(ServerSpec spec, std::uint32_t seed)
    : spec_(std::move(spec)), restarts_(seed) {
    status_.id = spec_.id;
    status_.type = spec_.type;
}

ServerProcess::Output ServerProcess::take() {
    return std::exchange(output_, Output{});
}

void ServerProcess::act(Kind kind, int signal) {
    const bool isOfALife = kind == Kind::Signal || kind == Kind::Sweep || kind == Kind::Forget;
    output_.actions.push_back({kind, signal, isOfALife ? nonce_ : std::string()});
}

void ServerProcess::tell(const char* kind, std::string cause) {
    output_.events.push_back({kind, std::move(cause), 0});
}

void ServerProcess::enter(ServerState state, std::string note) {
    status_.state = state;
    status_.isReady = state == State::Ready;
    status_.note = std::move(note);
    deadline_.reset();
}

// ---- orders

void ServerProcess::start(TimePoint now) {
    status_.wantsRun = true;
    status_.hasEnded = false;
    isHeld_ = false;
    restarts_.reset();
    if (status_.state == State::Stopping && failedStart_.empty()) {
        isCrashPending_ = false;
        isRestarting_ = true;
        return;
    }
    // Found again, it is still to end first.
    if (status_.state == State::Adopting && resume_ == State::Stopping) isRestarting_ = true;
    if (hasProcess() || isSpawning_ || status_.state == State::Adopting) return;
    (void)now;
    launchOrWait();
}

void ServerProcess::stop(TimePoint now) {
    status_.wantsRun = false;
    status_.hasEnded = false;
    isHeld_ = false;
    isRestarting_ = false;
    isCrashPending_ = false;
    failedStart_.clear();
    if (status_.state == State::Adopting || status_.state == State::Stopping) return;
    if (hasProcess() || isSpawning_) return beginStop(now, "a person asked for it");
    if (status_.state == State::Stopped) return;
    enter(State::Stopped, "stopped by a person");
    tell("stopped", "stopped by a person");
}

void ServerProcess::kill(TimePoint now) {
    stop(now);
    if (!hasProcess()) return;
    isKillWanted_ = true;
    escalate(now);
}

void ServerProcess::restart(TimePoint now) {
    const bool isAdopting = status_.state == State::Adopting;
    const bool runs = hasProcess() || isSpawning_ || isAdopting;
    start(now);
    if (!runs) return;
    isRestarting_ = true;
    failedStart_.clear();
    // What is not found yet is ended when it is.
    if (!isAdopting && status_.state != State::Stopping) beginStop(now, "is to be started anew");
}

void ServerProcess::launchOrWait() {
    if (spec_.isPomelo && !isMasterPresent_) {
        enter(State::Waiting, "waits for a master: a pomelo server ends without one");
        return tell("waiting", status_.note);
    }
    if (spec_.argv.empty()) {
        enter(State::Failed, "it has no command on this node");
        return tell("failed", status_.note);
    }
    spawn();
}

void ServerProcess::spawn() {
    isSpawning_ = true;
    wasKilled_ = false;
    isKillWanted_ = false;
    isAdopted_ = false;
    enter(State::Starting, "is being started");
    act(Kind::Spawn);
}

void ServerProcess::beginStop(TimePoint now, const std::string& cause) {
    if (status_.state != State::Stopping) tell("stopping", cause);
    act(Kind::StopProbe);
    watchdog_.reset();
    // Node.js dies of a signal without a word; asked by its master it runs its shutdown hooks.
    isAskedByMaster_ = spec_.isPomelo && isMasterPresent_ && status_.isReady;
    enter(State::Stopping, "is asked to stop");
    if (!hasProcess()) return;  // as soon as its spawn is answered
    deadline_ = now + spec_.stop.timeout;
    if (!isAskedByMaster_) signalStop(now);
}

void ServerProcess::signalStop(TimePoint now) {
    isAskedByMaster_ = false;
    act(Kind::Signal, spec_.stop.signal);
    // A stopped process would not see the signal before it is continued.
    act(Kind::Signal, SIGCONT);
    deadline_ = now + spec_.stop.timeout;
}

void ServerProcess::escalate(TimePoint now) {
    if (hasRemnants_) return act(Kind::Sweep);
    if (wasKilled_) {
        status_.note = "was killed and does not end: a hung disk or debugger?";
        act(Kind::Sweep);
    } else if (isKillWanted_) {
        status_.note = "is being killed";
    } else {
        status_.note = "did not stop in " + seconds(spec_.stop.timeout) + ": killed";
    }
    wasKilled_ = true;
    isAskedByMaster_ = false;
    act(Kind::Signal, SIGKILL);
    deadline_ = now + kKillAgain;
}

// ---- news of the keeper

void ServerProcess::spawning(std::string nonce) {
    nonce_ = std::move(nonce);
}

void ServerProcess::spawned(const keeper::ChildState& child, TimePoint now) {
    if (!isSpawning_) return;
    isSpawning_ = false;
    const bool isStopping = status_.state == State::Stopping;
    if (std::exchange(hasStartedBefore_, true)) ++status_.restarts;
    tell(status_.restarts > 0 ? "restarted" : "started", "process " + std::to_string(child.pid));
    status_.pid = child.pid;
    if (isStopping) return beginStop(now, {});
    started(child, now);
}

void ServerProcess::started(const keeper::ChildState& child, TimePoint now) {
    status_.pid = child.pid;
    status_.startedMs = child.startedMs;
    status_.cgroup = child.cgroup;
    watchdog_.reset();
    if (status_.hasWatchdog) armWatchdog(now);
    enter(State::Starting, "is not ready yet");
    const bool isEnough = spec_.readiness.kind == config::Readiness::Kind::Start;
    if (isEnough || child.isMatched || std::exchange(isReadyEarly_, false))
        return readySeen("runs", now);
    deadline_ = now + spec_.readiness.timeout;
    act(Kind::StartProbe);
}

void ServerProcess::spawnFailed(const std::string& reason, TimePoint now) {
    if (!isSpawning_) return;
    isSpawning_ = false;
    if (status_.state == State::Stopping) return stopped(now);
    crashed("cannot be started: " + reason, true, milliseconds(0), now);
}

void ServerProcess::clearProcess() {
    act(Kind::StopProbe);
    act(Kind::Forget);
    status_.pid = 0;
    status_.startedMs = 0;
    status_.cgroup.clear();
    status_.busy.reset();
    status_.cpuPercent.reset();
    status_.rssBytes.reset();
    status_.hasWatchdog = false;
    hasRemnants_ = false;
    isCrashPending_ = false;
    isSilent_ = false;
    failedLooks_ = 0;
    watchdog_.reset();
    isEnding_ = false;
    spoken_ = State::Ready;
}

void ServerProcess::exited(const keeper::ChildState& child, TimePoint now) {
    if (child.nonce != nonce_ || !child.exit) return;
    if (!hasProcess() && status_.state != State::Adopting && status_.state != State::Stopping)
        return act(Kind::Forget);
    status_.exit = child.exit;
    if (child.exit->remaining > 0) return remnantsRemain(*child.exit);
    if (status_.state == State::Stopping && !isCrashPending_) {
        clearProcess();
        return stopped(now, describeLeft(*child.exit));
    }
    endedUnasked(*child.exit, now);
}

/// Nothing is started beside what is left of the life before. The keeper goes on killing it, and
/// tells the exit once more when it is gone.
void ServerProcess::remnantsRemain(const keeper::ExitStatus& exit) {
    act(Kind::StopProbe);
    watchdog_.reset();
    status_.pid = 0;
    const std::string note = describe(exit) + ": waits for that before anything else";
    if (status_.state != State::Stopping) {
        isCrashPending_ = true;
        wasReadyAtEnd_ = status_.isReady || status_.state == State::Unresponsive;
        enter(State::Stopping, note);
        tell("stopping", note);
    }
    hasRemnants_ = true;
    status_.note = note;
    deadline_.reset();
}

void ServerProcess::endedUnasked(const keeper::ExitStatus& exit, TimePoint now) {
    const bool wasReady = status_.isReady || status_.state == State::Unresponsive ||
                          std::exchange(wasReadyAtEnd_, false);
    const bool wasEnding = isEnding_;
    const std::string cause = describe(exit);
    tell("exited", cause);
    clearProcess();
    if (!status_.wantsRun) return enter(State::Stopped, cause);
    if (!wasReady && waitsForMasterAfter(exit)) {
        enter(State::Waiting, "found no master at its first connect; waits for one");
        tell("waiting", status_.note);
        // With a master in sight it may have come up just after: once more, but not in a rush.
        if (isMasterPresent_) deadline_ = now + milliseconds(1000);
        return;
    }
    // Of an unknown exit its own last word is all there is to judge it by.
    const bool isFailure = exit.isKnown ? exit.signal != 0 || exit.code != 0 : !wasEnding;
    crashed(cause, isFailure, milliseconds(exit.ranForMs), now);
}

bool ServerProcess::waitsForMasterAfter(const keeper::ExitStatus& exit) const {
    return spec_.isPomelo && exit.isKnown && exit.signal == 0 && exit.code == 0;
}

void ServerProcess::stopped(TimePoint now, const std::string& left) {
    if (!failedStart_.empty())
        return crashed(std::exchange(failedStart_, {}) + left, true,
                       std::exchange(failedAfter_, milliseconds(0)), now);
    std::string how = left.empty() ? "stopped cleanly" : "stopped" + left;
    if (wasKilled_)
        how = "killed after " + seconds(spec_.stop.timeout) + ": it did not stop" + left;
    if (isKillWanted_) how = "killed by a person" + left;
    tell("stopped", how);
    enter(State::Stopped, how);
    if (std::exchange(isRestarting_, false)) launchOrWait();
}

void ServerProcess::crashed(const std::string& cause, bool isFailure, milliseconds ranFor,
                            TimePoint now) {
    const auto verdict = restarts_.onExit(spec_.restart, isFailure, ranFor);
    if (!verdict.restarts) {
        status_.wantsRun = false;
        status_.hasEnded = true;
        enter(isFailure ? State::Failed : State::Stopped, cause + "; " + verdict.reason);
        return tell(isFailure ? "failed" : "stopped", status_.note);
    }
    if (verdict.delay <= milliseconds(0)) return launchOrWait();
    const std::string loop = restarts_.inRow() > 1
                                 ? "crash loop " + std::to_string(restarts_.inRow()) + "x, "
                                 : std::string();
    enter(State::Backoff, loop + "next try in " + seconds(verdict.delay) + ": " + cause);
    deadline_ = now + verdict.delay;
    tell("backoff", status_.note);
}

}  // namespace muster::supervisor
