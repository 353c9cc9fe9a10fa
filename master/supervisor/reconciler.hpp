#pragma once

#include "common/process/server_state.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::supervisor {

/// What should be of one server.
struct DesiredServer {
    std::string id;
    std::string type;
    std::string nodeId;  // the node of its host
    bool wantsRun = false;
    bool isRequested = false;  // a person asked for a start: also where it failed or has ended
    std::vector<std::string> dependsOn;  // types
    bool isCordoned = false;             // draining is as good as ready for its dependents
};

/// What its node says of it.
struct ObservedServer {
    ServerState state = ServerState::Stopped;
    bool isReady = false;
    bool wantsRun = false;  // the node goes on with it by itself
    bool hasEnded = false;  // by itself, and its policy says to leave it so
};

/// Desired and observed at one moment. A server that is not observed has no process on its node.
struct ClusterView {
    std::map<std::string, DesiredServer> desired;
    std::map<std::string, ObservedServer> observed;
    std::set<std::string> nodes;     // here, and what is on them is known
    std::set<std::string> inFlight;  // servers with an order that has not ended
};

struct PlannedOrder {
    enum class Op { Start, Stop } op;
    std::string id;
    bool operator==(const PlannedOrder&) const = default;
};

struct Plan {
    std::vector<PlannedOrder> orders;          // may all be sent at once
    std::map<std::string, std::string> notes;  // id -> why nothing is ordered, in words
};

/// Compares what should be with what is and says the next orders: starts when the servers of all
/// types it depends on are ready, stops when what depends on it has ended. It looks at the present
/// only, so it converges from any state and replays nothing. Pure.
class Reconciler {
public:
    /// Servers that may be starting at once, of the cluster and of one node; 0: no bound.
    struct Width {
        std::size_t cluster = 0;
        std::size_t node = 0;
    };
    Reconciler() = default;
    explicit Reconciler(Width width) : width_(width) {}
    Plan plan(const ClusterView& view) const;

private:
    Width width_;
};

}  // namespace muster::supervisor
