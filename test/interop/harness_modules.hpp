#pragma once

#include "common/wire/json_scanner.hpp"
#include "master/console/console_service.hpp"

#include <memory>
#include <string>
#include <utility>

/// The modules by which the interop tests make a master speak to its members.
namespace muster::test {

inline std::string text(const JsonText& message, std::string_view name) {
    const auto value = wire::findMember(message, name);
    if (!value || value->kind != wire::JsonKind::String) return {};
    return wire::unescapeJson(value->text).value_or(std::string());
}

inline JsonText part(const JsonText& message, std::string_view name) {
    const auto value = wire::findMember(message, name);
    return value ? JsonText(value->text) : JsonText();
}

/// Gives back what it gets. A client's {"target","payload"} goes to that server first.
class EchoModule final : public AdminModule {
public:
    std::string_view id() const override { return "echo"; }
    int requiredLevel(const JsonText&) const override { return 2; }
    void masterHandler(MasterAgent&, const ServerInfo&, const JsonText& message,
                       Reply reply) override {
        notified_ = message;
        if (reply) reply(message);
    }
    void clientHandler(MasterAgent& agent, const Caller&, const JsonText& message,
                       Reply reply) override {
        const std::string target = text(message, "target");
        if (!target.empty())
            return agent.request(target, "echo", part(message, "payload"), std::move(reply),
                                 std::chrono::seconds(20));
        if (part(message, "notified") == "true") return reply(notified_);
        reply(message);
    }

private:
    JsonText notified_ = "null";  // the last message of a monitor
};

/// Lets a client of level 1 use the agent: {"op":"request|notify|servers|tell|command", ...}.
class AgentModule final : public AdminModule {
public:
    std::string_view id() const override { return "agent"; }
    void clientHandler(MasterAgent& agent, const Caller& caller, const JsonText& message,
                       Reply reply) override {
        const std::string op = text(message, "op");
        const std::string module = text(message, "moduleId");
        if (op == "request")
            return agent.request(text(message, "target"), module, part(message, "payload"),
                                 std::move(reply), std::chrono::seconds(20));
        if (op == "notify") (void)agent.notifyAll(module, part(message, "payload"));
        if (op == "command") (void)agent.notifyCommand(text(message, "command"), module);
        if (op == "tell") (void)agent.notifyClient(caller.clientId, module, "{\"told\":true}");
        if (op == "servers") return reply(servers(agent));
        reply(JsonText("true"));
    }

private:
    static JsonText servers(MasterAgent& agent) {
        std::string list = "[";
        for (const auto& server : agent.servers()) {
            if (list.size() > 1) list += ',';
            list += wire::jsonString(server.id);
        }
        return list + ']';
    }
};

inline void addHarnessModules(ConsoleService& console) {
    console.add(std::make_unique<EchoModule>());
    console.add(std::make_unique<AgentModule>());
}

}  // namespace muster::test
