#pragma once

#include "common/event_loop.hpp"
#include "common/process/keeper_protocol.hpp"
#include "modules/supervisor/restart_policy.hpp"
#include "modules/supervisor/server_spec.hpp"
#include "modules/supervisor/server_status.hpp"

#include <optional>
#include <string>
#include <vector>

namespace muster::supervisor {

/// What the node has to do for a server.
struct ServerAction {
    enum class Kind {
        Spawn,          // with a new nonce; answer with spawned() or spawnFailed()
        Signal,         // `signal` to its group
        Sweep,          // SIGKILL to whatever carries its nonce
        Forget,         // acknowledge its exit
        StartProbe,     // look whether it is ready; answer with readySeen()
        StartLiveness,  // look at it as its spec says; answer each look with livenessSeen()
        StopProbe       // of both kinds
    } kind;
    int signal = 0;
    std::string nonce;  // whose life is meant; empty for Spawn and the probes
    bool operator==(const ServerAction&) const = default;
};

/// How long a server that sends WATCHDOG=1 may be silent; told to it as WATCHDOG_USEC.
inline constexpr std::chrono::milliseconds kWatchdogTime{10'000};

/// One server's whole life on its node: fed with orders, news and time, it says what to do. Pure:
/// no socket, no clock, no process. After every call, take() what it wants and look at deadline().
class ServerProcess {
public:
    struct Output {
        std::vector<ServerAction> actions;
        std::vector<ServerEvent> events;
    };

    /// `seed`: for the jitter of its restarts.
    ServerProcess(ServerSpec spec, std::uint32_t seed);

    // Orders.
    void start(TimePoint now);
    /// Ends it and keeps it stopped.
    void stop(TimePoint now);
    /// SIGKILL at once, and keeps it stopped.
    void kill(TimePoint now);
    /// Ends it if it runs, then starts it.
    void restart(TimePoint now);
    /// Holds for the next start, and its policies at once: a running process is not touched, but it
    /// is looked at as they say.
    void setSpec(ServerSpec spec);

    // News of the keeper.
    /// A spawn with this nonce is under way; before its answer.
    void spawning(std::string nonce);
    void spawned(const keeper::ChildState& child, TimePoint now);
    void spawnFailed(const std::string& reason, TimePoint now);
    /// The spawn was refused: the keeper has a process of it that this node did not know.
    /// attached() is to follow.
    void runsAlready();
    void exited(const keeper::ChildState& child, TimePoint now);
    /// The log line it waits for was written.
    void matched(TimePoint now) { readySeen("wrote the line it was waited for", now); }
    /// What a keeper that was just attached holds of it; none: nothing.
    void attached(const std::optional<keeper::ChildState>& child, TimePoint now);
    /// The keeper is gone: what was asked of it may or may not have happened.
    void keeperLost();

    // News of the server itself.
    void readySeen(const std::string& how, TimePoint now);
    void stoppingSeen(TimePoint now);
    void drainingSeen(bool isDraining, TimePoint now);
    void watchdogSeen(TimePoint now);
    void busySeen(std::int64_t count);
    /// A look at it has ended; `reason`: why it failed.
    void livenessSeen(bool isAlive, const std::string& reason, TimePoint now);

    /// Whether a master can be reached: Node.js pomelo servers cannot start without one.
    void masterPresent(bool isPresent, TimePoint now);
    /// As it was before the node restarted; before attached(). Of `before` count wantsRun,
    /// hasEnded, restarts, and of that life isReady, hasWatchdog and the state.
    void restore(const ServerStatus& before, std::string nonce);
    /// Does not start it by itself until release() or an order: for after a reboot of the host.
    void hold();
    void release(TimePoint now);

    void tick(TimePoint now);
    /// When tick() is next needed.
    std::optional<TimePoint> deadline() const;
    /// In Backoff: when it is started again.
    std::optional<TimePoint> nextTry() const;
    Output take();

    const ServerSpec& spec() const { return spec_; }
    const ServerStatus& status() const { return status_; }
    const std::string& nonce() const { return nonce_; }
    bool isSpawning() const { return isSpawning_; }
    /// The state, or while its process is looked for the last one that was known of it.
    ServerState knownState() const;

private:
    void enter(ServerState state, std::string note);
    void act(ServerAction::Kind kind, int signal = 0);
    void tell(const char* kind, std::string cause);
    void spawn();
    void launchOrWait();
    void started(const keeper::ChildState& child, TimePoint now);
    void beginStop(TimePoint now, const std::string& cause);
    void signalStop(TimePoint now);
    void escalate(TimePoint now);
    void stopped(TimePoint now, const std::string& left = {});
    void remnantsRemain(const keeper::ExitStatus& exit);
    void endedUnasked(const keeper::ExitStatus& exit, TimePoint now);
    void clearProcess();
    void awaitNews(std::string note);
    void vanished(TimePoint now);
    void resume(const keeper::ChildState& child, TimePoint now);
    void heardWhileAdopting(ServerState state);
    void armWatchdog(TimePoint now);
    void watchdogPassed(TimePoint now);
    void watchLife(TimePoint now);
    void unresponsive(const std::string& reason, TimePoint now);
    void answersAgain();
    void readinessPassed(TimePoint now);
    void crashed(const std::string& cause, bool isFailure, std::chrono::milliseconds ranFor,
                 TimePoint now);
    bool waitsForMasterAfter(const keeper::ExitStatus& exit) const;
    bool hasProcess() const { return status_.pid > 0 || hasRemnants_; }

    ServerSpec spec_;
    ServerStatus status_;
    RestartDecider restarts_;
    std::string nonce_;
    std::optional<TimePoint> deadline_;         // of the state: readiness, kill or next try
    std::optional<TimePoint> watchdog_;         // unresponsive after it; none: it sends no watchdog
    ServerState spoken_ = ServerState::Ready;   // what an unresponsive one is when it answers again
    bool isSilent_ = false;                     // its watchdog time has passed
    int failedLooks_ = 0;                       // in a row
    TimePoint servesSince_{};                   // it was ready, or found again
    std::string failedStart_;                   // why a stop under way is to count as a crash
    std::chrono::milliseconds failedAfter_{0};  // how long it had served then
    ServerState resume_ = ServerState::Stopped;  // what it was before the keeper was lost
    bool hasRemnants_ = false;                   // it has ended, but not all that it started
    bool isCrashPending_ = false;                // then it is judged as one that ended unasked
    bool wasReadyAtEnd_ = false;                 // of that one
    bool isSpawning_ = false;
    bool isReadyEarly_ = false;  // it said so before its spawn was answered
    bool isEndNews_ = false;     // of what is looked for: it was not known to have ended
    bool isRestarting_ = false;  // a stop under way is followed by a start
    bool isHeld_ = false;
    bool isEnding_ = false;   // it said STOPPING=1: it ends by itself
    bool isAdopted_ = false;  // a word of its process may have been lost: nobody was there to hear
    bool wasKilled_ = false;
    bool isAskedByMaster_ = false;  // a stop under way began without a signal
    bool isKillWanted_ = false;     // by a person, not because a stop took too long
    bool isMasterPresent_ = false;
    bool hasStartedBefore_ = false;
    Output output_;
};

}  // namespace muster::supervisor
