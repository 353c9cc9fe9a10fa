#pragma once

#include "common/process/epoll_loop.hpp"
#include "common/process/keeper_protocol.hpp"
#include "common/process/process_identity.hpp"
#include "common/process/record_directory.hpp"
#include "keeper/cgroup.hpp"
#include "keeper/listen_sockets.hpp"
#include "keeper/log_pipe.hpp"
#include "keeper/remnants.hpp"
#include "keeper/spawn.hpp"
#include "keeper/sweeper.hpp"

#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace muster::keeper {

/// The keeper's children: at most one live process an id, each known by its identity, each recorded
/// on disk before it runs. Single-threaded; owned by the keeper.
class ChildTable {
public:
    using Listener = std::function<void(const Event&)>;
    struct Options {
        std::string stateDirectory;
        LogLimits logs;
        std::string cgroupParent;  // as CgroupTree's
    };
    ChildTable(EpollLoop& loop, Options options, Listener listener);
    ~ChildTable();
    ChildTable(const ChildTable&) = delete;
    ChildTable& operator=(const ChildTable&) = delete;

    /// Makes the directories and adopts what an earlier keeper left running. Failed: the state
    /// directory cannot be written.
    Result<void> open();
    /// Conflict while a process of that id runs, or one that it left behind does not die. An
    /// unacknowledged exit of it is forgotten.
    Result<ChildState> spawn(const SpawnRequest& request);
    /// To the process group of that very life. UnknownServer if it is not running (any more).
    Result<void> signal(const std::string& id, const std::string& nonce, int signal);
    /// SIGKILL to every process that carries the nonce, in whatever session. How many there were.
    Result<int> sweep(const std::string& id, const std::string& nonce);
    /// Closes the sockets that were kept for its next life. Conflict while it runs.
    Result<void> release(const std::string& id);
    /// Acknowledges an exit. Conflict while it runs or something of it remains; no effect on what
    /// is not known.
    Result<void> forget(const std::string& id, const std::string& nonce);
    std::vector<ChildState> list() const;
    std::optional<ChildState> find(const std::string& id) const;
    /// Of all output, open now.
    std::vector<int> pipes() const;
    /// Collects what ended: after SIGCHLD.
    void reap();

private:
    struct Child {
        ChildState state;
        std::optional<ExitStatus> end;  // it has ended, and what it left behind is being killed
        ProcessIdentity identity;
        Cgroup cgroup;
        UniqueFd process;  // its pidfd, while it runs: tells its end, takes its signals
        std::string readyPattern;
        std::vector<std::string> sockets;  // addresses of what it was given
        std::unique_ptr<LogPipe> output, errors;
    };
    Result<SpawnedProcess> run(const SpawnRequest& request, Child& child);
    Result<void> openPipes(Child& child);
    void watchPattern(Child& child, const std::string& pattern);
    void adopt(const std::string& record);
    void watchEnd(Child& child);
    void onEnd(Child& child);
    void ended(Child& child, ExitStatus status);
    void sweepAfter(Child& child);
    void swept(const std::string& id, SweepOutcome outcome);
    void collect(const siginfo_t& info);
    void removeCgroup(const Cgroup& cgroup, int tries);
    void record(const Child& child);
    ChildState snapshot(const Child& child) const;
    std::set<pid_t> runningPids() const;
    Child* findRunning(const std::string& id, const std::string& nonce);

    EpollLoop& loop_;
    std::string stateDirectory_;
    LogLimits limits_;
    Listener listener_;
    RecordDirectory records_;
    std::string bootId_;
    CgroupTree cgroups_;
    ListenSockets sockets_;
    std::map<std::string, Child> children_;
    Remnants remnants_;
    Sweeper sweeper_;
};

}  // namespace muster::keeper
