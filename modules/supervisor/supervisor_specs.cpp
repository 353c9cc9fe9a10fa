#include "common/config/expand.hpp"
#include "modules/supervisor/spec_digest.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <muster/json.hpp>

#include <utility>

// From the configuration to what a node is told to run.
namespace muster::supervisor {

using Json = nlohmann::json;

Fleet::Server SupervisorMaster::describe(const config::Cluster& cluster,
                                         const config::Server& entry) const {
    Fleet::Server server;
    server.entry = entry;
    server.nodeId = ports_.nodeOf(entry.host);
    if (const auto type = cluster.types.find(entry.type); type != cluster.types.end()) {
        server.dependsOn = type->second.dependsOn;
        server.isPomelo = type->second.isPomelo;
    }
    if (const auto spec = specOf(cluster, entry)) {
        server.spec = fingerprintOf(processDigests(*spec));
        server.policy = fingerprintOf(policyDigests(*spec));
    }
    return server;
}

Result<ServerSpec> SupervisorMaster::specOf(const config::Cluster& cluster,
                                            const config::Server& entry) const {
    auto command = ports_.command(cluster, entry);
    if (!command) return command.error();
    ServerSpec spec;
    spec.id = entry.id;
    spec.type = entry.type;
    spec.host = entry.host;
    spec.port = entry.port;
    spec.argv = std::move(command->argv);
    spec.env = ports_.environment(entry);
    for (const auto& [variable, value] : command->env) spec.env[variable] = value;
    spec.env["MUSTER_INFO"] = entry.properties;
    spec.cwd = command->cwd;
    spec.user = command->user;
    if (const auto type = cluster.types.find(entry.type); type != cluster.types.end()) {
        spec.restart = type->second.restart;
        spec.stop = type->second.stop;
        spec.onUnresponsive = type->second.onUnresponsive;
        spec.process = type->second.process;
        for (std::string& socket : spec.process.sockets)
            socket = config::expand(socket, cluster, entry);
        spec.isPomelo = type->second.isPomelo;
    }
    spec.readiness = config::readinessOf(cluster, entry);
    spec.liveness = config::livenessOf(cluster, entry);
    return spec;
}

JsonText SupervisorMaster::orderMessage(const JsonText& order) const {
    const auto json = parseJson(order);
    if (!json || !json->is_object() || !json->contains("id")) return order;
    const Json& id = (*json)["id"];
    const Fleet::Server* server =
        id.is_string() ? fleet_.find(id.get_ref<const std::string&>()) : nullptr;
    const Json op = json->value("op", Json());
    // A node refuses a start that lacks its server: what the config no longer has is not started.
    if (server == nullptr || (op != "start" && op != "restart" && op != "update")) return order;
    const auto spec = specOf(cluster_, server->entry);
    if (!spec) return order;
    return jsonText({{"op", op}, {"id", id}, {"server", Json::parse(encode(*spec))}});
}

Result<config::Command> SupervisorMaster::checkCommand(const Fleet::Server& server,
                                                       std::string_view op) const {
    if (op == "stop" || op == "kill") return config::Command{};
    return ports_.command(cluster_, server.entry);
}

}  // namespace muster::supervisor
