#pragma once

#include "common/process/process_settings.hpp"
#include "common/process/unique_fd.hpp"

#include <muster/result.hpp>

#include <string>
#include <vector>

#include <sys/types.h>

namespace muster::keeper {

/// Everything a child is started with. Nothing else of the keeper reaches it: no file descriptor,
/// no signal mask or disposition, no variable.
struct SpawnPlan {
    std::vector<std::string> argv;  // argv[0] without a slash is looked up in env's PATH
    std::vector<std::string> env;
    std::string cwd;                    // empty: /
    std::string user;                   // empty: as the keeper runs
    std::string outputFifo, errorFifo;  // opened for reading and writing as stdout and stderr
    ProcessSettings settings;           // without what a cgroup is for
    std::vector<int> sockets;           // passed as LISTEN_FDS; each number above 63
    int cgroup = -1;                    // directory of a cgroup v2 it is born in; -1: none
    std::vector<int> cgroupFiles;       // cgroup.procs that it writes itself into
};

struct SpawnedProcess {
    pid_t pid = 0;
    UniqueFd process;  // its pidfd; none where the kernel has no such thing
};

/// Starts a process in a session of its own. Returns once it runs its program; otherwise the error
/// names the step that failed and why, e.g. "exec ./server: No such file or directory". Blocks
/// until exec, a millisecond or so.
Result<SpawnedProcess> spawnProcess(const SpawnPlan& plan);

}  // namespace muster::keeper
