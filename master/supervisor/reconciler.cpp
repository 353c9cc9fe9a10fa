#include "master/supervisor/reconciler.hpp"

#include <algorithm>

namespace muster::supervisor {

namespace {

using State = ServerState;

const ObservedServer& observe(const ClusterView& view, const std::string& id) {
    static const ObservedServer kNothing;
    const auto found = view.observed.find(id);
    return found == view.observed.end() ? kNothing : found->second;
}

/// Its node would do something, or has something running.
bool isAlive(const ObservedServer& observed) {
    return mayRun(observed.state) || observed.state == State::Backoff ||
           observed.state == State::Waiting;
}

bool dependsOn(const DesiredServer& server, const std::string& type) {
    return std::find(server.dependsOn.begin(), server.dependsOn.end(), type) !=
           server.dependsOn.end();
}

bool needsStart(const DesiredServer& server, const ObservedServer& observed) {
    if (isAlive(observed)) return observed.state == State::Backoff && server.isRequested;
    const bool isLeft = observed.state == State::Failed || observed.hasEnded;
    return !isLeft || server.isRequested;
}

bool needsStop(const ObservedServer& observed) {
    return observed.state != State::Stopping && (isAlive(observed) || observed.wantsRun);
}

/// The first server of a type it depends on that is wanted and not ready; empty: none.
std::string missingDependency(const ClusterView& view, const DesiredServer& server) {
    for (const auto& [id, other] : view.desired) {
        if (!other.wantsRun || id == server.id || !dependsOn(server, other.type)) continue;
        const ObservedServer& observed = observe(view, id);
        const bool isDraining = other.isCordoned && observed.state == State::Draining;
        if (!observed.isReady && !isDraining) return id;
    }
    return {};
}

/// The first server that depends on it, is to stop as well and has not ended; empty: none.
std::string remainingDependent(const ClusterView& view, const DesiredServer& server) {
    for (const auto& [id, other] : view.desired) {
        if (other.wantsRun || id == server.id || !dependsOn(other, server.type)) continue;
        if (isAlive(observe(view, id))) return id;
    }
    return {};
}

/// How many servers are on their way up, so that no more are begun than the width allows.
class Starters {
public:
    Starters(const ClusterView& view, Reconciler::Width width) : width_(width) {
        if (width_.cluster == 0 && width_.node == 0) return;
        for (const auto& [id, server] : view.desired) {
            const bool isOrdered = server.wantsRun && view.inFlight.contains(id);
            const ObservedServer& observed = observe(view, id);
            // One that is ready already is in flight for another reason.
            if (observed.state == State::Starting || (isOrdered && !observed.isReady))
                add(server.nodeId);
        }
    }
    void add(const std::string& nodeId) {
        ++all_;
        ++ofNode_[nodeId];
    }
    /// Why one more on `nodeId` has to wait; empty: it need not.
    std::string obstacle(const std::string& nodeId) const {
        if (width_.cluster > 0 && all_ >= width_.cluster)
            return "waits its turn: " + std::to_string(all_) + " are starting";
        const auto found = ofNode_.find(nodeId);
        const std::size_t here = found == ofNode_.end() ? 0 : found->second;
        if (width_.node == 0 || here < width_.node) return {};
        return "waits its turn: " + std::to_string(here) + " are starting on its host";
    }

private:
    Reconciler::Width width_;
    std::size_t all_ = 0;
    std::map<std::string, std::size_t> ofNode_;
};

/// What stands against the next order for `server`; empty: nothing.
std::string obstacle(const ClusterView& view, const DesiredServer& server, bool isStart) {
    if (!view.nodes.contains(server.nodeId)) return "waits for node " + server.nodeId;
    if (isStart) {
        const std::string missing = missingDependency(view, server);
        if (missing.empty()) return {};
        return "waits for " + missing + " ready, which is " +
               stateName(observe(view, missing).state);
    }
    const std::string remaining = remainingDependent(view, server);
    return remaining.empty() ? std::string() : "waits for " + remaining + " to end";
}

}  // namespace

Plan Reconciler::plan(const ClusterView& view) const {
    Plan plan;
    Starters starters(view, width_);
    for (const auto& [id, server] : view.desired) {
        if (view.inFlight.contains(id)) continue;
        const ObservedServer& observed = observe(view, id);
        const bool isStart = server.wantsRun;
        if (isStart ? !needsStart(server, observed) : !needsStop(observed)) continue;
        std::string reason = obstacle(view, server, isStart);
        if (reason.empty() && isStart) reason = starters.obstacle(server.nodeId);
        if (!reason.empty()) {
            plan.notes.emplace(id, std::move(reason));
            continue;
        }
        if (isStart) starters.add(server.nodeId);
        plan.orders.push_back({isStart ? PlannedOrder::Op::Start : PlannedOrder::Op::Stop, id});
    }
    return plan;
}

}  // namespace muster::supervisor
