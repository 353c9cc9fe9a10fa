#pragma once

#include "common/event_loop.hpp"
#include "monitor/user_calls.hpp"

#include <muster/monitor.hpp>

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace muster {

/// The modules of one monitor: starts them once, passes messages to their handlers, ticks them.
/// On the monitor's loop; handlers run through UserCalls. Must be closed before the agent dies.
class ModuleHost {
public:
    /// All outlive the host.
    ModuleHost(EventLoop& loop, UserCalls& calls);
    ~ModuleHost() { close(); }
    ModuleHost(const ModuleHost&) = delete;
    ModuleHost& operator=(const ModuleHost&) = delete;

    /// A second module of one id replaces the first. Only before start().
    void add(std::shared_ptr<MonitorModule> module);
    /// Calls every module's start() and begins the ticks. Only the first call counts.
    void start(const std::shared_ptr<MonitorAgent>& agent);
    /// Ends the ticks; nothing is dispatched any more.
    void close();

    /// Passes a request or notify to its handler. UnknownModule or ModuleDisabled: it was not
    /// passed on, and `reply` was not touched.
    Result<void> dispatch(std::string_view moduleId, JsonText body, const Reply& reply);
    /// UnknownModule if there is none. A disabled module gets no messages and no ticks.
    Result<void> setEnabled(std::string_view moduleId, bool isEnabled);
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        std::shared_ptr<MonitorModule> module;  // shared with calls that wait on the host's loop
        bool isEnabled = true;
        TimerId timer = 0;
        TimePoint nextTick;
        std::shared_ptr<std::atomic<bool>> isTickQueued = std::make_shared<std::atomic<bool>>();
    };
    void scheduleTick(Entry& entry);
    void tick(Entry& entry);

    EventLoop& loop_;
    UserCalls& calls_;
    std::shared_ptr<MonitorAgent> agent_;
    std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace muster
