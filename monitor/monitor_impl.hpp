#pragma once

#include "monitor/function_module.hpp"
#include "monitor/loop.hpp"
#include "monitor/monitor_agent_impl.hpp"
#include "monitor/node_link.hpp"
#include "monitor/watcher_module.hpp"

#include <muster/monitor.hpp>

#include <atomic>
#include <map>
#include <memory>

namespace muster {

/// What a Monitor is made of; it wires the parts and holds nothing of their logic.
class Monitor::Impl {
public:
    explicit Impl(MonitorOptions options);
    ~Impl();

    void add(std::shared_ptr<MonitorModule> module);
    FunctionModule& functionModule(const std::string& moduleId);
    void onStop(std::function<void()> callback) { onStop_ = std::move(callback); }
    void onDrain(std::function<void()> callback) { onDrain_ = std::move(callback); }
    void onUndrain(std::function<void()> callback) { onUndrain_ = std::move(callback); }
    void onServers(std::function<void(const JsonText&)> callback) {
        watcher_->watch(std::move(callback));
    }
    Result<void> start();
    void ready();
    void setBusy(std::int64_t count);
    void stop();
    MonitorAgent& agent();

private:
    void addBuiltIns();
    void stopRequested();
    void drainRequested();
    void undrainRequested();
    void told(bool isHeard);
    LogLine safeLog() const;

    MonitorOptions options_;
    std::function<void()> onStop_, onDrain_, onUndrain_;
    std::map<std::string, std::shared_ptr<MonitorModule>> modules_;
    std::map<std::string, std::shared_ptr<FunctionModule>> functions_;
    std::shared_ptr<NodeLink> node_;  // shared with calls that wait on the host's loop
    // Shared with calls, replies and the loop's thread, which the host may keep beyond this object.
    std::shared_ptr<ThreadLoop> loop_;
    std::shared_ptr<UserCalls> calls_;
    std::shared_ptr<MonitorAgentImpl> agent_;
    std::shared_ptr<WatcherModule> watcher_ = std::make_shared<WatcherModule>();
    // Shared with the loop's thread.
    std::shared_ptr<std::atomic<bool>> isSayingAgain_ = std::make_shared<std::atomic<bool>>(false);
    std::atomic<bool> isStarted_{false};
    std::atomic<bool> isStopped_{false};
};

}  // namespace muster
