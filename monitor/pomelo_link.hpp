#pragma once

#include "common/mqtt/client.hpp"
#include "monitor/identity.hpp"
#include "monitor/recent_requests.hpp"
#include "monitor/uplink.hpp"
#include "monitor/user_calls.hpp"

#include <memory>

namespace muster {

/// A server's membership in a cluster whose master is an original pomelo-admin: registers and
/// reconnects as its monitors do, answers as they do, and never sends what ends that master.
/// Lives on the monitor's loop, which outlives it.
class PomeloLink final : public Uplink, private mqtt::ClientObserver {
public:
    PomeloLink(EventLoop& loop, std::function<std::unique_ptr<mqtt::Client>()> makeClient,
               MonitorIdentity identity, LogLine log);
    ~PomeloLink() override;

    void start(UplinkObserver& observer) override;
    void notify(std::string_view moduleId, const JsonText& body,
                std::function<void(Sent)> done) override;
    void request(std::uint64_t id, std::string_view moduleId, const JsonText& body,
                 std::function<void(Sent)> done) override;
    /// Pomelo has no such word: without effect.
    void setState(PresenceState state, std::int64_t busy) override;
    void leave(std::function<void()> done) override;

private:
    void onConnected(bool sessionPresent) override;
    void onMessage(const mqtt::Message& message) override;
    void onLost(std::string_view reason, bool refused) override;

    void connect();
    void connectLater(Loss loss, std::string_view reason, std::chrono::milliseconds delay);
    void onAck(std::string_view topic, std::string_view payload);
    void onMonitorMessage(std::string_view payload);
    void onRequest(const std::string& id, Incoming message);
    void send(std::string_view topic, std::string payload, std::function<void(Sent)> done = {});
    void cancel(TimerId& timer);
    void log(int level, const std::string& line) const;

    EventLoop& loop_;
    std::function<std::unique_ptr<mqtt::Client>()> makeClient_;
    MonitorIdentity identity_;
    LogLine log_;
    UplinkObserver* observer_ = nullptr;
    std::unique_ptr<mqtt::Client> client_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    bool isUp_ = false;
    bool isRegistered_ = false;
    bool wasAccepted_ = false;  // then "reconnect" is the word
    std::chrono::milliseconds retryDelay_;
    TimerId ackTimer_ = 0;
    TimerId retryTimer_ = 0;
    RecentRequests recent_;
    std::uint64_t ignored_ = 0;
};

}  // namespace muster
