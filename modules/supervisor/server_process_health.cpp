#include "modules/supervisor/server_process.hpp"

#include <algorithm>
#include <utility>

// Whether a server that serves still lives: its own watchdog, and looks at it.
namespace muster::supervisor {

using Kind = ServerAction::Kind;
using State = ServerState;
using std::chrono::milliseconds;
using Looks = config::Liveness::Kind;
using config::OnUnresponsive;

/// From now: it has as long to speak as if it had spoken just now.
void ServerProcess::watchLife(TimePoint now) {
    servesSince_ = now;
    isSilent_ = false;
    failedLooks_ = 0;
    if (status_.hasWatchdog) armWatchdog(now);
    if (spec_.liveness.kind != Looks::None) act(Kind::StartLiveness);
}

void ServerProcess::armWatchdog(TimePoint now) {
    watchdog_ = now + kWatchdogTime;
}

void ServerProcess::setSpec(ServerSpec spec) {
    const bool isOther = spec.liveness != spec_.liveness;
    const bool mayRestart = spec.onUnresponsive == OnUnresponsive::Restart &&
                            spec_.onUnresponsive != OnUnresponsive::Restart;
    spec_ = std::move(spec);
    const State state = status_.state;
    if (state != State::Ready && state != State::Draining && state != State::Unresponsive) return;
    if (mayRestart && state == State::Unresponsive) watchdog_ = TimePoint{};  // at the next tick
    if (!isOther) return;
    act(Kind::StopProbe);
    failedLooks_ = 0;
    if (spec_.liveness.kind != Looks::None) act(Kind::StartLiveness);
    answersAgain();  // those looks are no more
}

void ServerProcess::watchdogSeen(TimePoint now) {
    if (status_.state == State::Adopting) {
        status_.hasWatchdog = true;
        if (resume_ == State::Unresponsive) heardWhileAdopting(spoken_);
        return;
    }
    if (isSpawning_) status_.hasWatchdog = true;  // it was faster than the keeper's answer
    if (!hasProcess() || status_.state == State::Stopping) return;
    status_.hasWatchdog = true;
    armWatchdog(now);
    isSilent_ = false;
    answersAgain();
}

void ServerProcess::watchdogPassed(TimePoint now) {
    watchdog_.reset();
    if (status_.state == State::Starting) return armWatchdog(now);  // it has its own limit
    if (status_.state == State::Unresponsive && !isSilent_) return unresponsive(status_.note, now);
    isSilent_ = true;
    unresponsive(
        "its watchdog is silent for " + std::to_string(kWatchdogTime.count() / 1000) + " s", now);
}

void ServerProcess::livenessSeen(bool isAlive, const std::string& reason, TimePoint now) {
    const State state = status_.state;
    if (state != State::Ready && state != State::Draining && state != State::Unresponsive) return;
    if (isAlive) {
        failedLooks_ = 0;
        return answersAgain();
    }
    failedLooks_ = std::min(failedLooks_ + 1, 1'000'000);
    if (failedLooks_ < spec_.liveness.failures) return;
    const std::string times = failedLooks_ == 1 ? "" : std::to_string(failedLooks_) + " times: ";
    unresponsive("its liveness failed " + times + reason, now);
}

void ServerProcess::unresponsive(const std::string& reason, TimePoint now) {
    const State state = status_.state;
    const bool isRestarted = spec_.onUnresponsive == OnUnresponsive::Restart;
    if (state == State::Unresponsive && !isRestarted) return;  // known
    if (state != State::Ready && state != State::Draining && state != State::Unresponsive) return;
    if (state != State::Unresponsive) spoken_ = state;
    if (!isRestarted) {
        enter(State::Unresponsive, reason);
        return tell("unresponsive", reason);
    }
    tell("unresponsive", reason + ": it is stopped and started again");
    failedStart_ = "was unresponsive: " + reason;
    failedAfter_ = std::chrono::duration_cast<milliseconds>(now - servesSince_);
    beginStop(now, failedStart_);
    status_.note = "is unresponsive and asked to stop: " + reason;
}

void ServerProcess::answersAgain() {
    if (status_.state != State::Unresponsive) return;
    if (isSilent_ || failedLooks_ >= spec_.liveness.failures) return;
    enter(spoken_, "answers again");
    tell(spoken_ == State::Draining ? "draining" : "ready", "answers again");
}

}  // namespace muster::supervisor
