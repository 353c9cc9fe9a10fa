#include "modules/echo/echo_master.hpp"

#include "common/wire/json_scanner.hpp"
#include "modules/body.hpp"

#include <chrono>

namespace muster::modules {

void EchoMaster::masterHandler(MasterAgent& /*agent*/, const ServerInfo& /*from*/,
                               const JsonText& message, Reply reply) {
    reply(message);
}

void EchoMaster::clientHandler(MasterAgent& agent, const Caller& /*caller*/,
                               const JsonText& message, Reply reply) {
    const auto target = wire::findMember(message, "target");
    if (!target || target->kind != wire::JsonKind::String || target->text == "\"\"")
        return reply(message);
    const auto id = wire::unescapeJson(target->text);
    const auto payload = wire::findMember(message, "payload");
    agent.request(id.value_or(std::string()), "echo", JsonText(payload ? payload->text : "null"),
                  std::move(reply), std::chrono::seconds(10));
}

}  // namespace muster::modules
