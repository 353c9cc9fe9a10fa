#pragma once

#include "common/event_loop.hpp"
#include "common/mqtt/client.hpp"

#include <memory>

namespace muster::mqtt {

/// mqtt::Client over the network, with Eclipse Paho MQTT C++; `url` is mqtt:// or mqtts://.
/// Everything happens on the loop's thread: Paho's threads only post. `loop` outlives the client.
///
/// Bounds: 1000 unacknowledged publishes or 16 MiB of them (then Errc::Limit), 1000 subscriptions,
/// 10 000 messages or 32 MiB that have arrived but not been handled (then QoS 0 is dropped, and
/// QoS 1 or 2 breaks the connection: the session redelivers). Messages may arrive on topics that
/// were never subscribed: an original pomelo master sends such.
///
/// What Paho cannot do: a connect may take 2 s although the broker answers at once, so that
/// `connectTimeout` is 3 s at least; and Paho C drops the reason code of a positive PUBACK, so that
/// a publish to nobody ends in Delivered, not NoSubscriber.
///
/// close() and the destructor wait for Paho's threads: 1 s at most until what was published before
/// has gone out, 0.15 s for DISCONNECT, and about 1 s when it is the last client of the process.
/// Paho resolves names under a lock that all its clients share, so a dead name server delays them
/// all: prefer addresses.
class PahoClient final : public Client {
public:
    explicit PahoClient(EventLoop& loop);
    ~PahoClient() override;
    PahoClient(const PahoClient&) = delete;
    PahoClient& operator=(const PahoClient&) = delete;

    void connect(ConnectOptions options, ClientObserver& observer) override;
    void publish(Message message, std::function<void(Result<PublishOutcome>)> done = {}) override;
    void subscribe(std::string filter, int qos,
                   std::function<void(Result<void>)> done = {}) override;
    void unsubscribe(std::string filter) override;
    void close() override;

private:
    class Impl;
    // Shared with tasks in the loop only while one of them runs: they hold it weakly.
    std::shared_ptr<Impl> impl_;
};

}  // namespace muster::mqtt
