#include "modules/supervisor/fleet.hpp"

#include "common/wire/envelope.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

namespace muster::supervisor {

using Json = nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kFormerPids = 8;

WallTime wallTimeOf(std::int64_t unixMilliseconds) {
    return WallTime(milliseconds(unixMilliseconds));
}

ServerState stateOf(const Fleet::Server& server, bool isNodeKnown) {
    if (server.status) return isNodeKnown ? server.status->state : ServerState::Lost;
    if (server.member) return server.isMemberReady ? ServerState::Ready : ServerState::Starting;
    return server.wish && server.wish->wantsRun ? ServerState::Waiting : ServerState::Stopped;
}

void addStatus(Json& row, const ServerStatus& status, WallTime wall, bool withAges) {
    if (status.pid > 0) row["pid"] = status.pid;
    row["restarts"] = status.restarts;
    if (status.busy) row["busy"] = *status.busy;
    if (!status.note.empty()) row["note"] = status.note;
    if (status.exit) {
        row["exit"] = {{"time", wire::formatTime(wallTimeOf(status.exit->timeMs))}};
        if (status.exit->isKnown && status.exit->signal == 0)
            row["exit"]["code"] = status.exit->code;
        if (status.exit->isKnown && status.exit->signal != 0)
            row["exit"]["signal"] = status.exit->signal;
        if (status.exit->hasCore) row["exit"]["core"] = true;
        if (status.exit->isOutOfMemory) row["exit"]["outOfMemory"] = true;
        if (status.exit->memoryLimit > 0) row["exit"]["memoryLimit"] = status.exit->memoryLimit;
        if (status.exit->remnants > 0) row["exit"]["remnants"] = status.exit->remnants;
        if (status.exit->remaining > 0) row["exit"]["remaining"] = status.exit->remaining;
        if (!status.exit->lastLines.empty()) row["exit"]["lastLines"] = status.exit->lastLines;
    }
    if (status.nextTryMs > 0) row["nextTryMs"] = status.nextTryMs;
    if (!status.cgroup.empty()) row["cgroup"] = status.cgroup;
    if (!withAges) return;
    if (status.startedMs > 0) {
        const auto uptime =
            std::chrono::duration_cast<milliseconds>(wall - wallTimeOf(status.startedMs));
        row["uptimeMs"] = std::max<std::int64_t>(0, uptime.count());
    }
    if (status.cpuPercent) row["cpuPercent"] = *status.cpuPercent;
    if (status.rssBytes) row["rssBytes"] = *status.rssBytes;
}

}  // namespace

Fleet::Server& Fleet::entryOf(const std::string& id) {
    const auto [found, isNew] = servers_.try_emplace(id);
    if (isNew) {
        found->second.entry.id = id;
        order_.push_back(id);
    }
    return found->second;
}

/// Remembers the pid that was: several lives may come and go before its leave is heard.
void Fleet::endLife(Server& server, pid_t newPid) {
    if (!server.status || server.status->pid == newPid || server.status->pid <= 0) return;
    server.formerPids.push_back(server.status->pid);
    if (server.formerPids.size() > kFormerPids) server.formerPids.erase(server.formerPids.begin());
}

void Fleet::define(Server server) {
    Server& known = entryOf(server.entry.id);
    known.entry = std::move(server.entry);
    known.nodeId = std::move(server.nodeId);
    known.dependsOn = std::move(server.dependsOn);
    known.isPomelo = server.isPomelo;
    known.isDefined = true;
    known.spec = std::move(server.spec);
    known.policy = std::move(server.policy);
}

void Fleet::remove(const std::string& id) {
    const auto found = servers_.find(id);
    if (found == servers_.end()) return;
    Server& server = found->second;
    if (server.member) {  // a guest from now on
        server.isDefined = false;
        server.nodeId.clear();
        server.wish.reset();
        server.status.reset();
        return;
    }
    servers_.erase(found);
    std::erase(order_, id);
}

void Fleet::wish(const std::string& id, Wish wish) {
    Server& server = entryOf(id);
    server.wish = wish;
    server.isRequested = wish.wantsRun;
}

void Fleet::cordon(const std::string& id, Cordon cordon) {
    if (const auto found = servers_.find(id); found != servers_.end())
        found->second.cordon = cordon;
}

void Fleet::setOrdered(const std::string& id) {
    entryOf(id).isRequested = false;
}

void Fleet::setPlan(const std::map<std::string, std::string>& notes) {
    for (auto& [id, server] : servers_) {
        const auto note = notes.find(id);
        server.plan = note == notes.end() ? std::string() : note->second;
    }
}

std::vector<std::string> Fleet::apply(const std::string& nodeId, const NodeReport& report,
                                      TimePoint now) {
    std::vector<std::string> changed;
    std::set<std::string> named;
    std::vector<std::string> gone;  // of no config, and its node has forgotten it
    for (const ServerStatus& status : report.servers) {
        named.insert(status.id);
        const auto known = servers_.find(status.id);
        // A node speaks for its own servers only; what nobody else has is its.
        if (known != servers_.end() && !known->second.nodeId.empty() &&
            known->second.nodeId != nodeId)
            continue;
        Server& server = entryOf(status.id);
        server.nodeId = nodeId;
        if (server.entry.type.empty()) server.entry.type = status.type;
        if (!server.status || *server.status != status) changed.push_back(status.id);
        endLife(server, status.pid);
        server.status = std::make_unique<ServerStatus>(status);
        if (status.isReady) server.isRequested = false;
        server.heard = now;
    }
    if (!report.isSnapshot) return changed;
    nodes_.insert(nodeId);
    for (auto& [id, server] : servers_) {
        if (server.nodeId != nodeId || named.contains(id)) continue;
        if (server.status) changed.push_back(id);
        server.status.reset();
        if (!server.isDefined && !server.member) gone.push_back(id);
    }
    for (const std::string& id : gone) {
        remove(id);
        changed.push_back(id);
    }
    return changed;
}

void Fleet::answered(const std::string& id, ServerState state, pid_t pid,
                     std::optional<std::uint64_t> revision) {
    const auto found = servers_.find(id);
    if (found == servers_.end()) return;
    std::unique_ptr<ServerStatus>& status = found->second.status;
    if (status && revision && *revision <= status->revision) return;  // old news
    if (status && status->state == state && status->pid == pid) return;
    if (!status) status = std::make_unique<ServerStatus>();
    status->revision = revision.value_or(0);
    status->id = id;
    status->type = found->second.entry.type;
    status->state = state;
    status->isReady = state == ServerState::Ready;
    status->wantsRun = pid > 0;
    endLife(found->second, pid);
    status->pid = pid;
}

void Fleet::nodeGone(const std::string& nodeId) {
    nodes_.erase(nodeId);
}

void Fleet::memberHere(const ServerInfo& info, TimePoint now) {
    Server& server = entryOf(info.id);
    if (server.entry.type.empty()) {
        server.entry.type = info.type;
        server.entry.host = info.host;
        server.entry.port = info.port;
    }
    if (!server.member || server.member->incarnation != info.incarnation)
        server.isMemberReady = false;
    server.member = {info.incarnation, info.pid, info.isPomelo};
    if (!server.status) server.heard = now;
}

void Fleet::memberGone(const std::string& id) {
    const auto found = servers_.find(id);
    if (found == servers_.end()) return;
    found->second.member.reset();
    found->second.isMemberReady = false;
    found->second.memberBusy.reset();
    if (!found->second.nodeId.empty()) return;
    servers_.erase(found);  // it came by itself and went by itself
    std::erase(order_, id);
}

void Fleet::memberReady(const std::string& id) {
    const auto found = servers_.find(id);
    if (found != servers_.end() && found->second.member) found->second.isMemberReady = true;
}

bool Fleet::isThisLifeReady(const std::string& id) const {
    const Server* server = find(id);
    if (server == nullptr || !server->isMemberReady || !server->status) return false;
    // Another pid than the node's is that of a program which the server's command started.
    const long pid = server->member->pid;
    const auto& former = server->formerPids;
    return pid == 0 || pid == server->status->pid ||
           std::find(former.begin(), former.end(), pid) == former.end();
}

bool Fleet::memberSays(const std::string& id, std::int64_t busy, std::string version) {
    const auto found = servers_.find(id);
    if (found == servers_.end() || !found->second.member) return false;
    Server& server = found->second;
    if (server.memberBusy == busy && server.version == version) return false;
    server.memberBusy = busy;
    server.version = std::move(version);
    return true;
}

ClusterView Fleet::view(const std::set<std::string>& inFlight) const {
    ClusterView view;
    view.inFlight = inFlight;
    view.nodes = nodes_;
    for (const auto& [id, server] : servers_) {
        if (server.wish)
            view.desired[id] = {id,
                                server.entry.type,
                                server.nodeId,
                                server.wish->wantsRun,
                                server.isRequested,
                                server.dependsOn,
                                server.cordon != Cordon::None};
        if (server.status && nodes_.contains(server.nodeId))
            view.observed[id] = {server.status->state, server.status->isReady,
                                 server.status->wantsRun, server.status->hasEnded};
    }
    return view;
}

const Fleet::Server* Fleet::find(const std::string& id) const {
    const auto found = servers_.find(id);
    return found == servers_.end() ? nullptr : &found->second;
}

bool Fleet::isManaged(const std::string& id) const {
    const Server* server = find(id);
    return server != nullptr && (server->wish || server->status);
}

bool Fleet::isReady(const std::string& id) const {
    const Server* server = find(id);
    return server != nullptr && server->status && server->status->isReady &&
           nodes_.contains(server->nodeId);
}

bool Fleet::isDraining(const std::string& id) const {
    const Server* server = find(id);
    return server != nullptr && server->cordon != Cordon::None && server->status &&
           server->status->state == ServerState::Draining && nodes_.contains(server->nodeId);
}

Fleet::Currency Fleet::currency(const std::string& id) const {
    const Server* server = find(id);
    // A crash loop has its spec too: what would be started next.
    const bool isAlive = server != nullptr && server->status &&
                         (server->status->pid > 0 || server->status->wantsRun);
    if (!isAlive) return Currency::NoProcess;
    if (server->status->spec.empty() || server->spec.empty()) return Currency::Unknown;
    return server->status->spec == server->spec ? Currency::Current : Currency::Outdated;
}

bool Fleet::isDown(const std::string& id) const {
    const Server* server = find(id);
    if (server == nullptr) return true;
    if (!nodes_.contains(server->nodeId)) return false;
    if (!server->status) return true;
    const ServerState state = server->status->state;
    return state == ServerState::Stopped || state == ServerState::Failed;
}

JsonText Fleet::row(const std::string& id, TimePoint now, WallTime wall, bool withAges) const {
    const Server* server = find(id);
    if (server == nullptr) return "null";
    const bool isNodeKnown = nodes_.contains(server->nodeId);
    const ServerState state = stateOf(*server, isNodeKnown);
    Json row{{"id", id},
             {"type", server->entry.type},
             {"host", server->entry.host},
             {"managed", isManaged(id)},
             {"desired", server->wish && server->wish->wantsRun ? "running" : "stopped"},
             {"state", stateName(state)},
             {"ready", state == ServerState::Ready},
             {"pomelo", server->isPomelo || (server->member && server->member->isPomelo)}};
    if (server->wish && !server->wish->wantsRun && server->wish->isPersonal) row["held"] = true;
    if (server->entry.port > 0) row["port"] = server->entry.port;
    if (server->entry.clientPort > 0) row["clientPort"] = server->entry.clientPort;
    if (!server->version.empty()) row["version"] = server->version;
    if (server->memberBusy) row["busy"] = *server->memberBusy;
    // The notify socket is nearer than the presence: its count wins.
    if (server->status) addStatus(row, *server->status, wall, withAges);
    if (!server->status && server->member && server->member->pid > 0)
        row["pid"] = server->member->pid;
    if (server->cordon != Cordon::None) {
        row["cordoned"] = true;
        row["note"] =
            server->cordon == Cordon::Drain ? "cordoned by a drain" : "cordoned: takes nothing new";
    }
    if (currency(id) == Currency::Outdated) {
        row["outdated"] = true;
        if (!row.contains("note")) row["note"] = "runs with an older configuration";
    }
    if (!server->plan.empty()) row["note"] = server->plan;
    if (state == ServerState::Lost) {
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(now - server->heard).count();
        row["note"] = withAges ? "no data for " + std::to_string(seconds) + " s: no word from " +
                                     server->nodeId
                               : "no word from " + server->nodeId;
    }
    if (server->heard == TimePoint{} || !withAges) return jsonText(row);
    // Who is registered is watched by the broker: that is as fresh as can be.
    const auto age = server->status ? now - server->heard : TimePoint::duration::zero();
    row["ageMs"] = std::chrono::duration_cast<milliseconds>(age).count();
    return jsonText(row);
}

}  // namespace muster::supervisor
