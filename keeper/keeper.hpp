#pragma once

#include "keeper/log_file.hpp"

#include <muster/result.hpp>

#include <string>
#include <vector>

namespace muster::keeper {

struct KeeperOptions {
    std::string stateDirectory;         // absolute
    std::vector<std::string> nodeArgv;  // empty: no node is kept
    LogLimits logs;
    std::vector<std::string> keeperArgv;  // of this very process; empty: it cannot be upgraded
    std::string cgroupParent;             // as CgroupTree has it
};

/// Runs the keeper on this thread until SIGTERM, SIGINT or a shutdown request: becomes a subreaper,
/// adopts what an earlier keeper left, listens, starts the node. The node ends with it, servers
/// stay alive. Conflict: another keeper holds the state directory. Call from a process of one
/// thread: it blocks signals and reaps every child.
Result<void> runKeeper(const KeeperOptions& options);

}  // namespace muster::keeper
