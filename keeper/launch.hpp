#pragma once

#include <muster/result.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace muster::keeper {

struct LaunchOptions {
    std::string stateDirectory;            // absolute
    std::vector<std::string> keeperArgv;   // argv[0] an absolute path
    std::chrono::milliseconds wait{5000};  // for the socket to answer
};

/// True if a keeper of that state directory answers at its socket.
bool isKeeperAlive(const std::string& stateDirectory);
/// Starts a keeper as a daemon: a session of its own, no terminal, no file descriptor and no
/// MUSTER_* variable of ours, stderr to `<state>/logs/muster-keeper.log`. Returns when its socket
/// answers; at once if one does already. Timeout: it did not answer in time; the log says why.
/// Safe to call from a process with threads.
Result<void> launchKeeper(const LaunchOptions& options);
/// The same with this very program: `<self> keep --state <dir> --log <file> -- <nodeArgv...>`.
Result<void> launchKeeper(const std::string& stateDirectory,
                          const std::vector<std::string>& nodeArgv);
/// The argv that launchKeeper of this program uses.
std::vector<std::string> keeperCommand(const std::string& stateDirectory,
                                       const std::vector<std::string>& nodeArgv);

/// Makes the keeper execute `program` in its own place (the same process, its servers and their
/// pipes as they are) and start its node anew; returns when the new one answers. Closed: there is
/// no keeper.
Result<void> upgradeKeeper(const std::string& stateDirectory, const std::string& program,
                           std::chrono::milliseconds wait = std::chrono::seconds(10));

/// Asks the keeper to end with its node and waits until it has. Conflict: servers run. No error if
/// there is none.
Result<void> shutDownKeeper(const std::string& stateDirectory,
                            std::chrono::milliseconds wait = std::chrono::seconds(10));

}  // namespace muster::keeper
