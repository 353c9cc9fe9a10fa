#include "common/log.hpp"
#include "common/wire/topics.hpp"
#include "master/supervisor/scale_plan.hpp"
#include "modules/supervisor/next_entry.hpp"
#include "modules/supervisor/outcome_json.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

// Another number of servers of a type. What the configuration has is started and stopped, as by a
// person; only what was added at run time comes and goes.
namespace muster::supervisor {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using Kind = ServerChange::Kind;
using Outcome = ServerOutcome::Kind;

namespace {

constexpr std::size_t kMostOfAType = 1000;

/// As the first copy will be: its id and ports are taken for the next.
Result<config::Server> sketch(const JsonText& entry, const config::Server& like) {
    const auto json = parseJson(entry);
    if (!json) return json.error();
    config::Server server = like;
    server.id = json->value("id", "");
    server.properties = entry;
    return server;
}

}  // namespace

/// What would be done, server by server; nothing moves.
Result<ChangePlan> SupervisorMaster::planScaling(const std::string& type, std::size_t count) const {
    std::vector<ScaleMember> members;
    for (const std::string& id : fleet_.ids()) {
        const Fleet::Server& server = *fleet_.find(id);
        if (server.entry.type != type || server.nodeId.empty()) continue;
        const bool wantsRun =
            server.wish ? server.wish->wantsRun : server.status && server.status->wantsRun;
        members.push_back(
            {id, wantsRun, store_.get("added/" + wire::percentEncode(id)).has_value()});
    }
    if (members.empty() && !cluster_.types.contains(type)) {
        std::string known;
        for (const auto& [name, settings] : cluster_.types)
            known += (known.empty() ? "" : ", ") + name;
        return Error(Errc::UnknownServer,
                     "no server type \"" + type.substr(0, 64) + "\"; there are: " + known);
    }
    const ScalePlan wanted = planScale(members, count);
    ChangePlan plan;
    for (const ScaleMember& member : members) {
        const auto isIn = [&member](const std::vector<std::string>& ids) {
            return std::find(ids.begin(), ids.end(), member.id) != ids.end();
        };
        ServerChange change;
        change.id = member.id;
        change.type = type;
        change.state = parseJson(fleet_.row(member.id, loop_.now(), loop_.wallTime(), false))
                           ->value("state", "");
        if (isIn(wanted.starts)) change.kind = Kind::Start;
        if (isIn(wanted.stops)) change.kind = Kind::Stop;
        if (isIn(wanted.removes)) change.kind = Kind::Remove;
        const Fleet::Server& server = *fleet_.find(member.id);
        if (change.kind == Kind::Stop || change.kind == Kind::Remove)
            change.busy = server.status && server.status->busy ? *server.status->busy
                                                               : server.memberBusy.value_or(0);
        if (change.kind == Kind::Stop) change.note = "the configuration has it: it stays, stopped";
        plan.changes.push_back(std::move(change));
    }
    config::Cluster ahead = cluster_;
    for (std::size_t made = 0; made < wanted.creates; ++made) {
        const auto entry = nextEntry(ahead, type);
        if (!entry) return entry.error();
        const auto like = std::find_if(ahead.servers.begin(), ahead.servers.end(),
                                       [&](const auto& server) { return server.type == type; });
        const auto server = sketch(*entry, *like);
        if (!server) return server.error();
        ServerChange change;
        change.kind = Kind::Add;
        change.id = server->id;
        change.type = type;
        change.state = "stopped";
        change.note = "new";
        ahead.servers.push_back(*server);
        plan.changes.push_back(std::move(change));
    }
    return plan;
}

void SupervisorMaster::scale(const JsonText& message, const Reply& reply) {
    const Json json = Json::parse(message, nullptr, false);
    const auto count = json.find("count");
    const auto type = json.find("type");
    if (type == json.end() || !type->is_string())
        return reply(Error(Errc::BadMessage, "\"scale\" needs the type of servers"));
    if (count == json.end() || !count->is_number_unsigned() || *count > kMostOfAType)
        return reply(Error(Errc::BadMessage, "count must be a number of servers, 0 to " +
                                                 std::to_string(kMostOfAType)));
    const auto options = optionsOf(json);
    if (!options) return reply(options.error());
    const auto plan = planScaling(type->get<std::string>(), count->get<std::size_t>());
    if (!plan) return reply(plan.error());
    if (json.value("dryRun", Json()) == true) {
        Json changes = Json::array();
        for (const ServerChange& change : plan->changes) changes.push_back(changeJson(change));
        return reply(jsonText({{"plan", plan->fingerprint()},
                               {"cluster", cluster_.name},
                               {"changes", std::move(changes)}}));
    }
    if (application_ || scaling_)
        return reply(Error(Errc::Conflict, "an apply or another scale is under way"));
    if (const auto given = json.find("plan"); given != json.end() && *given != plan->fingerprint())
        return reply(
            Error(Errc::Conflict, "the plan is no longer what would be done: ask for it again"));
    scaling_ = Scaling{};
    scaling_->type = type->get<std::string>();
    scaling_->options = *options;
    scaling_->end = loop_.now() + timeoutOf(json);
    scaling_->starts = plan->ids(Kind::Start);
    scaling_->stops = plan->ids(Kind::Stop);
    scaling_->removes = plan->ids(Kind::Remove);
    scaling_->creates = plan->ids(Kind::Add).size();
    scaling_->reply = reply;
    for (const std::string& id : plan->ids(Kind::Unchanged))
        if (const auto& wish = fleet_.find(id)->wish; wish && wish->wantsRun)
            scaling_->results.emplace_back("unchanged",
                                           ServerOutcome{id, Outcome::AlreadyThere, {}});
    create();
}

/// One after the other: each has the number after the last.
void SupervisorMaster::create() {
    if (scaling_->creates == 0) return startScaled();
    --scaling_->creates;
    auto entry = nextEntry(cluster_, scaling_->type);
    if (!entry) {
        scaling_->creates = 0;
        scaling_->results.emplace_back(
            "add", ServerOutcome{scaling_->type, Outcome::Failed, entry.error().detail()});
        return startScaled();
    }
    add(std::move(*entry),
        [this, isAlive = std::weak_ptr(isAlive_)](const Result<std::vector<std::string>>& ids) {
            if (!isAlive.lock() || !scaling_) return;
            if (ids) {
                scaling_->creations.insert(scaling_->creations.end(), ids->begin(), ids->end());
            } else {  // the next one would have the same trouble
                scaling_->creates = 0;
                scaling_->results.emplace_back(
                    "add", ServerOutcome{scaling_->type, Outcome::Failed, ids.error().detail()});
            }
            // Not from within the answer: what is being added has its place until then.
            loop_.post([this, isAlive] {
                if (isAlive.lock() && scaling_) create();
            });
        });
}

void SupervisorMaster::startScaled() {
    Selection selection;
    selection.ids = scaling_->starts;
    for (const std::string& id : scaling_->creations) selection.ids.push_back(id);
    if (selection.ids.empty()) return stopScaled();  // no ids would mean all
    const auto left = std::chrono::duration_cast<milliseconds>(scaling_->end - loop_.now());
    operate(Verb::Start, selection, std::max(left, milliseconds(1)), {},
            [this](const std::vector<ServerOutcome>& outcomes) {
                if (!scaling_) return;
                for (const ServerOutcome& outcome : outcomes) {
                    const auto& starts = scaling_->starts;
                    const bool isOld =
                        std::find(starts.begin(), starts.end(), outcome.id) != starts.end();
                    scaling_->results.emplace_back(isOld ? "start" : "add", outcome);
                }
                stopScaled();
            });
}

void SupervisorMaster::stopScaled() {
    Selection selection;
    selection.ids = scaling_->stops;
    for (const std::string& id : scaling_->removes) selection.ids.push_back(id);
    if (selection.ids.empty()) return endScaling();
    const auto left = std::chrono::duration_cast<milliseconds>(scaling_->end - loop_.now());
    operate(Verb::Stop, selection, std::max(left, milliseconds(1)), scaling_->options,
            [this](const std::vector<ServerOutcome>& outcomes) {
                if (scaling_) retireScaled(outcomes);
            });
}

/// What was added at run time and is down now is forgotten; what did not stop is still there.
void SupervisorMaster::retireScaled(const std::vector<ServerOutcome>& outcomes) {
    Transaction transaction;
    for (const ServerOutcome& outcome : outcomes) {
        const auto& removes = scaling_->removes;
        const bool isGoing = std::find(removes.begin(), removes.end(), outcome.id) != removes.end();
        scaling_->results.emplace_back(isGoing ? "remove" : "stop", outcome);
        const bool isDown = outcome.kind == Outcome::Done || outcome.kind == Outcome::AlreadyThere;
        if (!isGoing || !isDown || fleet_.find(outcome.id) == nullptr) continue;
        forget(outcome.id, transaction);
        std::erase_if(cluster_.servers,
                      [&](const config::Server& server) { return server.id == outcome.id; });
    }
    ports_.commit(std::move(transaction),
                  [this, isAlive = std::weak_ptr(isAlive_)](const Result<std::int64_t>& result) {
                      if (!isAlive.lock() || !scaling_) return;
                      if (!result) log::error("supervisor", "scale: {}", result.error().detail());
                      mirror();
                      endScaling();
                  });
}

void SupervisorMaster::endScaling() {
    Json results = Json::array();
    for (const auto& [change, outcome] : scaling_->results) {
        Json result = outcomeJson(outcome);
        result["change"] = change;
        results.push_back(std::move(result));
    }
    const Reply reply = std::move(scaling_->reply);
    scaling_.reset();
    reply(jsonText({{"results", std::move(results)}}));
}

}  // namespace muster::supervisor
