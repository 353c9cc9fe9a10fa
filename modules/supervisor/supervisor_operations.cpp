#include "common/log.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/topics.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

namespace muster::supervisor {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using Outcome = ServerOutcome::Kind;

namespace {

constexpr std::size_t kMaxOperations = 1000;
constexpr milliseconds kDefaultTimeout{60'000};
constexpr milliseconds kLongestTimeout{24LL * 3600 * 1000};

const char* outcomeName(Outcome kind) {
    switch (kind) {
        case Outcome::Done: return "done";
        case Outcome::AlreadyThere: return "already";
        case Outcome::Failed: return "failed";
        case Outcome::UnknownServer: return "unknown_server";
        case Outcome::TimedOut: return "timed_out";
        case Outcome::Refused: return "refused";
    }
    return "failed";
}

std::string textOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<Selection> selectionOf(const Json& message) {
    Selection selection;
    selection.type = textOf(message, "type");
    const auto ids = message.find("ids");
    if (ids == message.end()) return selection;
    if (!ids->is_array() || ids->size() > 100'000)
        return Error(Errc::BadMessage, "ids must be an array of at most 100000 strings");
    for (const Json& id : *ids) {
        if (!id.is_string()) return Error(Errc::BadMessage, "ids must hold strings");
        selection.ids.push_back(id.get<std::string>());
    }
    return selection;
}

JsonText resultsOf(const std::vector<ServerOutcome>& outcomes) {
    Json results = Json::array();
    for (const ServerOutcome& outcome : outcomes)
        results.push_back({{"id", outcome.id},
                           {"outcome", outcomeName(outcome.kind)},
                           {"detail", outcome.detail}});
    return jsonText({{"results", std::move(results)}});
}

}  // namespace

// ---- ServerControl

void SupervisorMaster::start(Selection selection, milliseconds timeout, OutcomesReply done) {
    operate(Verb::Start, selection, timeout, std::move(done));
}
void SupervisorMaster::stop(Selection selection, milliseconds timeout, OutcomesReply done) {
    operate(Verb::Stop, selection, timeout, std::move(done));
}
void SupervisorMaster::restart(Selection selection, milliseconds timeout, OutcomesReply done) {
    operate(Verb::Restart, selection, timeout, std::move(done));
}
void SupervisorMaster::kill(Selection selection, milliseconds timeout, OutcomesReply done) {
    operate(Verb::Kill, selection, timeout, std::move(done));
}

void SupervisorMaster::bringUp(const Selection& selection) {
    Operation ignored{Verb::Start, {}, {}, {}, 0, Rollout(1), {}, {}, {}, 0};
    const bool isAll = selection.ids.empty() && selection.type.empty();
    std::vector<std::pair<std::string, Wish>> wishes;
    for (const std::string& id : select(selection, ignored)) {
        const Fleet::Server* server = fleet_.find(id);
        const bool isOfConfig = std::any_of(cluster_.servers.begin(), cluster_.servers.end(),
                                            [&](const auto& known) { return known.id == id; });
        if (const auto command = ports_.command(cluster_, server->entry); !command) {
            log::warn("supervisor", "{} is not started: {}", id, command.error().detail());
            continue;
        }
        const bool isKept =
            isAll && server->wish && !server->wish->wantsRun && server->wish->isPersonal;
        if (isOfConfig && !isKept) wishes.emplace_back(id, Wish{true, false});
    }
    persistWishes(wishes, [this, isAlive = std::weak_ptr(isAlive_)](const auto& result) {
        if (!result) log::error("supervisor", "start: {}", result.error().detail());
        if (isAlive.lock()) scheduleReconcile();
    });
}

// ---- operations

std::vector<std::string> SupervisorMaster::select(const Selection& selection,
                                                  Operation& operation) const {
    std::vector<std::string> ids;
    const bool isAll = selection.ids.empty() && selection.type.empty();
    for (const std::string& id : fleet_.ids()) {
        const Fleet::Server& server = *fleet_.find(id);
        const bool isNamed =
            std::find(selection.ids.begin(), selection.ids.end(), id) != selection.ids.end();
        // A server nobody supervises is touched only by its name, and then refused.
        const bool isOurs = !server.nodeId.empty();
        if (isNamed || (isOurs && (isAll || server.entry.type == selection.type)))
            ids.push_back(id);
    }
    for (const std::string& id : selection.ids)
        if (fleet_.find(id) == nullptr)
            operation.outcomes.push_back({id, Outcome::UnknownServer, "no such server"});
    return ids;
}

void SupervisorMaster::operate(Verb verb, const Selection& selection, milliseconds timeout,
                               OutcomesReply done) {
    if (operations_.size() >= kMaxOperations)
        return done({{"", Outcome::Refused, "too many operations are under way"}});
    operations_.push_back(
        {verb, {}, {}, std::move(done), 0, Rollout(1), {}, {}, {}, nextSerial_++});
    const auto operation = std::prev(operations_.end());
    const auto ids = select(selection, *operation);
    prepare(*operation, ids);
    const bool isRun = verb == Verb::Start || verb == Verb::Restart;
    const bool isPersonal = !isRun && (!selection.ids.empty() || !selection.type.empty());
    std::vector<std::pair<std::string, Wish>> wishes;
    for (const std::string& id : ids) {
        if (!operation->open.contains(id)) continue;
        const auto& known = fleet_.find(id)->wish;
        if (!known) operation->unwished.insert(id);
        const bool wasPersonal = !isRun && known && !known->wantsRun && known->isPersonal;
        wishes.emplace_back(id, Wish{isRun, isPersonal || wasPersonal});
    }
    operation->timer = loop_.after(timeout, [this, operation] { timeOut(*operation); });
    // What is acknowledged, or acted upon, is in the store first.
    persistWishes(wishes, [this, serial = operation->serial,
                           isAlive = std::weak_ptr(isAlive_)](const auto& result) {
        if (isAlive.lock()) persisted(serial, result);
    });
}

void SupervisorMaster::persisted(std::uint64_t serial, const Result<std::int64_t>& result) {
    const auto operation =
        std::find_if(operations_.begin(), operations_.end(),
                     [serial](const Operation& known) { return known.serial == serial; });
    if (operation == operations_.end()) return;  // its time was over before
    if (result) return carryOut(*operation);
    for (const std::string& id : std::set<std::string>(operation->open))
        conclude(*operation, {id, Outcome::Failed, result.error().detail()});
    checkOperations();
}

/// Sorts out what needs no order.
void SupervisorMaster::prepare(Operation& operation, const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
        const Fleet::Server& server = *fleet_.find(id);
        const bool isStop = operation.verb == Verb::Stop || operation.verb == Verb::Kill;
        const bool wishIsStop = server.wish && !server.wish->wantsRun;
        if (server.nodeId.empty())
            operation.outcomes.push_back({id, Outcome::Refused, "it is not started by muster"});
        else if (auto command = ports_.command(cluster_, server.entry); !isStop && !command)
            operation.outcomes.push_back({id, Outcome::Refused, command.error().detail()});
        else if (operation.verb == Verb::Start && fleet_.isReady(id) && !wishIsStop)
            operation.outcomes.push_back({id, Outcome::AlreadyThere, "ready"});
        else if (isStop && wishIsStop && fleet_.isDown(id))
            operation.outcomes.push_back({id, Outcome::AlreadyThere, "stopped"});
        else
            operation.open.insert(id);
    }
}

void SupervisorMaster::persistWishes(const std::vector<std::pair<std::string, Wish>>& wishes,
                                     std::function<void(Result<std::int64_t>)> done) {
    Transaction transaction;
    for (const auto& [id, wish] : wishes)
        transaction.puts.push_back(
            {"desired/" + wire::percentEncode(id),
             jsonText({{"run", wish.wantsRun}, {"personal", wish.isPersonal}})});
    ports_.commit(std::move(transaction), [this, wishes, done = std::move(done),
                                           isAlive = std::weak_ptr(isAlive_)](auto result) {
        if (!isAlive.lock()) return;
        if (result)
            for (const auto& [id, wish] : wishes) fleet_.wish(id, wish);
        done(std::move(result));
    });
}

void SupervisorMaster::carryOut(Operation& operation) {
    for (const std::string& id : std::set<std::string>(operation.open)) {
        const Fleet::Server& server = *fleet_.find(id);
        // To a node that does not come back it would be under way until its deadline.
        const bool isReachable =
            fleet_.isNodeKnown(server.nodeId) || awaited_.contains(server.nodeId);
        if (operation.verb == Verb::Kill && isReachable && !judgeAlone(operation, id))
            send(id, "kill");
        if (operation.verb != Verb::Restart) continue;
        if (fleet_.isNodeKnown(server.nodeId))
            operation.rollout.add(server.entry.type, id);
        else
            conclude(operation, {id, Outcome::Refused, "node " + server.nodeId + " is away"});
    }
    rollOn(operation);
    scheduleReconcile();
}

void SupervisorMaster::rollOn(Operation& operation) {
    for (const std::string& id : operation.rollout.next()) {
        const auto& status = fleet_.find(id)->status;
        operation.oldPids[id] = status ? status->pid : 0;
        send(id, "restart");
    }
}

std::optional<ServerOutcome> SupervisorMaster::judge(const Operation& operation,
                                                     const std::string& id) const {
    const Fleet::Server& server = *fleet_.find(id);
    const std::string note = server.status ? server.status->note : std::string();
    const bool isOrdered = !server.isRequested && !inFlight_.contains(id);
    switch (operation.verb) {
        case Verb::Restart:
            if (!operation.restarted.contains(id)) return std::nullopt;
            // A report from before the order may come after its answer.
            if (server.status && server.status->pid == operation.oldPids.at(id))
                return std::nullopt;
            [[fallthrough]];
        case Verb::Start:
            if (fleet_.isReady(id)) return ServerOutcome{id, Outcome::Done, "ready"};
            if (isOrdered && server.status && server.status->state == ServerState::Failed)
                return ServerOutcome{id, Outcome::Failed, note};
            return std::nullopt;
        case Verb::Stop:
        case Verb::Kill:
            if (inFlight_.contains(id)) return std::nullopt;
            if (!fleet_.isDown(id)) return judgeAlone(operation, id);
            return ServerOutcome{id, Outcome::Done, note.empty() ? "stopped" : note};
    }
    return std::nullopt;
}

/// The outcome of a stop without the server's node.
std::optional<ServerOutcome> SupervisorMaster::judgeAlone(const Operation& operation,
                                                          const std::string& id) const {
    const Fleet::Server& server = *fleet_.find(id);
    if (fleet_.isNodeKnown(server.nodeId)) return std::nullopt;
    if (operation.unwished.contains(id) && !server.status && !server.member)
        return ServerOutcome{id, Outcome::AlreadyThere,
                             "nobody has started it; its node " + server.nodeId + " is away"};
    if (awaited_.contains(server.nodeId)) return std::nullopt;
    return ServerOutcome{id, Outcome::Refused,
                         "its node " + server.nodeId + " is away; stopped when that is back"};
}

void SupervisorMaster::conclude(Operation& operation, ServerOutcome outcome) {
    if (operation.open.erase(outcome.id) == 0) return;
    const std::string id = outcome.id;
    const bool isGood = outcome.kind == Outcome::Done;
    operation.outcomes.push_back(std::move(outcome));
    for (const std::string& left : operation.rollout.finished(id, isGood)) {
        operation.open.erase(left);
        operation.outcomes.push_back(
            {left, Outcome::Refused, "not restarted: " + id + " did not get ready"});
    }
}

void SupervisorMaster::advance(Operation& operation) {
    for (const std::string& id : std::set<std::string>(operation.open))
        if (auto outcome = judge(operation, id)) conclude(operation, std::move(*outcome));
    if (operation.verb == Verb::Restart) rollOn(operation);
}

void SupervisorMaster::checkOperations() {
    std::list<Operation> ended;  // an answer may start an operation, or stop this module
    for (auto at = operations_.begin(); at != operations_.end();) {
        const auto operation = at++;
        advance(*operation);
        if (!operation->open.empty()) continue;
        loop_.cancel(operation->timer);
        ended.splice(ended.end(), operations_, operation);
    }
    for (Operation& operation : ended) operation.done(std::move(operation.outcomes));
}

void SupervisorMaster::timeOut(Operation& operation) {
    for (const std::string& id : std::set<std::string>(operation.open)) {
        const Fleet::Server& server = *fleet_.find(id);
        const std::string why = !server.plan.empty() ? server.plan
                                : server.status      ? server.status->note
                                                     : "no word from " + server.nodeId;
        operation.open.erase(id);
        operation.outcomes.push_back({id, Outcome::TimedOut, why});
    }
    checkOperations();
}

// ---- the client's door

int SupervisorMaster::requiredLevel(const JsonText& message) const {
    auto json = parseJson(message);
    if (!json || !json->is_object()) return 2;  // only to be told so
    const std::string op = textOf(*json, "op");
    return op == "list" || op == "status" || op == "orders" ? 2 : 1;
}

void SupervisorMaster::clientHandler(MasterAgent&, const Caller&, const JsonText& message,
                                     Reply reply) {
    auto json = parseJson(message);
    if (!json || !json->is_object()) return reply(Error(Errc::BadMessage, "not a JSON object"));
    const std::string op = textOf(*json, "op");
    if (op == "list") return reply(list());
    if (op == "status") return status(textOf(*json, "id"), reply);
    if (op == "start") return operateFor(Verb::Start, message, std::move(reply));
    if (op == "stop") return operateFor(Verb::Stop, message, std::move(reply));
    if (op == "restart") return operateFor(Verb::Restart, message, std::move(reply));
    if (op == "kill") return operateFor(Verb::Kill, message, std::move(reply));
    if (op == "orders") {
        const auto limit = json->find("limit");
        const bool isUsable = limit != json->end() && limit->is_number_unsigned();
        const auto count =
            isUsable ? std::min<std::size_t>(limit->get<std::size_t>(), 10'000) : 100;
        return reply(JsonText("{\"orders\":" + ports_.orders(count) + "}"));
    }
    if (op != "add")
        return reply(Error(Errc::BadMessage, "unknown op \"" + op.substr(0, 64) + "\""));
    const auto server = json->find("server");
    if (server == json->end() || !server->is_object())
        return reply(Error(Errc::BadMessage, "\"add\" needs a server: an entry of servers.json"));
    add(jsonText(*server), [reply](const auto& ids) {
        if (!ids) return reply(ids.error());
        reply(jsonText({{"ids", *ids}}));
    });
}

void SupervisorMaster::operateFor(Verb verb, const JsonText& message, Reply reply) {
    const Json json = Json::parse(message, nullptr, false);
    auto selection = selectionOf(json);
    if (!selection) return reply(selection.error());
    milliseconds timeout = kDefaultTimeout;
    if (const auto given = json.find("timeoutMs");
        given != json.end() && given->is_number_integer())
        timeout =
            std::clamp(milliseconds(given->get<std::int64_t>()), milliseconds(1), kLongestTimeout);
    operate(verb, *selection, timeout,
            [reply](const std::vector<ServerOutcome>& outcomes) { reply(resultsOf(outcomes)); });
}

JsonText SupervisorMaster::list() const {
    std::string rows;
    for (const std::string& id : fleet_.ids()) {
        if (!rows.empty()) rows += ",";
        rows += fleet_.row(id, loop_.now(), loop_.wallTime(), true);
    }
    return "{\"servers\":[" + rows + "],\"leader\":" + ports_.leader() +
           ",\"cluster\":" + jsonText(cluster_.name) + "}";
}

void SupervisorMaster::status(const std::string& id, const Reply& reply) const {
    const Fleet::Server* server = fleet_.find(id);
    if (server == nullptr)
        return reply(Error(Errc::UnknownServer, "no server \"" + id.substr(0, 64) + "\""));
    std::string events;
    for (const JsonText& event : ports_.events(id)) events += (events.empty() ? "" : ",") + event;
    reply("{\"server\":" + fleet_.row(id, loop_.now(), loop_.wallTime(), true) + ",\"events\":[" +
          events + "]}");
}

}  // namespace muster::supervisor
