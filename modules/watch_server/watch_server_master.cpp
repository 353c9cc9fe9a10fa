#include "modules/watch_server/watch_server_master.hpp"

#include "modules/body.hpp"
#include "modules/gather.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <array>

namespace muster::modules {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kTimeout{10};
constexpr std::string_view kAll = "all";
constexpr std::string_view kConsole = "__console__";
constexpr std::array<std::string_view, 6> kLooks{"status",  "config",     "proxy",
                                                 "handler", "components", "settings"};
constexpr std::array<std::string_view, 6> kChanges{"set", "enable", "disable",
                                                   "run", "memory", "cpu"};

template <std::size_t N>
bool isOneOf(const std::array<std::string_view, N>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// pomelo passes the flag on as it stood on a command line; a native server says true.
bool isFrontend(const ServerInfo& server) {
    const auto info = parseObject(server.info);
    if (!info) return false;
    const auto flag = info->find("frontend");
    return flag != info->end() && (*flag == "true" || *flag == true);
}

/// What the master knows by itself of a server that cannot say more.
json knownRow(const ServerInfo& server) {
    json row{{"serverId", server.id}, {"serverType", server.type}, {"host", server.host}};
    if (server.port > 0) row["port"] = server.port;
    if (server.pid > 0) row["pid"] = server.pid;
    return row;
}

/// A native monitor answers the console's `list`: bytes and seconds.
json nativeRow(const ServerInfo& server, const json& answer) {
    json row = knownRow(server);
    const auto number = [&answer](const char* key) {
        const auto member = answer.find(key);
        return member != answer.end() && member->is_number() ? member->get<double>() : 0.0;
    };
    row["heapUsed"] = twoDecimals(number("rss") / 1e6);
    row["uptime"] = twoDecimals(number("uptime") / 60.0);
    return row;
}

/// The `body` of {serverId, body}; no value if the answer is something else.
std::optional<json> innerBody(const Result<JsonText>& answer) {
    if (!answer) return std::nullopt;
    auto parsed = parseObject(*answer);
    if (!parsed) return std::nullopt;
    const auto body = parsed->find("body");
    if (body == parsed->end() || !body->is_object()) return std::nullopt;
    return *body;
}

json rowOf(const Gathered& one) {
    if (auto body = innerBody(one.result)) return *std::move(body);
    if (!one.result) return knownRow(one.server);
    const auto answer = parseObject(*one.result);
    return answer ? nativeRow(one.server, *answer) : knownRow(one.server);
}

struct Rows {
    json rows = json::object();
    std::size_t missing = 0;
    Reply reply;
};

}  // namespace

int WatchServerMaster::requiredLevel(const JsonText& message) const {
    // Read as clientHandler() reads it: of a key that stands there twice, or escaped, another
    // reader might see something else.
    const auto body = parseObject(message);
    return body && isOneOf(kChanges, textOf(*body, "comd")) ? 1 : 2;
}

void WatchServerMaster::clientHandler(MasterAgent& agent, const Caller& /*caller*/,
                                      const JsonText& message, Reply reply) {
    const auto body = parseObject(message);
    if (!body) return reply(body.error());
    const std::string comd = textOf(*body, "comd");
    const std::string context = textOf(*body, "context");
    if (comd.empty() || context.empty())
        return reply(Error(Errc::BadMessage, "lack of comd or context param"));
    if (comd == "servers")
        return looks_.ask(comd, std::move(reply),
                          [&](Reply all) { servers(agent, std::move(all)); });
    if (comd == "connections" || comd == "logins")
        return looks_.ask(comd + " " + context, std::move(reply),
                          [&](Reply all) { connections(agent, comd, context, std::move(all)); });
    if (comd == "modules")
        return reply(
            jsonText({{"msg", deps_.modules ? deps_.modules() : std::vector<std::string>()}}));
    if (comd == "config" && textOf(*body, "param") == "master")
        return reply(R"({"masterConfig":)" + deps_.masterConfig + R"(,"masterInfo":)" +
                     deps_.masterInfo + "}");
    if (comd == "get" || isOneOf(kLooks, comd) || isOneOf(kChanges, comd))
        return forward(agent, comd, context, *body, std::move(reply));
    reply(Error(Errc::BadMessage, "unknown comd '" + comd.substr(0, 64) + "'"));
}

void WatchServerMaster::servers(MasterAgent& agent, Reply reply) const {
    auto round = std::make_shared<Rows>();
    round->reply = std::move(reply);
    round->missing = 1;  // until all are asked
    const auto arrived = [round] {
        if (--round->missing == 0) round->reply(jsonText({{"msg", std::move(round->rows)}}));
    };
    for (const ServerInfo& server : agent.servers()) {
        if (!isServer(server)) continue;
        ++round->missing;
        const Reply done = [round, server, arrived](Result<JsonText> result) {
            round->rows[server.id] = rowOf({server, std::move(result)});
            arrived();
        };
        if (server.isPomelo)
            agent.request(server.id, id(), R"({"comd":"servers","context":"all"})", done, kTimeout);
        else
            agent.request(server.id, kConsole, R"({"signal":"list"})", done, kTimeout);
    }
    arrived();
}

void WatchServerMaster::connections(MasterAgent& agent, const std::string& comd,
                                    const std::string& context, Reply reply) const {
    std::vector<ServerInfo> asked;
    const bool isAll = context == kAll;
    if (isAll) {
        asked = agent.servers();
        std::erase_if(asked, [](const ServerInfo& server) { return !isFrontend(server); });
    } else {
        auto server = agent.server(context);
        if (!server) return reply(Error(Errc::UnknownServer, "unknown server id:" + context));
        if (!isFrontend(*server))
            return reply(
                Error(Errc::NotSupported, "\nthis command should be applied to frontend server\n"));
        asked.push_back(*std::move(server));
    }
    const auto done = [isAll, reply = std::move(reply)](const std::vector<Gathered>& gathered) {
        if (!isAll && !gathered.front().result) return reply(gathered.front().result.error());
        json rows = json::object();
        for (const Gathered& one : gathered)
            if (auto row = innerBody(one.result)) rows[one.server.id] = *std::move(row);
        reply(jsonText({{"msg", std::move(rows)}}));
    };
    const json body{{"comd", comd}, {"context", context}};
    gather(agent, std::move(asked), id(), jsonText(body), kTimeout, done);
}

void WatchServerMaster::forward(MasterAgent& agent, const std::string& comd,
                                const std::string& context, const json& body, Reply reply) const {
    if (context == kAll) return reply(Error(Errc::BadMessage, "context error"));
    json request{{"comd", comd}, {"context", context}};
    const bool isStatus = comd == "status";
    if (const auto param = body.find("param"); !isStatus && param != body.end())
        request["param"] = *param;
    if (!isStatus)
        return agent.request(context, id(), jsonText(request), std::move(reply), kTimeout);
    const Reply wrapped = [reply = std::move(reply)](const Result<JsonText>& result) {
        if (!result) return reply(result.error());
        reply(R"({"msg":)" + (result->empty() ? "{}" : *result) + "}");
    };
    agent.request(context, id(), jsonText(request), wrapped, kTimeout);
}

}  // namespace muster::modules
