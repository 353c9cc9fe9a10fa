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
        if (!observe(view, id).isReady) return id;
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

std::size_t countStarting(const ClusterView& view) {
    const auto isStarting = [](const auto& entry) { return entry.second.state == State::Starting; };
    return static_cast<std::size_t>(
        std::count_if(view.observed.begin(), view.observed.end(), isStarting));
}

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
    std::size_t starting = countStarting(view);
    for (const auto& [id, server] : view.desired) {
        if (view.inFlight.contains(id)) continue;
        const ObservedServer& observed = observe(view, id);
        const bool isStart = server.wantsRun;
        if (isStart ? !needsStart(server, observed) : !needsStop(observed)) continue;
        std::string reason = obstacle(view, server, isStart);
        if (reason.empty() && isStart && startWidth_ > 0 && starting >= startWidth_)
            reason = "waits its turn: " + std::to_string(startWidth_) + " are starting";
        if (!reason.empty()) {
            plan.notes.emplace(id, std::move(reason));
            continue;
        }
        if (isStart) ++starting;
        plan.orders.push_back({isStart ? PlannedOrder::Op::Start : PlannedOrder::Op::Stop, id});
    }
    return plan;
}

}  // namespace muster::supervisor
