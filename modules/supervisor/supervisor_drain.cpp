#include "common/log.hpp"
#include "common/wire/topics.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <muster/json.hpp>

#include <utility>

// Servers that are to take nothing new, and the wait until they are empty.
namespace muster::supervisor {

using std::chrono::milliseconds;
using Outcome = ServerOutcome::Kind;

namespace {

constexpr milliseconds kLook{1000};  // at time limits; news of servers are looked at when they come

const char* nameOf(Cordon cordon) {
    return cordon == Cordon::Drain ? "drain" : "person";
}

}  // namespace

void SupervisorMaster::loadCordons() {
    for (const StoreEntry& entry : store_.list("cordon/")) {
        const auto id = wire::percentDecode(std::string_view(entry.key).substr(7));
        const auto json = parseJson(entry.value);
        if (!id || !json || !json->is_object() || fleet_.find(*id) == nullptr) continue;
        const bool isOfDrain = json->value("by", nlohmann::json()) == "drain";
        fleet_.cordon(*id, isOfDrain ? Cordon::Drain : Cordon::Person);
    }
}

/// In the store first: a cordon that somebody counts on outlives the master.
void SupervisorMaster::setCordons(const std::vector<std::string>& ids, Cordon cordon,
                                  std::function<void(Result<std::int64_t>)> done) {
    Transaction transaction;
    for (const std::string& id : ids) {
        const std::string key = "cordon/" + wire::percentEncode(id);
        if (cordon != Cordon::None)
            transaction.puts.push_back({key, jsonText({{"by", nameOf(cordon)}})});
        else if (store_.get(key))
            transaction.erases.push_back(key);
    }
    ports_.commit(std::move(transaction), [this, ids, cordon, done = std::move(done),
                                           isAlive = std::weak_ptr(isAlive_)](auto result) {
        if (!isAlive.lock()) return;
        if (result)
            for (const std::string& id : ids) cordoned(id, cordon);
        mirror();
        if (done) done(std::move(result));
    });
}

void SupervisorMaster::cordoned(const std::string& id, Cordon cordon) {
    const Fleet::Server* server = fleet_.find(id);
    if (server == nullptr) return;
    const bool was = server->cordon != Cordon::None;
    fleet_.cordon(id, cordon);
    dirty_.insert(id);
    tellCordon(id);
    if (was == (cordon != Cordon::None)) return;
    agent_->publishEvent(was ? "uncordoned" : "cordoned", id,
                         jsonText({{"cause", was                       ? "takes new work again"
                                             : cordon == Cordon::Drain ? "is drained"
                                                                       : "by a person"}}));
}

/// pomelo's servers know nothing of it.
void SupervisorMaster::tellCordon(const std::string& id) {
    const Fleet::Server* server = fleet_.find(id);
    if (server == nullptr || !server->member || server->member->isPomelo) return;
    const bool isCordoned = server->cordon != Cordon::None;
    if (isCordoned)
        told_[id] = server->member->incarnation;
    else
        told_.erase(id);
    const char* signal = isCordoned ? R"({"signal":"drain"})" : R"({"signal":"undrain"})";
    if (auto told = agent_->notifyById(id, "__console__", signal); !told)
        log::warn("supervisor", "{} was not told that it is {}: {}", id,
                  isCordoned ? "cordoned" : "not cordoned any more", told.error().detail());
}

/// A new process has not heard of it, nor one whose master was another one then.
void SupervisorMaster::remindOfCordon(const std::string& id) {
    const Fleet::Server* server = fleet_.find(id);
    if (agent_ == nullptr || server == nullptr || server->cordon == Cordon::None) return;
    const auto told = told_.find(id);
    if (told != told_.end() && server->member && told->second == server->member->incarnation)
        return;
    tellCordon(id);
}

void SupervisorMaster::cordonFor(bool isOn, const Selection& selection, OutcomesReply done) {
    Operation operation;
    std::vector<std::string> ids;
    for (const std::string& id : select(selection, operation)) {
        const Fleet::Server& server = *fleet_.find(id);
        const bool isThere = isOn ? server.cordon == Cordon::Person : server.cordon == Cordon::None;
        if (server.nodeId.empty())
            operation.outcomes.push_back({id, Outcome::Refused, "it is not started by muster"});
        else if (isThere)
            operation.outcomes.push_back({id, Outcome::AlreadyThere, {}});
        else
            ids.push_back(id);
    }
    setCordons(ids, isOn ? Cordon::Person : Cordon::None,
               [ids, isOn, outcomes = std::move(operation.outcomes),
                done = std::move(done)](const Result<std::int64_t>& result) mutable {
                   const std::string text = isOn ? "takes nothing new" : "takes new work again";
                   for (const std::string& id : ids)
                       outcomes.push_back({id, result ? Outcome::Done : Outcome::Failed,
                                           result ? text : result.error().detail()});
                   done(std::move(outcomes));
               });
}

// ---- drains of operations

void SupervisorMaster::beginDrain(Operation& operation, const std::vector<std::string>& ids) {
    std::vector<std::string> open;
    for (const std::string& id : ids) {
        operation.drains.emplace(id, Drain(loop_.now(), *operation.options.drain));
        if (fleet_.find(id)->cordon == Cordon::None) open.push_back(id);
    }
    if (!open.empty())
        setCordons(open, Cordon::Drain, [this](const auto& result) {
            if (!result) log::error("supervisor", "cordon: {}", result.error().detail());
            scheduleReconcile();
        });
    scheduleReconcile();
    lookAtDrains();
}

/// Looks again at time limits, while there is something to wait for.
void SupervisorMaster::lookAtDrains() {
    if (drainTimer_ != 0) return;
    drainTimer_ = loop_.after(kLook, [this] {
        drainTimer_ = 0;
        checkOperations();
        for (const Operation& operation : operations_)
            if (!operation.drains.empty()) return lookAtDrains();
    });
}

Drain::Verdict SupervisorMaster::lookAt(const Drain& drain, const std::string& id) const {
    const Fleet::Server& server = *fleet_.find(id);
    DrainFacts facts;
    if (server.status) {
        facts.isAlive = server.status->pid > 0 || server.status->wantsRun;
        facts.hasAgreed = server.status->state == ServerState::Draining;
        facts.busy = server.status->busy;
    }
    facts.canBeAsked = server.member && !server.member->isPomelo;
    if (!facts.busy) facts.busy = server.memberBusy;
    return drain.look(facts, loop_.now());
}

/// Those that are empty, or too late, are signalled now; nobody else is.
void SupervisorMaster::advanceDrains(Operation& operation) {
    std::vector<std::string> over;
    for (const auto& [id, drain] : std::map<std::string, Drain>(operation.drains)) {
        const auto verdict = lookAt(drain, id);
        if (verdict == Drain::Verdict::Waiting) continue;
        operation.drains.erase(id);
        const auto busy = fleet_.find(id)->status ? fleet_.find(id)->status->busy : std::nullopt;
        const bool isLate = verdict == Drain::Verdict::Late;
        if (isLate && operation.options.isGivingUp)
            conclude(operation, {id, Outcome::TimedOut,
                                 std::to_string(busy.value_or(0)) +
                                     " sessions at the deadline; it goes on, and stays cordoned"});
        else
            over.push_back(id);
    }
    if (over.empty()) return;
    if (operation.verb == Verb::Restart) {
        for (const std::string& id : over) restartOne(operation, id);
        return;
    }
    std::vector<std::pair<std::string, Wish>> wishes;
    for (const std::string& id : over) wishes.emplace_back(id, Wish{false, true});
    persistWishes(wishes, [this](const auto& result) {
        if (!result) log::error("supervisor", "stop: {}", result.error().detail());
        scheduleReconcile();
    });
}

/// A cordon that was only for the drain goes with it.
void SupervisorMaster::endDrain(const std::string& id) {
    const Fleet::Server* server = fleet_.find(id);
    if (server == nullptr || server->cordon != Cordon::Drain) return;
    setCordons({id}, Cordon::None, {});
}

}  // namespace muster::supervisor
