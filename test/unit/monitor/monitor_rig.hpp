#pragma once

#include "common/wire/envelope.hpp"
#include "common/wire/topics.hpp"
#include "monitor/function_module.hpp"
#include "monitor/monitor_agent_impl.hpp"
#include "monitor/mqtt_uplink.hpp"
#include "test/support/manual_loop.hpp"
#include "test/support/memory_broker.hpp"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace muster::test {

/// A master as far as a monitor can see one: a leader record, questions, and what came in.
class FakeMaster final : public mqtt::ClientObserver {
public:
    FakeMaster(MemoryBroker& broker, const std::string& cluster);
    void come();
    void go() { client_->close(); }
    void lead(std::int64_t epoch, const std::string& clusterUid = "uid-1");
    /// Sends to to/monitor/<id>; an empty `correlation` makes it a notify.
    void send(const std::string& id, wire::Envelope envelope, const std::string& correlation);
    void ask(const std::string& id, const std::string& moduleId, const std::string& body,
             const std::string& correlation = "q1");
    /// Bytes as they are, to a topic below the root.
    void sendRaw(const std::string& topic, const std::string& payload,
                 const std::string& responseTopic = {});
    void answer(const mqtt::Message& request, const wire::Answer& answer);
    /// "<correlation> <body or error code>" for each answer since the last call.
    std::vector<std::string> answers();
    /// Requests and notifies to the master since the last call.
    std::vector<mqtt::Message> received() { return std::exchange(received_, {}); }
    /// The bodies of those.
    std::vector<std::string> bodies();

    void onConnected(bool) override {}
    void onMessage(const mqtt::Message& message) override;
    void onLost(std::string_view, bool) override {}

    const wire::Topics topics;

private:
    MemoryBroker& broker_;
    std::unique_ptr<MemoryClient> client_;
    std::vector<mqtt::Message> received_;
    std::vector<std::string> answers_;
};

/// One monitor's agent with its MQTT uplink, a broker and a master, in virtual time.
class MonitorRig {
public:
    explicit MonitorRig(std::function<void(MonitorOptions&)> change = {});
    ~MonitorRig();

    /// Starts and runs until nothing happens any more.
    void start();
    void startWithLeader();
    void run() { loop->run(); }
    void advance(std::chrono::milliseconds by) { loop->advance(by); }
    void handle(const std::string& moduleId,
                std::function<void(MonitorAgent&, const JsonText&, Reply)> handler);
    /// The record that stands in the monitor's presence topic; "" without one.
    std::string presence() const;
    std::string presenceState() const;
    void close();

    std::shared_ptr<ManualLoop> loop = std::make_shared<ManualLoop>();
    MemoryBroker broker{*loop};
    FakeMaster master{broker, "c"};
    MonitorOptions options;
    std::vector<std::string> events;  // e.g. "Registered"
    std::vector<std::string> lines;
    std::deque<std::function<void()>> hostQueue;  // of runOn, if a test asked for it
    std::shared_ptr<UserCalls> calls;
    std::shared_ptr<MonitorAgentImpl> agent;
    MqttUplink* uplink = nullptr;
};

}  // namespace muster::test
