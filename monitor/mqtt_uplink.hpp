#pragma once

#include "common/mqtt/client.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/order_gate.hpp"
#include "common/wire/topics.hpp"
#include "monitor/identity.hpp"
#include "monitor/own_presence.hpp"
#include "monitor/uplink.hpp"
#include "monitor/user_calls.hpp"

#include <memory>
#include <vector>

namespace muster {

using ClientFactory = std::function<std::unique_ptr<mqtt::Client>()>;

/// A server's membership in a muster cluster, over MQTT (docs/protocol.md): presence with will,
/// leader record, orders, requests and answers. Lives on the monitor's loop, which outlives it.
class MqttUplink final : public Uplink, private mqtt::ClientObserver {
public:
    MqttUplink(EventLoop& loop, ClientFactory makeClient, MonitorIdentity identity, LogLine log);
    ~MqttUplink() override;

    void start(UplinkObserver& observer) override;
    void notify(std::string_view moduleId, const JsonText& body,
                std::function<void(Sent)> done) override;
    void request(std::uint64_t id, std::string_view moduleId, const JsonText& body,
                 std::function<void(Sent)> done) override;
    void setState(PresenceState state, std::int64_t busy) override;
    void publishMetric(const JsonText& sample) override;
    void leave(std::function<void()> done) override;

    /// Messages that were not understood or not allowed, since start().
    std::uint64_t ignored() const { return ignored_; }

private:
    void onConnected(bool sessionPresent) override;
    void onMessage(const mqtt::Message& message) override;
    void onLost(std::string_view reason, bool refused) override;

    void connect();
    void reconnectLater(Loss loss, std::string_view reason);
    void subscribeAll();
    void onSubscribed(const std::string& filter, const Result<void>& granted);
    void publishPresence();
    void onPresenceSent(const Result<mqtt::PublishOutcome>& outcome);
    void registerIfComplete();
    void onLeader(const mqtt::Message& message);
    void onPresence(const mqtt::Message& message);
    void onAnswer(const mqtt::Message& message);
    void onEnvelope(const mqtt::Message& message);
    void dispatch(wire::Envelope envelope, const mqtt::Message& message);
    void dispatchOrder(wire::Envelope envelope, const mqtt::Message& message);
    void answer(const mqtt::Message& request, const wire::Answer& answer);
    void ignore(const mqtt::Message& message, std::string_view why);
    void finishLeaving();
    void putMetric(std::string payload);
    void publishToMaster(mqtt::Message message, std::string_view moduleId, const JsonText& body,
                         std::function<void(Sent)> done);
    void log(int level, const std::string& line) const;
    template <class Function>
    auto onThisConnection(Function function);

    EventLoop& loop_;
    ClientFactory makeClient_;
    MonitorIdentity identity_;
    LogLine log_;
    wire::Topics topics_;
    wire::OrderGate gate_;
    OwnPresence presence_;
    UplinkObserver* observer_ = nullptr;
    std::unique_ptr<mqtt::Client> client_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::uint64_t connection_ = 0;  // rises with each connect and loss
    int grantsAwaited_ = 0;
    int presencesAwaited_ = 0;
    bool isSubscribed_ = false;
    bool isUp_ = false;
    bool isPresent_ = false;  // presence acknowledged on this connection
    bool isLeaderSeen_ = false;
    bool isRegistered_ = false;
    std::vector<mqtt::Message> held_;  // came before registration
    PresenceState state_ = PresenceState::Online;
    std::int64_t busy_ = 0;
    bool hasMetric_ = false;  // something stands in its topic
    std::uint64_t ignored_ = 0;
    TimerId retryTimer_ = 0;
    TimerId presenceTimer_ = 0;
    TimerId leaveTimer_ = 0;
    std::function<void()> onLeft_;
};

}  // namespace muster
