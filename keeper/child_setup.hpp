#pragma once

#include "keeper/spawn.hpp"

#include <optional>
#include <string>
#include <vector>

#include <sched.h>
#include <sys/resource.h>
#include <sys/types.h>

namespace muster::keeper {

/// What a child does before it executes its program; one of them may fail.
enum class Step : int {
    Session,
    Cgroup,
    Input,
    Output,
    ErrorOutput,
    Sockets,
    Nice,
    Limit,
    Cpus,
    Groups,
    Group,
    User,
    Directory,
    Exec
};

/// What the child writes into the error pipe.
struct StepFailure {
    Step step;
    int error;
    int index;  // Limit: which one
};

struct Account {
    uid_t user = 0;
    gid_t group = 0;
    std::vector<gid_t> groups;
};

struct ResourceLimit {
    int resource = 0;
    rlimit value{};
};

/// A plan as values that need no allocation any more: between clone and exec there are only system
/// calls.
struct Prepared {
    std::string program;
    std::vector<char*> argv, env;
    std::optional<Account> account;
    std::vector<ResourceLimit> limits;
    std::optional<cpu_set_t> cpus;
    char* listenPid = nullptr;  // the value of LISTEN_PID, room for 12 bytes; null: no sockets
    const SpawnPlan* plan = nullptr;
    int errorPipe = -1;
    int unifiedProcs = -1;  // cgroup.procs of version 2, where it is not born in there
};

/// Runs the steps of a `Prepared` and its program, or writes the StepFailure. Does not return.
/// Async-signal-safe: it may run in the caller's memory.
void runChild(void* prepared);

/// In words, e.g. "setrlimit nofile 1000000: Operation not permitted".
Error describe(const StepFailure& failure, const Prepared& prepared);

}  // namespace muster::keeper
