#include "modules/console/console_master.hpp"

#include "modules/body.hpp"
#include "modules/console/arguments.hpp"
#include "modules/console/cron_messages.hpp"
#include "modules/gather.hpp"
#include "modules/self_status.hpp"

#include <muster/json.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace muster::modules {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kListTimeout{10};
constexpr double kMiB = 1024.0 * 1024.0;

/// A native monitor tells bytes and seconds; pomelo's tables want MiB and minutes as text.
json shaped(const json& answer) {
    json row{{"serverId", textOf(answer, "serverId")},
             {"serverType", textOf(answer, "serverType")},
             {"pid", answer.value("pid", json())}};
    const auto number = [&answer](const char* key) {
        const auto member = answer.find(key);
        return member != answer.end() && member->is_number() ? member->get<double>() : 0.0;
    };
    // A C++ server has no heap of its own kind: its resident set stands for it.
    for (const char* key : {"rss", "heapTotal", "heapUsed"})
        row[key] = twoDecimals(number("rss") / kMiB);
    row["uptime"] = twoDecimals(number("uptime") / 60.0);
    return row;
}

/// One line of the table from what a monitor answered; no value if that is something else.
std::optional<json> rowOf(const JsonText& answer) {
    auto parsed = parseObject(answer);
    if (!parsed || parsed->empty()) return std::nullopt;
    if (const auto body = parsed->find("body"); body != parsed->end() && body->is_object())
        return *body;
    return shaped(*parsed);
}

}  // namespace

ConsoleMaster::~ConsoleMaster() {
    alive_.reset();
}

int ConsoleMaster::requiredLevel(const JsonText& message) const {
    // Read as clientHandler() reads it: of a key that stands there twice, or escaped, another
    // reader might see something else.
    const auto body = parseObject(message);
    if (!body) return 1;
    const std::string signal = textOf(*body, "signal");
    return signal == "list" || signal == "listCrons" ? 2 : 1;
}

void ConsoleMaster::start(MasterAgent& agent) {
    if (deps_.crons == nullptr) return;
    // Crons live in the servers; a new life of one has lost those that were added at run time.
    agent.onMember([this, &agent, alive = std::weak_ptr<bool>(alive_)](MemberEvent event,
                                                                       const ServerInfo& server) {
        if (alive.expired() || event != MemberEvent::Registered || !server.isPomelo) return;
        for (const config::Cron& cron : deps_.crons->crons())
            if (isFor(cron, server))
                (void)agent.notifyById(server.id, id(), cronBody("addCron", cron));
    });
}

void ConsoleMaster::clientHandler(MasterAgent& agent, const Caller& /*caller*/,
                                  const JsonText& message, Reply reply) {
    const auto body = parseObject(message);
    if (!body) return reply(body.error());
    const auto ids = textsOf(*body, "ids");
    if (!ids) return reply(ids.error());
    const auto args = textsOf(*body, "args");
    if (!args) return reply(args.error());
    const std::string signal = textOf(*body, "signal");
    if (signal == "list")
        return lists_.ask(signal, std::move(reply),
                          [&](Reply all) { list(agent, std::move(all)); });
    if (signal == "stop") return stopServers(agent, *ids, std::move(reply));
    if (signal == "kill") return kill(agent, *ids, std::move(reply));
    if (signal == "restart") return restart(agent, *ids, textOf(*body, "type"), std::move(reply));
    if (signal == "add") return add(*args, reply);
    if (signal == "addCron") return addCron(agent, *args, reply);
    if (signal == "removeCron") return removeCron(agent, *args, reply);
    if (signal == "listCrons") return listCrons(reply);
    if (signal == "blacklist") return blacklist(agent, *args, reply);
    reply(Error(Errc::BadMessage, "The command cannot be recognized, please check."));
}

void ConsoleMaster::list(MasterAgent& agent, Reply reply) const {
    auto servers = agent.servers();
    std::erase_if(servers, [](const ServerInfo& member) { return !isServer(member); });
    const auto done = [self = deps_.self,
                       reply = std::move(reply)](const std::vector<Gathered>& gathered) {
        json rows = json::object();
        if (!self.id.empty()) rows[self.id] = selfListRow(self);
        for (const Gathered& one : gathered) {
            if (!one.result) continue;  // left out, as the original does
            if (auto row = rowOf(*one.result)) rows[one.server.id] = *std::move(row);
        }
        reply(jsonText({{"msg", std::move(rows)}}));
    };
    gather(agent, std::move(servers), id(), R"({"signal":"list"})", kListTimeout, done);
}

void ConsoleMaster::blacklist(MasterAgent& agent, const std::vector<std::string>& args,
                              const Reply& reply) {
    if (args.empty()) return reply(Error(Errc::BadMessage, "blacklist needs IPv4 addresses"));
    for (const std::string& arg : args)
        if (!isAddress(arg))
            return reply(Error(Errc::BadMessage, fmt::format("blacklist: '{}' is no IPv4 address",
                                                             arg.substr(0, 64))));
    const json body{{"signal", "blacklist"}, {"blacklist", args}};
    if (auto told = agent.notifyAll(id(), jsonText(body)); !told) return reply(told.error());
    reply(JsonText(R"({"status":"ok"})"));
}

bool ConsoleMaster::isManaged(const std::string& serverId) const {
    return deps_.control != nullptr && deps_.control->isManaged(serverId);
}

}  // namespace muster::modules
