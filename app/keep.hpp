#pragma once

#include <string>
#include <vector>

namespace muster::app {

struct KeepOptions {
    std::string stateDirectory;         // absolute
    std::vector<std::string> nodeArgv;  // empty: no node is kept
    std::vector<std::string> argv;      // of this process; argv[0] an absolute path
    std::string logFile;                // empty: stderr
};

/// `muster keep`: holds the servers of this host until it is told to end. The exit status: 0; 1 it
/// could not start; 8 another keeper holds the directory.
int runKeep(const KeepOptions& options);

}  // namespace muster::app
