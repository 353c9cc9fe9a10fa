#pragma once

#include "common/event_loop.hpp"
#include "common/mqtt/client.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace muster::test {

class MemoryClient;

/// An MQTT broker in memory, for tests: wildcards, retained messages, wills, take-over by client
/// id, refusals. Everything happens through the loop's post(), so a ManualLoop makes it
/// deterministic. One thread; outlives its clients.
class MemoryBroker {
public:
    explicit MemoryBroker(EventLoop& loop) : loop_(loop) {}
    MemoryBroker(const MemoryBroker&) = delete;
    MemoryBroker& operator=(const MemoryBroker&) = delete;

    std::unique_ptr<MemoryClient> makeClient();
    EventLoop& loop() { return loop_; }

    /// Cuts a connection without DISCONNECT: its will is published, unless `losesWill`, which gives
    /// it to publishLostWill() later.
    void drop(const std::string& clientId, bool losesWill = false);
    void publishLostWill();
    /// Sends the client away as MQTT 5 does when another of its id connects.
    void takeOver(const std::string& clientId);
    /// Down: every connection is lost, wills too, and no connect succeeds; retained messages stay.
    void setDown(bool isDown);
    /// Refuses CONNECTs of this client id, as with bad credentials.
    void refuse(const std::string& clientId, bool isRefused = true);
    /// Denies publishes to this topic.
    void denyPublish(const std::string& topic) { denied_.insert(topic); }
    /// While set, publishes are taken but not acknowledged, as when a connection is about to break.
    void holdAcks(bool isHeld) { areAcksHeld_ = isHeld; }
    /// Publishes as somebody who is no client here.
    void publish(const mqtt::Message& message);

    const std::map<std::string, mqtt::Message>& retained() const { return retained_; }
    bool isConnected(const std::string& clientId) const { return connected_.count(clientId) != 0; }
    /// Everything published since the last call.
    std::vector<mqtt::Message> takePublished();
    /// The options of the last CONNECT of this client.
    const mqtt::ConnectOptions& options(const std::string& clientId) { return options_[clientId]; }
    std::size_t connects() const { return connects_; }

private:
    friend class MemoryClient;
    bool connect(MemoryClient& client);
    void leave(MemoryClient& client, bool isClean);
    Result<mqtt::PublishOutcome> accept(const mqtt::Message& message);
    std::size_t route(const mqtt::Message& message);

    EventLoop& loop_;
    std::map<std::string, MemoryClient*> connected_;
    std::map<std::string, mqtt::Message> retained_;
    std::map<std::string, mqtt::ConnectOptions> options_;
    std::vector<mqtt::Message> lostWills_;
    std::vector<mqtt::Message> published_;
    std::set<std::string> refused_, denied_;
    std::size_t connects_ = 0;
    bool isDown_ = false;
    bool areAcksHeld_ = false;
};

/// The client side of MemoryBroker. Reconnects after exactly the backoff, without jitter.
class MemoryClient final : public mqtt::Client {
public:
    explicit MemoryClient(MemoryBroker& broker) : broker_(broker) {}
    ~MemoryClient() override;

    void connect(mqtt::ConnectOptions options, mqtt::ClientObserver& observer) override;
    void publish(mqtt::Message message,
                 std::function<void(Result<mqtt::PublishOutcome>)> done = {}) override;
    void subscribe(std::string filter, int qos,
                   std::function<void(Result<void>)> done = {}) override;
    void unsubscribe(std::string filter) override;
    void close() override;

private:
    friend class MemoryBroker;
    void attempt();
    void lost(std::string_view reason, bool isRefused);
    void retryAfter(std::chrono::milliseconds delay);
    void sendRetained(const std::string& filter);
    void later(std::function<void()> task);
    void acknowledge(std::uint64_t number, const Result<mqtt::PublishOutcome>& outcome);

    MemoryBroker& broker_;
    mqtt::ConnectOptions options_;
    mqtt::ClientObserver* observer_ = nullptr;
    std::vector<std::string> filters_;
    std::chrono::milliseconds backoff_{0};
    std::map<std::uint64_t, std::function<void(Result<mqtt::PublishOutcome>)>> unacknowledged_;
    std::uint64_t lastPublish_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    TimerId timer_ = 0;
    bool isUp_ = false;
};

/// Whether `topic` matches `filter` (MQTT 5, 4.7), for the tests' own brokers.
bool topicMatches(std::string_view filter, std::string_view topic);

}  // namespace muster::test
