#include "master/console/console_service.hpp"

#include "common/log.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

namespace muster {
namespace {

constexpr std::string_view kLog = "console";
constexpr std::size_t kMaxAuditedBody = 4096;
constexpr std::size_t kMaxShown = 64;

Error unknownModule(std::string_view id) {
    return Error(Errc::UnknownModule, fmt::format("unknown moduleId:{}", id));
}

bool isHidden(std::string_view id) {
    return id.size() > 4 && id.starts_with("__") && id.ends_with("__");
}

/// Runs a door of a module; what it throws becomes its error.
template <class Door>
Result<void> contained(std::string_view moduleId, Door door) {
    std::string cause = "an unknown exception";
    try {
        door();
        return {};
    } catch (const std::exception& exception) {
        cause = exception.what();
    } catch (...) {
    }
    log::error(kLog, "module {} threw: {}", moduleId, cause);
    return Error(Errc::Failed, fmt::format("module {} failed: {}", moduleId, cause));
}

Error denied(const Caller& caller, int required) {
    return Error(Errc::Denied,
                 fmt::format("Command permission denied: {} has level {}, this needs level {}",
                             caller.name, caller.level, required));
}

/// What was asked for, and of whom, as far as the built-in modules say it in common.
void summarize(nlohmann::json body, nlohmann::json& record) {
    for (const char* key : {"op", "signal", "comd"})
        if (const auto name = body.find(key); name != body.end() && name->is_string())
            record["action"] = name->get<std::string>().substr(0, kMaxShown);
    for (const char* key : {"context", "type", "ids"})
        if (const auto target = body.find(key); target != body.end())
            if (target->is_string() || target->is_array()) record["target"] = *std::move(target);
}

}  // namespace

ConsoleService::ConsoleService(EventLoop& loop, MasterAgent& agent, ModuleSwitches& switches,
                               ConsoleOptions options)
    : loop_(loop),
      agent_(agent),
      switches_(switches),
      options_(std::move(options)),
      guard_(loop, options_.replyDeadline),
      lookers_(loop, options_.replyDeadline, kMaxLookers) {}

ConsoleService::~ConsoleService() {
    stop();
    alive_.reset();
}

void ConsoleService::add(std::unique_ptr<AdminModule> module) {
    const std::string id(module->id());
    Entry entry{std::move(module), switches_.isEnabled(id), false};
    if (const auto known = byId_.find(id); known != byId_.end()) {
        entries_[known->second] = std::move(entry);
        return;
    }
    byId_.emplace(id, entries_.size());
    entries_.push_back(std::move(entry));
}

Result<void> ConsoleService::start() {
    isStarted_ = true;
    const TimePoint now = loop_.now();
    for (Entry& entry : entries_) {
        AdminModule& module = *entry.module;
        if (auto started = contained(module.id(), [&] { module.start(agent_); }); !started)
            return started.error();
        entry.isStarted = true;
        const auto pull = module.pull();
        if (pull && entry.isEnabled) schedule_.add(std::string(module.id()), *pull, now);
    }
    arm();
    return {};
}

void ConsoleService::stop() {
    if (!std::exchange(isStarted_, false)) return;
    if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry)
        if (std::exchange(entry->isStarted, false))
            (void)contained(entry->module->id(), [&] { entry->module->stop(); });  // logged there
}

ConsoleService::Entry* ConsoleService::find(std::string_view moduleId) {
    const auto known = byId_.find(moduleId);
    return known == byId_.end() ? nullptr : &entries_[known->second];
}

const ConsoleService::Entry* ConsoleService::find(std::string_view moduleId) const {
    const auto known = byId_.find(moduleId);
    return known == byId_.end() ? nullptr : &entries_[known->second];
}

/// The module if it may be asked now.
Result<ConsoleService::Entry*> ConsoleService::door(std::string_view moduleId) {
    Entry* entry = find(moduleId);
    if (entry == nullptr) return unknownModule(moduleId);
    if (!entry->isEnabled)
        return Error(Errc::ModuleDisabled, fmt::format("module {} is disable", moduleId));
    if (!isStarted_) return Error(Errc::Closed, "the master is stopping");
    return entry;
}

void ConsoleService::switchTo(std::string_view moduleId, bool isEnabled,
                              std::function<void(Result<bool>)> done) {
    Entry* entry = find(moduleId);
    if (entry == nullptr) return done(unknownModule(moduleId));
    if (entry->isEnabled == isEnabled && entry->saving == 0) return done(false);
    ++entry->saving;
    switches_.save(moduleId, isEnabled,
                   [this, alive = std::weak_ptr<bool>(alive_), id = std::string(moduleId),
                    isEnabled, done = std::move(done)](const Result<void>& kept) {
                       if (alive.expired()) return;
                       Entry& saved = *find(id);
                       --saved.saving;
                       if (!kept) return done(kept.error());
                       done(apply(saved, isEnabled));
                   });
}

/// Whether it changed anything.
bool ConsoleService::apply(Entry& entry, bool isEnabled) {
    if (std::exchange(entry.isEnabled, isEnabled) == isEnabled) return false;
    const auto pull = entry.module->pull();
    if (isEnabled && isStarted_ && pull)
        schedule_.add(std::string(entry.module->id()), *pull, loop_.now());
    else
        schedule_.remove(entry.module->id());
    if (isStarted_) arm();
    return true;
}

bool ConsoleService::isEnabled(std::string_view moduleId) const {
    const Entry* entry = find(moduleId);
    return entry != nullptr && entry->isEnabled;
}

std::vector<std::string> ConsoleService::modules() const {
    std::vector<std::string> ids;
    for (const Entry& entry : entries_) ids.emplace_back(entry.module->id());
    return ids;
}

std::vector<std::string> ConsoleService::list() const {
    std::vector<std::string> ids = modules();
    std::erase_if(ids, isHidden);
    return ids;
}

void ConsoleService::fromMonitor(const ServerInfo& from, std::string_view moduleId,
                                 const JsonText& body, Reply reply) {
    const auto entry = door(moduleId);
    if (!entry) {
        if (reply) return reply(entry.error());
        return log::debug(kLog, "notify of {} dropped: {}", from.id, entry.error().detail());
    }
    AdminModule& module = *(*entry)->module;
    Reply guarded = guard_.guard(std::move(reply), moduleId);
    if (!guarded) return;
    const auto ran =
        contained(moduleId, [&] { module.masterHandler(agent_, from, body, guarded); });
    if (!ran) guarded(ran.error());
}

void ConsoleService::fromClient(const Caller& caller, std::string_view moduleId,
                                const JsonText& body, Reply reply) {
    const auto entry = door(moduleId);
    if (!entry) {
        if (reply) reply(entry.error());
        return;
    }
    AdminModule& module = *(*entry)->module;
    int required = 1;
    auto judged = contained(moduleId, [&] { required = module.requiredLevel(body); });
    if (judged && caller.level > required) judged = denied(caller, required);
    // A change is told whatever becomes of it; a look is not.
    Asked asked{caller, std::string(moduleId), {}, body};
    if (!judged) {
        reply = auditedRefusal(std::move(asked), std::move(reply));
        if (reply) reply(judged.error());
        return;
    }
    if (required <= 1) reply = audited(std::move(asked), std::move(reply));
    Reply guarded = (caller.level > 1 ? lookers_ : guard_).guard(std::move(reply), moduleId);
    if (!guarded) return;
    const auto ran =
        contained(moduleId, [&] { module.clientHandler(agent_, caller, body, guarded); });
    if (!ran) guarded(ran.error());
}

void ConsoleService::command(const Caller& caller, std::string_view command,
                             std::string_view moduleId, Reply reply) {
    if (!reply) reply = [](const Result<JsonText>&) {};
    if (command == "list") return reply(jsonText({{"modules", list()}}));
    if (command != "enable" && command != "disable")
        return reply(Error(Errc::BadMessage, fmt::format("unknown command:{}", command)));
    Asked asked{caller, std::string(moduleId), std::string(command), {}};
    if (caller.level > 1)
        return auditedRefusal(std::move(asked), std::move(reply))(denied(caller, 1));
    reply = audited(std::move(asked), std::move(reply));
    if (moduleId.empty()) return reply(Error(Errc::BadMessage, "empty moduleId"));
    switchTo(moduleId, command == "enable",
             [this, command = std::string(command), moduleId = std::string(moduleId),
              reply = std::move(reply)](const Result<bool>& changed) {
                 if (!changed) return reply(changed.error());
                 if (auto told = agent_.notifyCommand(command, moduleId); !told)
                     log::debug(kLog, "{} of {} reached no monitor: {}", command, moduleId,
                                told.error().detail());
                 reply(JsonText("1"));
             });
}

/// `reply` that leaves an audit record first.
Reply ConsoleService::audited(Asked asked, Reply reply) {
    return [this, alive = std::weak_ptr<bool>(alive_), asked = std::move(asked),
            reply = std::move(reply)](Result<JsonText> result) {
        if (!alive.expired()) audit(asked, result);
        if (reply) reply(std::move(result));
    };
}

/// The same, for what is not done: only so often, since anybody may ask without a right to.
Reply ConsoleService::auditedRefusal(Asked asked, Reply reply) {
    const TimePoint now = loop_.now();
    Refusals& refusals =
        refusals_.try_emplace(asked.caller.name, Refusals{kRefusalBurst, now, 0}).first->second;
    const std::chrono::duration<double> passed = now - std::exchange(refusals.at, now);
    refusals.left = std::min(refusals.left + passed.count(), double{kRefusalBurst});
    if (refusals.left < 1) {
        ++refusals.unrecorded;
        return reply;
    }
    --refusals.left;
    asked.unrecorded = std::exchange(refusals.unrecorded, 0);
    return audited(std::move(asked), std::move(reply));
}

void ConsoleService::audit(const Asked& asked, const Result<JsonText>& outcome) {
    nlohmann::json record{{"id", asked.caller.name},
                          {"clientId", asked.caller.clientId},
                          {"level", asked.caller.level},
                          {"moduleId", asked.moduleId},
                          {"outcome", outcome ? "done" : errcName(outcome.error().code())}};
    if (!asked.command.empty()) record["command"] = asked.command;
    if (!outcome) record["cause"] = outcome.error().detail();
    if (asked.unrecorded > 0)
        record["cause"] = fmt::format("{}; {} more before it were not recorded",
                                      outcome ? "" : outcome.error().detail(), asked.unrecorded);
    if (asked.body.size() > kMaxAuditedBody)
        record["bodyBytes"] = asked.body.size();
    else if (auto body = parseJson(asked.body))
        record["body"] = *std::move(body);
    const JsonText text = jsonText(record);
    if (options_.audit) options_.audit(text);
    // Everybody may read events, and a body may hold what is not for everybody.
    if (const auto body = record.find("body"); body != record.end() && body->is_object())
        summarize(*body, record);
    record.erase("body");
    agent_.publishEvent("admin", asked.caller.name, jsonText(record));
}

void ConsoleService::arm() {
    if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
    const auto next = schedule_.next();
    if (!next) return;
    const auto wait = std::max(*next - loop_.now(), TimePoint::duration::zero());
    timer_ = loop_.after(std::chrono::ceil<std::chrono::milliseconds>(wait), [this] { tick(); });
}

void ConsoleService::tick() {
    timer_ = 0;
    for (const std::string& id : schedule_.due(loop_.now())) {
        Entry* entry = find(id);
        if (entry == nullptr || !entry->isEnabled || !entry->isStarted) continue;
        (void)contained(id, [&] { entry->module->tick(agent_); });  // logged there
    }
    arm();
}

}  // namespace muster
