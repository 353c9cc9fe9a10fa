#pragma once

#include "common/process/unique_fd.hpp"

#include <sys/types.h>

namespace muster::keeper {

/// How a process is to be made.
struct ClonePlan {
    // Runs in the caller's memory until it executes a program, while the calling thread waits: what
    // a spawn costs is then the same however much memory the caller has.
    bool sharesMemory = false;
    int cgroup = -1;  // directory fd of a cgroup v2 to be born in; -1: the caller's
};

struct ClonedProcess {
    pid_t pid = -1;    // -1: none, errno says why
    UniqueFd process;  // its pidfd
};

/// Runs `entry(argument)` in a new process, with every signal blocked. `entry` must not return, and
/// with sharesMemory it may only do what is async-signal-safe. A host that refuses clone3 (old, or
/// a sandbox) gets a fork; not so if a cgroup was asked for.
ClonedProcess cloneProcess(const ClonePlan& plan, void (*entry)(void*), void* argument);

}  // namespace muster::keeper
