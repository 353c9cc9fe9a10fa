#include "common/log.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <muster/json.hpp>

// Nodes that are away, and what that makes of their servers: nobody knows. They are started nowhere
// else for it: their node goes on by itself.
namespace muster::supervisor {

namespace {

constexpr std::chrono::milliseconds kLook{1'000};

}  // namespace

void SupervisorMaster::lookAtNodes() {
    nodeTimer_ = loop_.after(kLook, [this] { lookAtNodes(); });
    for (const std::string& nodeId : nodeWatch_.look(loop_.now())) {
        log::warn("supervisor", "{} is silent: its servers are lost until it speaks", nodeId);
        fleet_.nodeGone(nodeId);
        tellLost(nodeId, nodeId + " is silent");
        awaitNode(nodeId);
        mirror();
        scheduleReconcile();
    }
}

void SupervisorMaster::tellLost(const std::string& nodeId, const std::string& why) {
    if (!lostNodes_.insert(nodeId).second) return;
    for (const std::string& id : fleet_.ids()) {
        const Fleet::Server& server = *fleet_.find(id);
        if (server.nodeId != nodeId) continue;
        dirty_.insert(id);
        if (server.status)
            agent_->publishEvent("lost", id, jsonText({{"cause", why}, {"node", nodeId}}));
    }
}

/// It has said all it has: what it says from now on is the truth.
void SupervisorMaster::tellFound(const std::string& nodeId) {
    if (lostNodes_.erase(nodeId) == 0) return;
    for (const std::string& id : fleet_.ids()) {
        const Fleet::Server& server = *fleet_.find(id);
        if (server.nodeId != nodeId) continue;
        dirty_.insert(id);
        if (server.status)
            agent_->publishEvent("found", id,
                                 jsonText({{"cause", nodeId + " speaks again"}, {"node", nodeId}}));
    }
}

}  // namespace muster::supervisor
