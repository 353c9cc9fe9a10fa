#include "modules/body.hpp"
#include "modules/console/arguments.hpp"
#include "modules/console/console_master.hpp"
#include "modules/gather.hpp"

#include <muster/json.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace muster::modules {
namespace {

using nlohmann::json;
using Kind = ServerOutcome::Kind;

constexpr std::chrono::seconds kControlTimeout{50};
constexpr std::chrono::seconds kKillTimeout{10};

std::string_view nameOf(Kind kind) {
    switch (kind) {
        case Kind::Done: return "done";
        case Kind::AlreadyThere: return "already";
        case Kind::UnknownServer: return "unknown_server";
        case Kind::TimedOut: return "timed_out";
        case Kind::Refused: return "refused";
        case Kind::Failed: break;
    }
    return "failed";
}

bool isGood(const ServerOutcome& outcome) {
    return outcome.kind == Kind::Done || outcome.kind == Kind::AlreadyThere;
}

std::vector<std::string> failedOf(const std::vector<ServerOutcome>& outcomes) {
    std::vector<std::string> ids;
    for (const ServerOutcome& outcome : outcomes)
        if (!isGood(outcome)) ids.push_back(outcome.id);
    return ids;
}

}  // namespace

/// Which of `ids` supervision handles, and which only their monitors. No ids: all servers.
ConsoleMaster::Split ConsoleMaster::split(MasterAgent& agent,
                                          const std::vector<std::string>& ids) const {
    Split split;
    for (const std::string& serverId : ids) {
        if (isManaged(serverId))
            split.managed.push_back(serverId);
        else if (const auto member = agent.server(serverId); member && isServer(*member))
            split.unmanaged.push_back(serverId);
        else
            split.unknown.push_back(serverId);
    }
    if (!ids.empty()) return split;
    for (const ServerInfo& member : agent.servers())
        if (isServer(member) && !isManaged(member.id)) split.unmanaged.push_back(member.id);
    return split;
}

void ConsoleMaster::stopServers(MasterAgent& agent, const std::vector<std::string>& ids,
                                Reply reply) {
    const bool isAll = ids.empty();
    const Split servers = split(agent, ids);
    Outcomes told;
    for (const std::string& serverId : servers.unmanaged) {
        const auto sent = agent.notifyById(serverId, id(), R"({"signal":"stop"})");
        told.push_back({serverId, sent ? Kind::Done : Kind::Failed,
                        sent ? "asked to stop; it is not managed" : sent.error().detail()});
    }
    for (const std::string& serverId : servers.unknown)
        told.push_back({serverId, Kind::UnknownServer, "Cannot find the server to stop."});
    if (deps_.control == nullptr || (!isAll && servers.managed.empty()))
        return answerStop(told, isAll, reply);
    deps_.control->stop(
        {servers.managed, {}}, kControlTimeout,
        [this, alive = std::weak_ptr<bool>(alive_), told, isAll, reply](Outcomes outcomes) {
            if (alive.expired()) return;
            outcomes.insert(outcomes.end(), told.begin(), told.end());
            answerStop(outcomes, isAll, reply);
        });
}

void ConsoleMaster::answerStop(const Outcomes& outcomes, bool isAll, const Reply& reply) {
    json results = json::array();
    for (const ServerOutcome& outcome : outcomes)
        results.push_back(
            {{"id", outcome.id}, {"outcome", nameOf(outcome.kind)}, {"detail", outcome.detail}});
    const auto failed = std::find_if_not(outcomes.begin(), outcomes.end(), isGood);
    if (failed == outcomes.end())
        reply(jsonText({{"status", isAll ? "all" : "part"}, {"results", std::move(results)}}));
    else
        reply(Error(failed->kind == Kind::UnknownServer ? Errc::UnknownServer : Errc::Failed,
                    fmt::format("{}: {}", failed->id,
                                failed->detail.empty() ? nameOf(failed->kind) : failed->detail)));
    if (isAll && failed == outcomes.end() && deps_.onStoppedAll) deps_.onStoppedAll();
}

void ConsoleMaster::restart(MasterAgent& agent, const std::vector<std::string>& ids,
                            const std::string& type, Reply reply) {
    if (deps_.control == nullptr)
        return reply(Error(Errc::NotSupported, "this master starts no servers"));
    // Who started an unmanaged server has to start it again: it is left alone and named.
    std::vector<std::string> left;
    Selection selection{{}, type};
    if (!ids.empty()) {
        Split servers = split(agent, ids);
        left = std::move(servers.unmanaged);
        left.insert(left.end(), servers.unknown.begin(), servers.unknown.end());
        selection = {std::move(servers.managed), {}};
        if (selection.ids.empty())
            return reply(Error(Errc::UnknownServer, "all servers start failed."));
    }
    const auto done = [left, type, reply](const Outcomes& outcomes) {
        if (outcomes.empty() && left.empty() && !type.empty())
            return reply(Error(
                Errc::UnknownServer,
                fmt::format("restart servers with unknown server type: {}", type.substr(0, 64))));
        auto failed = failedOf(outcomes);
        if (!outcomes.empty() && failed.size() == outcomes.size())
            return reply(
                Error(Errc::Failed, fmt::format("all servers start failed. {}: {}",
                                                outcomes.front().id, outcomes.front().detail)));
        failed.insert(failed.end(), left.begin(), left.end());
        reply(jsonText(json(failed)));
    };
    deps_.control->restart(std::move(selection), kControlTimeout, done);
}

void ConsoleMaster::kill(MasterAgent& agent, const std::vector<std::string>& ids, Reply reply) {
    Split servers = split(agent, ids);
    Killing killing{std::move(servers.unmanaged), std::move(servers.unknown), ids.empty()};
    if (deps_.control == nullptr || (!ids.empty() && servers.managed.empty()))
        return killUnmanaged(agent, std::move(killing), std::move(reply));
    deps_.control->kill({servers.managed, {}}, kControlTimeout,
                        [this, alive = std::weak_ptr<bool>(alive_), &agent, killing,
                         reply = std::move(reply)](const Outcomes& outcomes) {
                            if (alive.expired()) return;
                            auto rest = killing;
                            const auto failed = failedOf(outcomes);
                            rest.remained.insert(rest.remained.begin(), failed.begin(),
                                                 failed.end());
                            killUnmanaged(agent, std::move(rest), reply);
                        });
}

void ConsoleMaster::killUnmanaged(MasterAgent& agent, Killing killing, Reply reply) const {
    std::vector<ServerInfo> servers;
    for (const std::string& serverId : killing.unmanaged)
        if (auto server = agent.server(serverId)) servers.push_back(*std::move(server));
    const auto done = [killing = std::move(killing), ends = deps_.onStoppedAll,
                       reply = std::move(reply)](const std::vector<Gathered>& gathered) {
        auto left = killing.remained;
        for (const Gathered& one : gathered)
            if (!one.result) left.push_back(one.server.id);
        if (!left.empty()) return reply(jsonText({{"code", "remained"}, {"serverIds", left}}));
        reply(JsonText(R"({"code":"ok"})"));
        if (killing.isAll && ends) ends();
    };
    gather(agent, std::move(servers), id(), R"({"signal":"kill"})", kKillTimeout, done);
}

void ConsoleMaster::add(const std::vector<std::string>& args, const Reply& reply) {
    if (deps_.control == nullptr)
        return reply(Error(Errc::NotSupported, "this master starts no servers"));
    const auto arguments = parseArguments(args);
    if (!arguments) return reply(arguments.error());
    if (arguments->empty())
        return reply(Error(Errc::BadMessage, "Miss necessary server parameters."));
    deps_.control->add(serverEntry(*arguments), [reply](const auto& ids) {
        if (!ids) return reply(ids.error());
        reply(jsonText({{"status", "ok"}, {"ids", *ids}}));
    });
}

}  // namespace muster::modules
