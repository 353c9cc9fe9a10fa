#pragma once

#include "common/request_table.hpp"
#include "monitor/identity.hpp"
#include "monitor/module_host.hpp"
#include "monitor/notify_queue.hpp"
#include "monitor/uplink.hpp"
#include "monitor/user_calls.hpp"

#include <muster/monitor.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace muster {

/// What the agent tells the rest of the monitor and the host. All run through UserCalls but
/// `registered`, which runs on the loop.
struct AgentHooks {
    std::function<void(MonitorEvent event, std::string_view detail)> event;
    std::function<void(MonitorAgent&)> registered;  // each time
    LogLine log;
};

/// The monitor's agent: modules on one side, the uplink to the master on the other. The interface
/// MonitorAgent is thread-safe; all else is on the loop. Shared between the Monitor and the calls
/// and replies that the host may still hold; close() makes those harmless.
class MonitorAgentImpl final : public MonitorAgent,
                               private UplinkObserver,
                               public std::enable_shared_from_this<MonitorAgentImpl> {
public:
    MonitorAgentImpl(std::shared_ptr<EventLoop> loop, std::shared_ptr<UserCalls> calls,
                     ServerInfo self, std::size_t maxQueued, AgentHooks hooks);

    const ServerInfo& self() const override { return self_; }
    void notify(std::string_view moduleId, JsonText body) override;
    void request(std::string_view moduleId, JsonText body, Reply done,
                 std::chrono::milliseconds timeout) override;
    void set(std::string_view moduleId, JsonText value) override;
    JsonText get(std::string_view moduleId) const override;

    ModuleHost& modules() { return modules_; }
    void start(std::unique_ptr<Uplink> uplink);
    void setState(PresenceState state);
    void setBusy(std::int64_t count);
    /// What this process uses; dropped while the master is away.
    void publishMetric(const JsonText& sample);
    PresenceState state() const { return state_; }
    bool isRegistered() const { return isRegistered_; }
    /// Says goodbye and answers what waits with Closed; then `done`, once, on the loop.
    void close(std::function<void()> done);

private:
    struct Outgoing {
        std::string moduleId;
        JsonText body;
        bool isSent = false;
    };
    void onTransportUp() override;
    void onRegistered() override;
    void onLost(Loss loss, std::string_view reason) override;
    void onMasterSeen() override;
    void onMasterGone() override { isMasterThere_ = false; }
    void onIncoming(Incoming message, Reply reply) override;
    void onAnswer(std::uint64_t requestId, Result<JsonText> answer) override;

    void onCommand(const Incoming& message);
    Reply guarded(Reply reply, std::chrono::milliseconds patience);
    void answerIncoming(std::uint64_t id, Result<JsonText> result);
    void startRequest(std::string moduleId, JsonText body, Reply done, TimePoint deadline);
    void sendRequest(std::uint64_t id, Outgoing& request);
    void sendWaiting();
    void flush();
    void scheduleFlush();
    void onNotifySent(std::uint64_t number, Sent sent);
    void setAway();
    void sweepLater();
    void sweep();
    void finishClosing();
    void emit(MonitorEvent event, std::string detail);
    void log(int level, const std::string& line) const;
    /// `function` on the loop, if this agent still lives and is not closed.
    void onLoop(std::function<void(MonitorAgentImpl&)> function);

    std::shared_ptr<EventLoop> loop_;
    std::shared_ptr<UserCalls> calls_;
    const ServerInfo self_;
    AgentHooks hooks_;
    ModuleHost modules_;
    std::unique_ptr<Uplink> uplink_;
    RequestTable outgoing_{10'000};              // replies to our requests
    RequestTable incoming_{1'000};               // replies that our handlers owe
    std::map<std::uint64_t, Outgoing> waiting_;  // requests that are not acknowledged yet
    PresenceState state_ = PresenceState::Online;
    std::int64_t busy_ = 0;
    bool isRegistered_ = false;
    std::string lossToldOf_;      // why the connection was lost, as logged last
    bool isMasterThere_ = false;  // registered, and the last message found a receiver
    bool isClosed_ = false;
    TimerId sweepTimer_ = 0;
    TimePoint sweepAt_;
    TimerId awayTimer_ = 0;
    std::function<void()> onClosed_;

    mutable std::mutex mutex_;  // guards what follows
    NotifyQueue notifies_;
    bool isFlushPosted_ = false;
    bool isStopped_ = false;  // nothing is posted any more
    std::map<std::string, JsonText, std::less<>> values_;
};

}  // namespace muster
