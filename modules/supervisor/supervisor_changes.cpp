#include "common/wire/topics.hpp"
#include "modules/supervisor/outcome_json.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

// What a new configuration would change.
namespace muster::supervisor {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using Kind = ServerChange::Kind;

namespace {

constexpr milliseconds kNodeAnswers{5'000};
constexpr std::size_t kAskedAtOnce = 200;  // an answer is to fit into one packet

SpecDigests digestsAt(const Json& object, const std::string& id) {
    SpecDigests digests;
    const auto found = object.find(id);
    if (found == object.end() || !found->is_object()) return digests;
    for (const auto& [part, hash] : found->items())
        if (hash.is_string()) digests[part] = hash.get<std::string>();
    return digests;
}

/// "2 to add, 1 to restart"; empty without changes.
std::string summaryOf(const ChangePlan& plan) {
    std::string text;
    for (const Kind kind : {Kind::Add, Kind::Remove, Kind::Move, Kind::Restart, Kind::Update})
        if (const auto count = plan.ids(kind).size(); count > 0)
            text += (text.empty() ? "" : ", ") + std::to_string(count) + " to " + nameOf(kind);
    return text;
}

/// What of a configuration only a new master takes.
std::vector<std::string> ofTheMaster(const config::Cluster& now, const config::Cluster& next) {
    std::vector<std::string> names;
    const auto look = [&names](const char* name, bool isSame) {
        if (!isSame) names.emplace_back(name);
    };
    look("cluster", now.name == next.name);
    look("stateDirectory", now.stateDirectory == next.stateDirectory);
    look("durability", now.powerDurability == next.powerDurability);
    look("master", now.masterId == next.masterId && now.masterHost == next.masterHost &&
                       now.masterPort == next.masterPort);
    look("listeners", now.listeners == next.listeners);
    look("broker", now.broker == next.broker);
    look("limits", now.limits == next.limits);
    look("modules", now.modules == next.modules);
    look("metrics", now.metrics == next.metrics && now.sysInterval == next.sysInterval);
    look("crons", now.crons == next.crons);
    look("closeWatcher", now.closeWatcher == next.closeWatcher);
    return names;
}

}  // namespace

/// Servers that were added at run time belong to every configuration that has not their id.
void SupervisorMaster::addAdditions(config::Cluster& target) const {
    for (const StoreEntry& entry : store_.list("added/")) {
        auto servers = ports_.readServers(entry.value, target);
        if (!servers) continue;  // the file has it now, or has no place for it
        for (config::Server& server : *servers) target.servers.push_back(std::move(server));
    }
}

void SupervisorMaster::propose(config::Cluster target, const ProposalReply& done) {
    auto proposal = std::make_shared<Proposal>();
    proposal->target = std::move(target);
    addAdditions(proposal->target);
    std::vector<std::string> ids = fleet_.ids();
    for (const config::Server& server : proposal->target.servers) {
        if (fleet_.find(server.id) == nullptr) ids.push_back(server.id);
        if (const auto spec = specOf(proposal->target, server)) {
            proposal->specs[server.id] = processDigests(*spec);
            proposal->policies[server.id] = policyDigests(*spec);
        }
    }
    for (const std::string& id : ids) {
        const Fleet::Server* server = fleet_.find(id);
        const bool isGuest = server != nullptr && server->nodeId.empty() && !server->wish;
        ServerFacts facts = factsOf(id, *proposal);
        if (facts.isWanted || !isGuest) proposal->facts.push_back(std::move(facts));
    }
    compare(proposal, done);
}

ServerFacts SupervisorMaster::factsOf(const std::string& id, const Proposal& proposal) const {
    ServerFacts facts;
    facts.id = id;
    const auto& servers = proposal.target.servers;
    const auto wanted = std::find_if(servers.begin(), servers.end(),
                                     [&](const auto& server) { return server.id == id; });
    facts.isWanted = wanted != servers.end();
    if (facts.isWanted) facts.type = wanted->type;
    const Fleet::Server* server = fleet_.find(id);
    facts.state = "stopped";
    if (server == nullptr) return facts;
    facts.isKnown = true;
    facts.state =
        parseJson(fleet_.row(id, loop_.now(), loop_.wallTime(), false))->value("state", "");
    if (facts.type.empty()) facts.type = server->entry.type;
    facts.hasWish = server->wish || server->status;
    facts.wantsRun = server->wish && server->wish->wantsRun;
    facts.isMoved = facts.isWanted && server->nodeId != ports_.nodeOf(wanted->host);
    if (!server->status) return facts;
    const ServerStatus& status = *server->status;
    facts.isAlive = status.pid > 0 || status.wantsRun;
    facts.isComparable = !status.spec.empty();
    facts.busy = status.busy.value_or(server->memberBusy.value_or(0));
    // Which parts they are, their node says; until then it is known only that there are some.
    if (const auto spec = proposal.specs.find(id); spec != proposal.specs.end())
        if (facts.isComparable && status.spec != fingerprintOf(spec->second)) facts.keys = {"?"};
    if (const auto policy = proposal.policies.find(id); policy != proposal.policies.end())
        if (!status.policy.empty() && status.policy != fingerprintOf(policy->second))
            facts.policies = {"?"};
    return facts;
}

/// Asks nodes for the parts of what differs.
void SupervisorMaster::compare(const std::shared_ptr<Proposal>& proposal,
                               const ProposalReply& done) {
    std::map<std::string, std::vector<std::vector<std::string>>> asked;  // node -> batches
    for (const ServerFacts& facts : proposal->facts) {
        if (facts.keys.empty() && facts.policies.empty()) continue;
        const std::string& nodeId = fleet_.find(facts.id)->nodeId;
        if (!fleet_.isNodeKnown(nodeId)) continue;
        auto& batches = asked[nodeId];
        if (batches.empty() || batches.back().size() >= kAskedAtOnce) batches.emplace_back();
        batches.back().push_back(facts.id);
    }
    for (const auto& [nodeId, batches] : asked) proposal->asked += batches.size();
    const auto finish = [this, proposal, done, isAlive = std::weak_ptr(isAlive_)] {
        if (!isAlive.lock()) return;
        proposal->plan = planChanges(proposal->facts);
        done(proposal);
    };
    if (proposal->asked == 0) return finish();
    for (const auto& [nodeId, batches] : asked)
        for (const auto& ids : batches)
            agent_->request(
                nodeId, "supervisor", jsonText({{"op", "specs"}, {"ids", ids}}),
                [this, proposal, finish,
                 isAlive = std::weak_ptr(isAlive_)](const Result<JsonText>& answer) {
                    if (!isAlive.lock()) return;
                    if (answer) takeParts(*proposal, *answer);
                    if (--proposal->asked == 0) finish();
                },
                kNodeAnswers);
}

void SupervisorMaster::takeParts(Proposal& proposal, const JsonText& answer) const {
    const auto json = parseJson(answer);
    if (!json || !json->is_object()) return;
    const Json specs = json->value("specs", Json::object());
    const Json policies = json->value("policies", Json::object());
    for (ServerFacts& facts : proposal.facts) {
        if (!facts.keys.empty() && specs.contains(facts.id))
            facts.keys = differences(digestsAt(specs, facts.id), proposal.specs[facts.id]);
        if (!facts.policies.empty() && policies.contains(facts.id))
            facts.policies =
                differences(digestsAt(policies, facts.id), proposal.policies[facts.id]);
    }
}

void SupervisorMaster::plan(const Reply& reply) {
    auto target = ports_.loadConfig();
    if (!target) return reply(target.error());
    const auto ofMaster = ofTheMaster(cluster_, *target);
    propose(std::move(*target), [this, reply, ofMaster](const auto& proposal) {
        if (!proposal) return reply(proposal.error());
        const ChangePlan& plan = (*proposal)->plan;
        Json changes = Json::array();
        for (const ServerChange& change : plan.changes) changes.push_back(changeJson(change));
        reply(jsonText({{"plan", plan.fingerprint()},
                        {"config", (*proposal)->target.base},
                        {"cluster", cluster_.name},
                        {"changes", std::move(changes)},
                        {"master", ofMaster}}));
    });
}

/// Servers that the config no longer has, and those that run on another host than it says, stay as
/// they are: only `apply` touches them.
void SupervisorMaster::take(const config::Cluster& next) {
    std::vector<config::Server> servers;
    for (const config::Server& server : next.servers) {
        const Fleet::Server* known = fleet_.find(server.id);
        const bool isAlive = known != nullptr && known->status &&
                             (known->status->pid > 0 || known->status->wantsRun);
        const bool isMoving = isAlive && known->nodeId != ports_.nodeOf(server.host);
        servers.push_back(isMoving ? known->entry : server);
    }
    // The rest is the master's own: a new one takes it.
    cluster_.types = next.types;
    cluster_.start = next.start;
    cluster_.servers = std::move(servers);
    reconciler_ = Reconciler({cluster_.start.width, cluster_.start.hostWidth});
    ports_.adopted(cluster_);
    for (const config::Server& server : cluster_.servers) {
        define(server);
        dirty_.insert(server.id);
        const std::string& nodeId = fleet_.find(server.id)->nodeId;
        if (!fleet_.isNodeKnown(nodeId)) awaitNode(nodeId);
    }
    mirror();
    scheduleReconcile();
}

void SupervisorMaster::adopt(const config::Cluster& next, std::function<void(std::string)> done) {
    if (application_ || scaling_)
        return done("an apply or a scale is under way: the servers' part was not taken");
    propose(next, [this, done = std::move(done)](const auto& proposal) {
        if (!proposal) return done(proposal.error().detail());
        take((*proposal)->target);
        const std::string summary = summaryOf((*proposal)->plan);
        done(summary.empty() ? "servers are as it has them"
                             : summary + ": muster plan shows, muster apply does it");
    });
}

}  // namespace muster::supervisor
