#include "common/log.hpp"
#include "modules/body.hpp"
#include "modules/console/arguments.hpp"
#include "modules/console/console_master.hpp"
#include "modules/console/cron.hpp"
#include "modules/console/cron_messages.hpp"

#include <muster/json.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace muster::modules {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxCrons = 1'000;
constexpr std::size_t kMaxCronText = 256;

/// A cron from "key=value" arguments: id, and serverId or serverType.
Result<config::Cron> cronOf(const std::vector<std::string>& args) {
    auto arguments = parseArguments(args);
    if (!arguments) return arguments.error();
    config::Cron cron;
    for (auto& [key, value] : *arguments) {
        if (value.size() > kMaxCronText)
            return Error(Errc::BadMessage, fmt::format("'{}' is too long", key));
        if (key == "id") cron.id = std::move(value);
        if (key == "time") cron.time = std::move(value);
        if (key == "action") cron.action = std::move(value);
        if (key == "serverId") cron.serverId = std::move(value);
        if (key == "serverType") cron.serverType = std::move(value);
    }
    if (cron.id.empty() || (cron.serverId.empty() && cron.serverType.empty()))
        return Error(Errc::BadMessage,
                     "Miss necessary server parameters. id and serverId or serverType are needed");
    return cron;
}

/// Whether somebody runs the cron: UnknownServer if the servers it is for are not there,
/// NotSupported if they run no crons.
Result<void> checkTarget(const MasterAgent& agent, const config::Cron& cron) {
    bool isAnyone = false;
    for (const ServerInfo& server : agent.servers()) {
        if (!isFor(cron, server)) continue;
        if (server.isPomelo) return {};
        isAnyone = true;
    }
    const std::string& target = cron.serverId.empty() ? cron.serverType : cron.serverId;
    if (isAnyone)
        return Error(Errc::NotSupported, fmt::format("{} runs no crons of the console", target));
    return Error(Errc::UnknownServer, fmt::format("unknown server: {}", target));
}

/// Who is away at the moment gets it with its next life.
void send(MasterAgent& agent, std::string_view module, const config::Cron& cron,
          const JsonText& body) {
    for (const ServerInfo& server : agent.servers())
        if (isFor(cron, server) && server.isPomelo)
            if (auto sent = agent.notifyById(server.id, module, body); !sent)
                log::warn("console", "cron {}: {} was not told: {}", cron.id, server.id,
                          sent.error().detail());
}

}  // namespace

bool isFor(const config::Cron& cron, const ServerInfo& server) {
    return cron.serverId.empty() ? cron.serverType == server.type : cron.serverId == server.id;
}

JsonText cronBody(std::string_view signal, const config::Cron& cron) {
    json fields{{"id", cron.id}, {"time", cron.time}, {"action", cron.action}};
    if (!cron.serverId.empty()) fields["serverId"] = cron.serverId;
    if (!cron.serverType.empty()) fields["serverType"] = cron.serverType;
    return jsonText({{"signal", signal}, {"cron", std::move(fields)}});
}

void ConsoleMaster::addCron(MasterAgent& agent, const std::vector<std::string>& args,
                            const Reply& reply) {
    const auto cron = cronOf(args);
    if (!cron) return reply(cron.error());
    if (cron->action.empty())
        return reply(Error(Errc::BadMessage, "Miss necessary server parameters. action is needed"));
    // An unchecked time makes pomelo's scheduler spin for ever, or throw.
    if (const auto time = Cron::parse(cron->time); !time) return reply(time.error());
    if (auto good = checkTarget(agent, *cron); !good) return reply(good.error());
    const auto kept = [this, alive = std::weak_ptr<bool>(alive_), &agent, cron = *cron,
                       reply](const Result<void>& result) {
        if (alive.expired()) return;
        if (!result && result.error().code() == Errc::Conflict)
            return reply(
                Error(Errc::Conflict, fmt::format("cron {} exists: remove it first", cron.id)));
        if (!result) return reply(result.error());
        send(agent, id(), cron, cronBody("addCron", cron));
        reply(JsonText(R"({"status":"ok"})"));
    };
    if (deps_.crons == nullptr) return kept({});
    if (deps_.crons->crons().size() >= kMaxCrons)
        return reply(Error(Errc::Limit, "too many crons"));
    deps_.crons->add(*cron, kept);
}

void ConsoleMaster::removeCron(MasterAgent& agent, const std::vector<std::string>& args,
                               const Reply& reply) {
    const auto cron = cronOf(args);
    if (!cron) return reply(cron.error());
    const auto good = checkTarget(agent, *cron);
    const auto known = deps_.crons == nullptr ? std::vector<config::Cron>() : deps_.crons->crons();
    const bool isKept = std::any_of(known.begin(), known.end(), [&cron](const config::Cron& other) {
        return other.id == cron->id;
    });
    if (!good && !isKept) return reply(good.error());
    // What is kept goes first: a server that is away must not get it again.
    const auto gone = [this, alive = std::weak_ptr<bool>(alive_), &agent, cron = *cron,
                       reply](const Result<void>& result) {
        if (alive.expired()) return;
        if (!result) return reply(result.error());
        send(agent, id(), cron, cronBody("removeCron", cron));
        reply(JsonText(R"({"status":"ok"})"));
    };
    if (!isKept) return gone({});
    deps_.crons->erase(cron->id, gone);
}

void ConsoleMaster::listCrons(const Reply& reply) const {
    json rows = json::array();
    const std::time_t now = deps_.now ? deps_.now() : 0;
    for (const config::Cron& cron :
         deps_.crons == nullptr ? std::vector<config::Cron>() : deps_.crons->crons()) {
        json row{{"id", cron.id}, {"time", cron.time}, {"action", cron.action}};
        if (!cron.serverId.empty()) row["serverId"] = cron.serverId;
        if (!cron.serverType.empty()) row["serverType"] = cron.serverType;
        const auto time = Cron::parse(cron.time);
        if (const auto next = time ? time->next(now) : std::nullopt) row["next"] = *next;
        rows.push_back(std::move(row));
    }
    reply(jsonText({{"crons", std::move(rows)}}));
}

}  // namespace muster::modules
