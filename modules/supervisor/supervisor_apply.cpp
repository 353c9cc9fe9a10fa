#include "common/log.hpp"
#include "common/wire/topics.hpp"
#include "modules/supervisor/outcome_json.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

// From one configuration to the next: what goes is stopped, then what comes is started, then what
// changed is restarted.
namespace muster::supervisor {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using Kind = ServerChange::Kind;
using Outcome = ServerOutcome::Kind;

namespace {

constexpr milliseconds kForgetDeadline{60'000};

}  // namespace

void SupervisorMaster::apply(const JsonText& message, const Reply& reply) {
    const Json json = Json::parse(message, nullptr, false);
    const auto options = optionsOf(json);
    if (!options) return reply(options.error());
    const auto given = json.find("plan");
    const std::string wanted =
        given != json.end() && given->is_string() ? given->get<std::string>() : std::string();
    if (wanted.empty())
        return reply(Error(Errc::BadMessage, "\"apply\" needs the plan: ask for it by \"plan\""));
    if (application_) return reply(Error(Errc::Conflict, "another apply is under way"));
    if (scaling_) return reply(Error(Errc::Conflict, "a scale is under way"));
    auto target = ports_.loadConfig();
    if (!target) return reply(target.error());
    propose(std::move(*target), [this, reply, wanted, options = *options,
                                 end = loop_.now() + timeoutOf(json)](const auto& proposal) {
        if (!proposal) return reply(proposal.error());
        if (application_ || scaling_)
            return reply(Error(Errc::Conflict, "another apply or a scale is under way"));
        if ((*proposal)->plan.fingerprint() != wanted)
            return reply(Error(Errc::Conflict,
                               "the plan is no longer what would be done: ask for it again"));
        application_ = Application{*proposal, options, end, {}, {}, 0, reply};
        stopRemoved();
    });
}

milliseconds SupervisorMaster::timeLeft() const {
    const auto left = std::chrono::duration_cast<milliseconds>(application_->end - loop_.now());
    return std::max(left, milliseconds(1));
}

void SupervisorMaster::note(const char* change, const std::vector<ServerOutcome>& outcomes) {
    for (const ServerOutcome& outcome : outcomes)
        application_->results.emplace_back(change, outcome);
}

void SupervisorMaster::stopRemoved() {
    const ChangePlan& plan = application_->proposal->plan;
    Selection selection;
    selection.ids = plan.ids(Kind::Remove);
    for (std::string& id : plan.ids(Kind::Move)) selection.ids.push_back(std::move(id));
    if (selection.ids.empty()) return retire({});  // no ids would mean all
    operate(Verb::Stop, selection, timeLeft(), application_->options,
            [this](const std::vector<ServerOutcome>& outcomes) { retire(outcomes); });
}

/// It is down, and nobody has it any more: what is kept of it goes with `transaction`.
void SupervisorMaster::forget(const std::string& id, Transaction& transaction) {
    const std::string name = wire::percentEncode(id);
    for (const char* prefix : {"desired/", "added/", "cordon/"})
        if (store_.get(prefix + name)) transaction.erases.push_back(prefix + name);
    ports_.order(
        {fleet_.find(id)->nodeId, jsonText({{"op", "forget"}, {"id", id}}), kForgetDeadline},
        [id](const Result<JsonText>& result) {
            if (!result)
                log::warn("supervisor", "{} is not forgotten by its node: {}", id,
                          result.error().detail());
        });
    concludeAll(id);
    fleet_.remove(id);
    dirty_.insert(id);
}

/// What is down and not wanted is forgotten by everybody; then the configuration is the new one.
void SupervisorMaster::retire(const std::vector<ServerOutcome>& outcomes) {
    if (!application_) return;
    const auto moving = application_->proposal->plan.ids(Kind::Move);
    Transaction transaction;
    for (const ServerOutcome& outcome : outcomes) {
        const std::string& id = outcome.id;
        const bool isMoving = std::find(moving.begin(), moving.end(), id) != moving.end();
        const bool isDown = outcome.kind == Outcome::Done || outcome.kind == Outcome::AlreadyThere;
        if (!isMoving || !isDown) note(isMoving ? "move" : "remove", {outcome});
        if (!isDown || fleet_.find(id) == nullptr) continue;
        application_->stopped.insert(id);
        forget(id, transaction);
    }
    ports_.commit(std::move(transaction),
                  [this, isAlive = std::weak_ptr(isAlive_)](const Result<std::int64_t>& result) {
                      if (!isAlive.lock() || !application_) return;
                      if (!result) log::error("supervisor", "apply: {}", result.error().detail());
                      take(application_->proposal->target);
                      updatePolicies();
                  });
}

void SupervisorMaster::updatePolicies() {
    const auto ids = application_->proposal->plan.ids(Kind::Update);
    application_->updating = ids.size();
    if (ids.empty()) return startAdded();
    for (const std::string& id : ids)
        ports_.order(
            {fleet_.find(id)->nodeId, jsonText({{"op", "update"}, {"id", id}}), timeLeft()},
            [this, id, isAlive = std::weak_ptr(isAlive_)](const Result<JsonText>& result) {
                if (!isAlive.lock() || !application_) return;
                note("update",
                     {result ? ServerOutcome{id, Outcome::Done, "without a restart"}
                             : ServerOutcome{id, Outcome::Failed, result.error().detail()}});
                if (--application_->updating == 0) startAdded();
            });
}

void SupervisorMaster::startAdded() {
    const ChangePlan& plan = application_->proposal->plan;
    Selection selection;
    selection.ids = plan.ids(Kind::Add);
    for (const std::string& id : plan.ids(Kind::Move))
        if (application_->stopped.contains(id)) selection.ids.push_back(id);
    if (selection.ids.empty()) return restartChanged(true);
    const auto moving = plan.ids(Kind::Move);
    operate(Verb::Start, selection, timeLeft(), {},
            [this, moving](const std::vector<ServerOutcome>& outcomes) {
                if (!application_) return;
                bool isGood = true;
                for (const ServerOutcome& outcome : outcomes) {
                    const bool isMoving =
                        std::find(moving.begin(), moving.end(), outcome.id) != moving.end();
                    note(isMoving ? "move" : "add", {outcome});
                    isGood = isGood && (outcome.kind == Outcome::Done ||
                                        outcome.kind == Outcome::AlreadyThere);
                }
                restartChanged(isGood);
            });
}

/// `isOn`: all that they may need was started.
void SupervisorMaster::restartChanged(bool isOn) {
    Selection selection;
    selection.ids = application_->proposal->plan.ids(Kind::Restart);
    if (selection.ids.empty()) return endApply();
    if (!isOn) {
        for (const std::string& id : selection.ids)
            note("restart",
                 {{id, Outcome::Refused, "not restarted: what was added did not start"}});
        return endApply();
    }
    operate(Verb::Restart, selection, timeLeft(), application_->options,
            [this](const std::vector<ServerOutcome>& outcomes) {
                if (!application_) return;
                note("restart", outcomes);
                endApply();
            });
}

void SupervisorMaster::endApply() {
    Json results = Json::array();
    for (const auto& [change, outcome] : application_->results) {
        Json result = outcomeJson(outcome);
        result["change"] = change;
        results.push_back(std::move(result));
    }
    const Reply reply = std::move(application_->reply);
    application_.reset();
    reply(jsonText({{"results", std::move(results)}}));
}

}  // namespace muster::supervisor
