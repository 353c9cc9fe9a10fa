#pragma once

#include <string>
#include <vector>

namespace muster::app {

struct NodeOptions {
    std::string stateDirectory;  // absolute; holds `node.token` and keeper.sock
    std::string master = "mqtt://127.0.0.1:3005";
    std::string cluster = "default";
    std::string id;  // empty: nodeId(), or with another host than loopback "node-<host>"
    std::string host = "127.0.0.1";
    std::string caFile, certFile, keyFile;  // for mqtts://
    std::vector<std::string> keeperArgv;  // starts a new keeper when the old one died; empty: never
};

/// "node-<hostname>", with what is not of the id alphabet replaced by "-"; at most 64 bytes.
std::string nodeId();

/// `muster node`: decides the life of the servers of this host until SIGTERM or SIGINT, or until
/// its keeper is told to end; servers go on. 0; 1 it could not start; 8 another node has the state
/// directory. Call before other threads are started: it blocks the signals it waits for.
int runNode(const NodeOptions& options);

}  // namespace muster::app
