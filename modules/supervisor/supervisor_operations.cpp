#include "common/log.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/topics.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

namespace muster::supervisor {

using std::chrono::milliseconds;
using Outcome = ServerOutcome::Kind;

namespace {

constexpr std::size_t kMaxOperations = 1000;

}  // namespace

// ---- ServerControl

void SupervisorMaster::start(Selection selection, milliseconds timeout, OutcomesReply done) {
    operate(Verb::Start, selection, timeout, {}, std::move(done));
}
void SupervisorMaster::stop(Selection selection, milliseconds timeout, OutcomesReply done) {
    operate(Verb::Stop, selection, timeout, {}, std::move(done));
}
void SupervisorMaster::restart(Selection selection, milliseconds timeout, OutcomesReply done) {
    operate(Verb::Restart, selection, timeout, {}, std::move(done));
}
void SupervisorMaster::kill(Selection selection, milliseconds timeout, OutcomesReply done) {
    operate(Verb::Kill, selection, timeout, {}, std::move(done));
}

void SupervisorMaster::bringUp(const Selection& selection) {
    Operation ignored;
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
                               OperationOptions options, OutcomesReply done) {
    if (operations_.size() >= kMaxOperations)
        return done({{"", Outcome::Refused, "too many operations are under way"}});
    const auto operation = operations_.emplace(operations_.end());
    operation->verb = verb;
    operation->options = options;
    operation->done = std::move(done);
    operation->rollout = Rollout(options.width);
    operation->serial = nextSerial_++;
    const auto ids = select(selection, *operation);
    prepare(*operation, ids);
    const bool isRun = verb == Verb::Start || verb == Verb::Restart;
    const bool isPersonal = !isRun && (!selection.ids.empty() || !selection.type.empty());
    std::vector<std::pair<std::string, Wish>> wishes;
    const bool isDrainedFirst = verb == Verb::Stop && options.drain;
    for (const std::string& id : ids) {
        if (!operation->open.contains(id) || isDrainedFirst) continue;
        const auto& known = fleet_.find(id)->wish;
        if (!known) operation->unwished.insert(id);
        const bool wasPersonal = !isRun && known && !known->wantsRun && known->isPersonal;
        wishes.emplace_back(id, Wish{isRun, isPersonal || wasPersonal});
    }
    operation->timer = loop_.after(timeout, [this, operation] { timeOut(*operation); });
    if (isDrainedFirst) {
        beginDrain(*operation, {operation->open.begin(), operation->open.end()});
        return scheduleReconcile();
    }
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
        if (auto outcome = withoutOrder(operation, id))
            operation.outcomes.push_back(std::move(*outcome));
        else
            operation.open.insert(id);
    }
}

std::optional<ServerOutcome> SupervisorMaster::withoutOrder(const Operation& operation,
                                                            const std::string& id) const {
    const Fleet::Server& server = *fleet_.find(id);
    const bool isStop = operation.verb == Verb::Stop || operation.verb == Verb::Kill;
    const bool wishIsStop = server.wish && !server.wish->wantsRun;
    if (server.nodeId.empty())
        return ServerOutcome{id, Outcome::Refused, "it is not started by muster"};
    if (auto command = ports_.command(cluster_, server.entry); !isStop && !command)
        return ServerOutcome{id, Outcome::Refused, command.error().detail()};
    if (operation.verb == Verb::Start && fleet_.isDraining(id) && !wishIsStop)
        return ServerOutcome{id, Outcome::AlreadyThere, "cordoned"};
    if (operation.verb == Verb::Start && fleet_.isReady(id) && !wishIsStop)
        return ServerOutcome{id, Outcome::AlreadyThere, "ready"};
    if (isStop && wishIsStop && fleet_.isDown(id))
        return ServerOutcome{id, Outcome::AlreadyThere, "stopped"};
    if (!operation.options.isOnlyChanged) return std::nullopt;
    switch (fleet_.currency(id)) {
        case Fleet::Currency::Outdated: return std::nullopt;
        case Fleet::Currency::Current:
            return ServerOutcome{id, Outcome::AlreadyThere, "runs with this configuration"};
        case Fleet::Currency::NoProcess:
            return ServerOutcome{id, Outcome::AlreadyThere, "has no process"};
        case Fleet::Currency::Unknown: break;
    }
    return ServerOutcome{id, Outcome::Refused, "nobody knows what it was started with"};
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
    const auto ids = operation.rollout.next();
    if (operation.options.drain && !ids.empty()) return beginDrain(operation, ids);
    for (const std::string& id : ids) restartOne(operation, id);
}

void SupervisorMaster::restartOne(Operation& operation, const std::string& id) {
    const auto& status = fleet_.find(id)->status;
    operation.oldPids[id] = status ? status->pid : 0;
    send(id, "restart");
    endDrain(id);
}

std::optional<ServerOutcome> SupervisorMaster::judge(const Operation& operation,
                                                     const std::string& id) const {
    const Fleet::Server& server = *fleet_.find(id);
    if (operation.drains.contains(id)) return std::nullopt;
    switch (operation.verb) {
        case Verb::Restart:
            if (!operation.successors.contains(id)) return std::nullopt;
            // A report from before the order may come after its answer.
            if (server.status && server.status->pid == operation.oldPids.at(id) &&
                !hasSuccessorEnded(operation, id))
                return std::nullopt;
            [[fallthrough]];
        case Verb::Start: return judgeStart(operation, id);
        case Verb::Stop:
        case Verb::Kill: break;
    }
    if (inFlight_.contains(id)) return std::nullopt;
    if (!fleet_.isDown(id)) return judgeAlone(operation, id);
    const std::string note = server.status ? server.status->note : std::string();
    return ServerOutcome{id, Outcome::Done, note.empty() ? "stopped" : note};
}

std::optional<ServerOutcome> SupervisorMaster::judgeStart(const Operation& operation,
                                                          const std::string& id) const {
    const Fleet::Server& server = *fleet_.find(id);
    const std::string note = server.status ? server.status->note : std::string();
    const bool isOrdered = !server.isRequested && !inFlight_.contains(id);
    if (fleet_.isReady(id)) return ServerOutcome{id, Outcome::Done, "ready"};
    if (fleet_.isDraining(id)) return ServerOutcome{id, Outcome::Done, "cordoned"};
    if (isOrdered && server.status && server.status->state == ServerState::Failed)
        return ServerOutcome{id, Outcome::Failed, note};
    if (!hasSuccessorEnded(operation, id)) return std::nullopt;
    return ServerOutcome{id, Outcome::Failed, "its new process ended before it was ready: " + note};
}

/// Whether the process that a restart gave it is gone again: its node goes on trying, but who
/// restarts servers one after the other had better stop here.
bool SupervisorMaster::hasSuccessorEnded(const Operation& operation, const std::string& id) const {
    const auto found = operation.successors.find(id);
    const Fleet::Server& server = *fleet_.find(id);
    if (found == operation.successors.end() || found->second.pid == 0 || !server.status)
        return false;
    const ServerStatus& status = *server.status;
    if (status.revision < found->second.revision) return false;  // from before the order
    if (status.pid > 0)
        return status.pid != found->second.pid && status.pid != operation.oldPids.at(id);
    return status.state == ServerState::Backoff && status.revision != found->second.revision;
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
    const bool isDrainedAway = operation.options.drain && outcome.kind == Outcome::Done;
    operation.drains.erase(id);
    if (isDrainedAway) endDrain(id);
    const bool isGood = outcome.kind == Outcome::Done;
    operation.outcomes.push_back(std::move(outcome));
    for (const std::string& left : operation.rollout.finished(id, isGood)) {
        operation.open.erase(left);
        operation.outcomes.push_back(
            {left, Outcome::Refused, "not restarted: " + id + " did not get ready"});
    }
}

/// Nobody has this server any more.
void SupervisorMaster::concludeAll(const std::string& id) {
    for (Operation& operation : operations_)
        conclude(operation, {id, Outcome::Failed, "it was removed meanwhile"});
}

void SupervisorMaster::advance(Operation& operation) {
    advanceDrains(operation);
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

}  // namespace muster::supervisor
