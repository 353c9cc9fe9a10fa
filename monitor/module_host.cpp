#include "monitor/module_host.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace muster {
namespace {

constexpr std::chrono::seconds kShortestInterval{1};

// Without the text of the exception: it may hold what the master's users must not see.
void callHandler(MonitorModule& module, MonitorAgent& agent, const JsonText& body,
                 const Reply& reply) {
    try {
        module.monitorHandler(agent, body, reply);
    } catch (...) {
        reply(Error(Errc::Failed, "the handler threw an exception, see the server's log"));
        throw;
    }
}

}  // namespace

ModuleHost::ModuleHost(EventLoop& loop, UserCalls& calls) : loop_(loop), calls_(calls) {}

void ModuleHost::add(std::shared_ptr<MonitorModule> module) {
    const std::string id(module->id());
    entries_[id].module = std::move(module);
}

void ModuleHost::start(const std::shared_ptr<MonitorAgent>& agent) {
    if (agent_) return;
    agent_ = agent;
    for (auto& [id, entry] : entries_) {
        calls_.run("start() of module " + id,
                   [module = entry.module, agent] { module->start(*agent); });
        const auto push = entry.module->push();
        if (!push) continue;
        entry.nextTick = loop_.now() + std::max(push->delay, std::chrono::seconds(0));
        scheduleTick(entry);
    }
}

void ModuleHost::close() {
    for (auto& [id, entry] : entries_)
        if (entry.timer != 0) loop_.cancel(std::exchange(entry.timer, 0));
    entries_.clear();
    agent_.reset();
}

void ModuleHost::scheduleTick(Entry& entry) {
    const auto delay = std::max(entry.nextTick - loop_.now(), TimePoint::duration(0));
    entry.timer = loop_.after(std::chrono::ceil<std::chrono::milliseconds>(delay),
                              [this, &entry] { tick(entry); });
}

void ModuleHost::tick(Entry& entry) {
    const auto push = entry.module->push();
    const auto interval = std::max(push ? push->interval : kShortestInterval, kShortestInterval);
    // On the grid of the first tick; what was missed while the process slept is not made up for.
    do {
        entry.nextTick += interval;
    } while (entry.nextTick <= loop_.now());
    scheduleTick(entry);
    // A host that is busy for many intervals gets one tick, not all of them at once.
    if (!entry.isEnabled || entry.isTickQueued->exchange(true)) return;
    calls_.run("tick() of module " + std::string(entry.module->id()),
               [module = entry.module, agent = agent_, isQueued = entry.isTickQueued] {
                   *isQueued = false;
                   module->tick(*agent);
               });
}

Result<void> ModuleHost::dispatch(std::string_view moduleId, JsonText body, const Reply& reply) {
    const auto found = entries_.find(moduleId);
    if (found == entries_.end() || !agent_)
        return Error(Errc::UnknownModule, "unknown module: " + std::string(moduleId));
    if (!found->second.isEnabled)
        return Error(Errc::ModuleDisabled, "module " + std::string(moduleId) + " is disabled");
    calls_.run("handler of module " + found->first,
               [module = found->second.module, agent = agent_, body = std::move(body), reply] {
                   callHandler(*module, *agent, body, reply);
               });
    return {};
}

Result<void> ModuleHost::setEnabled(std::string_view moduleId, bool isEnabled) {
    const auto found = entries_.find(moduleId);
    if (found == entries_.end())
        return Error(Errc::UnknownModule, "unknown module: " + std::string(moduleId));
    found->second.isEnabled = isEnabled;
    return {};
}

}  // namespace muster
