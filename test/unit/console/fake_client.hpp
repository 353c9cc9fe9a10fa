#pragma once

#include "common/mqtt/client.hpp"

#include <string>
#include <utility>
#include <vector>

namespace muster::test {

/// An mqtt::Client without a broker: keeps what is published, and lets the test speak for others.
class FakeClient final : public mqtt::Client {
public:
    using Done = std::function<void(Result<mqtt::PublishOutcome>)>;
    struct Published {
        mqtt::Message message;
        Done done;
    };

    void connect(mqtt::ConnectOptions, mqtt::ClientObserver& observer) override {
        observer_ = &observer;
    }
    void publish(mqtt::Message message, Done done) override {
        published.push_back({std::move(message), std::move(done)});
    }
    void subscribe(std::string filter, int, std::function<void(Result<void>)> done) override {
        filters.push_back(std::move(filter));
        if (done) done({});
    }
    void unsubscribe(std::string) override {}
    void close() override { isClosed = true; }

    void comesUp() { observer_->onConnected(false); }
    void goesDown() { observer_->onLost("test", false); }
    void receives(mqtt::Message message) { observer_->onMessage(message); }
    void receives(std::string topic, std::string payload, std::string responseTopic = {},
                  std::string correlation = {}) {
        mqtt::Message message;
        message.topic = std::move(topic);
        message.payload = std::move(payload);
        message.qos = 1;
        message.responseTopic = std::move(responseTopic);
        message.correlationData = std::move(correlation);
        observer_->onMessage(message);
    }
    /// What was published to topics that start with `prefix`, oldest first.
    std::vector<mqtt::Message> sentTo(const std::string& prefix) const {
        std::vector<mqtt::Message> found;
        for (const auto& one : published)
            if (one.message.topic.rfind(prefix, 0) == 0) found.push_back(one.message);
        return found;
    }

    std::vector<Published> published;
    std::vector<std::string> filters;
    bool isClosed = false;

private:
    mqtt::ClientObserver* observer_ = nullptr;
};

}  // namespace muster::test
