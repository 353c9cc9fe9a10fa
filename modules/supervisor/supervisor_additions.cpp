#include "common/wire/topics.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <muster/json.hpp>

#include <utility>

// Servers that are added while the cluster runs.
namespace muster::supervisor {

using Json = nlohmann::json;

namespace {

constexpr std::size_t kMaxAdditions = 1000;

Transaction transactionOf(const std::vector<config::Server>& servers) {
    Transaction transaction;
    for (const config::Server& server : servers) {
        const std::string name = wire::percentEncode(server.id);
        Json properties = Json::parse(server.properties, nullptr, false);
        if (!properties.is_object()) properties = Json::object();
        properties["id"] = server.id;
        properties["serverType"] = server.type;
        transaction.puts.push_back({"added/" + name, jsonText(properties)});
        transaction.puts.push_back({"desired/" + name, R"({"run":true,"personal":false})"});
    }
    return transaction;
}

}  // namespace

void SupervisorMaster::add(JsonText entry, AddReply done) {
    if (additions_.size() >= kMaxAdditions)
        return done(Error(Errc::Limit, "too many servers are being added"));
    additions_.push_back({std::move(entry), std::move(done)});
    if (additions_.size() == 1) addNext();
}

Result<std::vector<config::Server>> SupervisorMaster::readAddition(const JsonText& entry) const {
    auto servers = ports_.readServers(entry, cluster_);
    if (!servers) return servers.error();
    if (servers->empty()) return Error(Errc::BadMessage, "the entry gives no server");
    for (const config::Server& server : *servers)
        if (const auto* known = fleet_.find(server.id); known != nullptr && !known->nodeId.empty())
            return Error(Errc::Conflict, server.id + " exists already");
    return servers;
}

/// Writes the oldest that can be; the next one when it is written.
void SupervisorMaster::addNext() {
    while (!additions_.empty()) {
        auto servers = readAddition(additions_.front().entry);
        if (servers) {
            Transaction transaction = transactionOf(*servers);
            return ports_.commit(std::move(transaction),
                                 [this, servers = std::move(*servers),
                                  isAlive = std::weak_ptr(isAlive_)](const auto& result) {
                                     if (isAlive.lock()) added(servers, result);
                                 });
        }
        conclude(servers.error());
    }
}

/// Answers the oldest. It stays in its place meanwhile: one that is added by the answer waits.
void SupervisorMaster::conclude(Result<std::vector<std::string>> ids) {
    const AddReply done = std::move(additions_.front().done);
    done(std::move(ids));
    if (!additions_.empty()) additions_.pop_front();
}

/// They exist, and whoever asked is told so, only now that they are in the store.
void SupervisorMaster::added(const std::vector<config::Server>& servers,
                             const Result<std::int64_t>& result) {
    if (additions_.empty()) return;  // the module was stopped meanwhile
    std::vector<std::string> ids;
    for (const config::Server& server : servers) {
        ids.push_back(server.id);
        if (!result) continue;
        cluster_.servers.push_back(server);
        define(server);
        fleet_.wish(server.id, {true, false});
    }
    if (result)
        conclude(std::move(ids));
    else
        conclude(Error(result.error().code(), "nothing was added: " + result.error().detail()));
    scheduleReconcile();
    addNext();
}

}  // namespace muster::supervisor
