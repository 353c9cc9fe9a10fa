#include "modules/scripts/scripts_master.hpp"

#include "modules/body.hpp"

#include <muster/json.hpp>

#include <chrono>
#include <utility>

namespace muster::modules {
namespace {

constexpr std::chrono::seconds kTimeout{10};

JsonText runners(const MasterAgent& agent) {
    nlohmann::json ids = nlohmann::json::array();
    for (const ServerInfo& server : agent.servers())
        if (server.isPomelo) ids.push_back(server.id);
    return jsonText({{"servers", std::move(ids)}, {"scripts", nlohmann::json::array()}});
}

}  // namespace

int ScriptsMaster::requiredLevel(const JsonText& message) const {
    return peekText(message, "command") == "list" ? 2 : 1;
}

void ScriptsMaster::clientHandler(MasterAgent& agent, const Caller& /*caller*/,
                                  const JsonText& message, Reply reply) {
    const std::string_view command = peekText(message, "command");
    if (command == "list") return reply(runners(agent));
    if (command == "run") return run(agent, message, std::move(reply));
    if (command == "get" || command == "save")
        return reply(Error(Errc::NotSupported, "not supported: this master keeps no script files"));
    reply(Error(Errc::BadMessage, "unknown command:" + std::string(command.substr(0, 64))));
}

void ScriptsMaster::run(MasterAgent& agent, const JsonText& message, Reply reply) const {
    const auto body = parseObject(message);
    if (!body) return reply(body.error());
    const std::string serverId = textOf(*body, "serverId");
    const auto script = body->find("script");
    if (script == body->end() || !script->is_string())
        return reply(Error(Errc::BadMessage, "run needs a serverId and a script"));
    const auto server = agent.server(serverId);
    if (server && !server->isPomelo)
        return reply(Error(Errc::NotSupported, "not supported: a C++ server cannot run a script"));
    agent.request(serverId, id(), jsonText({{"command", "run"}, {"script", *script}}),
                  std::move(reply), kTimeout);
}

}  // namespace muster::modules
