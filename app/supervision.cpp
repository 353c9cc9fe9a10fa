#include "app/supervision.hpp"

#include "app/node.hpp"
#include "common/config/expand.hpp"
#include "common/config/hosts.hpp"
#include "common/config/listeners.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/topics.hpp"

#include <muster/json.hpp>

#include <utility>

namespace muster::app {
namespace {

constexpr std::size_t kShownEvents = 20;

/// The cluster as its files have it now.
Result<config::Cluster> loadAgain(const config::Cluster& cluster) {
    auto loaded = config::load(cluster.base, cluster.env);
    if (loaded.cluster) return std::move(*loaded.cluster);
    std::string text = "the configuration has errors";
    for (const auto& problem : loaded.problems)
        if (!problem.isWarning) text += "\n" + config::describe(problem);
    return Error(Errc::BadMessage, std::move(text));
}

nlohmann::json rawJson(const JsonText& text) {
    auto value = parseJson(text.empty() ? "null" : text);
    return value ? std::move(*value) : nlohmann::json();
}

/// An order as it may be shown: level 2 reads it, and a server's environment holds its token.
nlohmann::json shownBody(const JsonText& body) {
    nlohmann::json shown = rawJson(body);
    if (!shown.is_object()) return shown;
    if (const auto server = shown.find("server"); server != shown.end() && server->is_object())
        server->erase("env");
    return shown;
}

nlohmann::json orderRow(const Order& order) {
    nlohmann::json row = {{"id", order.id},
                          {"target", order.target},
                          {"moduleId", order.moduleId},
                          {"body", shownBody(order.body)},
                          {"epoch", order.epoch},
                          {"created", wire::formatTime(order.created)},
                          {"deadline", wire::formatTime(order.deadline)},
                          {"outcome", orderOutcomeName(order.outcome)},
                          {"detail", order.detail}};
    if (order.outcome != OrderOutcome::Open) row["ended"] = wire::formatTime(order.ended);
    return row;
}

JsonText orderRows(const Orders& orders, std::size_t limit) {
    nlohmann::json rows = nlohmann::json::array();
    for (const Order& order : orders.list(limit)) rows.push_back(orderRow(order));
    return jsonText(rows);
}

JsonText leaderText(const LeaderTerm& term) {
    return jsonText(
        {{"id", term.masterId}, {"epoch", term.epoch}, {"since", wire::formatTime(term.since)}});
}

void sendOrder(Orders& orders, supervisor::NodeOrder wanted, Reply done) {
    OrderRequest request;
    request.target = std::move(wanted.nodeId);
    request.moduleId = "supervisor";
    request.body = std::move(wanted.body);
    request.deadline = wanted.deadline;
    orders.order(std::move(request), [done = std::move(done)](const OrderResult& result) {
        if (result.outcome == OrderOutcome::Done) return done(result.body);
        done(result.error ? *result.error : Error(Errc::Failed, orderOutcomeName(result.outcome)));
    });
}

/// A loopback address is of no use on another host: there it is what master.json says.
std::string brokerUrlFor(const config::Server& server, const config::Cluster& cluster) {
    const bool isElsewhere = !config::isThisHost(server.host, cluster);
    if (!cluster.broker.url.empty() || !isElsewhere) return brokerUrl(cluster);
    const auto& listener = config::remoteListener(cluster);
    if (!config::isAnyAddress(listener.host)) return config::urlOf(listener, listener.host);
    return config::urlOf(listener, cluster.masterHost);
}

/// On other hosts files lie elsewhere: there MonitorOptions, or the environment, names them.
std::string caFor(const config::Server& server, const config::Cluster& cluster) {
    return config::isThisHost(server.host, cluster) ? brokerCa(cluster) : std::string();
}

std::string tokenOf(const config::Cluster& cluster, const Tokens& tokens, const std::string& type) {
    if (!cluster.hasServerTokens) return tokens.server;
    for (const auto& entry : cluster.serverTokens)
        if (entry.type == type) return entry.token;
    return {};
}

}  // namespace

std::string brokerUrl(const config::Cluster& cluster) {
    if (!cluster.broker.url.empty()) return cluster.broker.url;
    return config::urlOf(config::localListener(cluster), cluster);
}

std::string brokerCa(const config::Cluster& cluster) {
    return cluster.broker.url.empty() ? config::localListener(cluster).ca : std::string();
}

supervisor::SupervisorPorts supervisorPorts(const SupervisionParts& parts) {
    supervisor::SupervisorPorts ports;
    ports.order = [&orders = parts.orders](supervisor::NodeOrder order, Reply done) {
        sendOrder(orders, std::move(order), std::move(done));
    };
    ports.orders = [&orders = parts.orders](std::size_t limit) { return orderRows(orders, limit); };
    ports.events = [&events = parts.events](const std::string& id) {
        return events.last(id, kShownEvents);
    };
    ports.leader = [&leadership = parts.leadership] { return leaderText(leadership.term()); };
    ports.commit = [&leadership = parts.leadership](
                       Transaction transaction, std::function<void(Result<std::int64_t>)> done) {
        leadership.commit(std::move(transaction), std::move(done));
    };
    ports.nodeOf = [&cluster = parts.cluster](const std::string& host) {
        return config::isThisHost(host, cluster) ? nodeId() : wire::nodeIdOf(host);
    };
    ports.environment = [&cluster = parts.cluster,
                         &tokens = parts.tokens](const config::Server& server) {
        std::map<std::string, std::string> variables{
            {"MUSTER_TOKEN", tokenOf(cluster, tokens, server.type)},
            {"MUSTER_MASTER", brokerUrlFor(server, cluster)},
            {"MUSTER_CLUSTER", cluster.name}};
        if (std::string ca = caFor(server, cluster); !ca.empty()) variables["MUSTER_CA"] = ca;
        return variables;
    };
    ports.command = config::commandOf;
    // Also of those that were added in an earlier life of the master.
    ports.readServers = [&authenticator = parts.authenticator](const JsonText& entry,
                                                               const config::Cluster& cluster) {
        auto servers = config::readServers(entry, cluster);
        if (servers)
            for (const auto& server : *servers) authenticator.addServer(server.id, server.type);
        return servers;
    };
    ports.loadConfig = [&cluster = parts.cluster] { return loadAgain(cluster); };
    ports.adopted = [&authenticator = parts.authenticator](const config::Cluster& next) {
        for (const auto& server : next.servers) authenticator.addServer(server.id, server.type);
    };
    return ports;
}

}  // namespace muster::app
