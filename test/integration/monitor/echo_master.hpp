#pragma once

#include "common/mqtt/paho_client.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/topics.hpp"
#include "monitor/loop.hpp"

#include <future>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace muster::test {

/// As much of a master as these tests need, at a real broker: says that it leads, answers every
/// request with its own body, remembers what it got.
class EchoMaster final : private mqtt::ClientObserver {
public:
    explicit EchoMaster(const std::string& url) {
        loop_.post([this, url] {
            client_ = std::make_unique<mqtt::PahoClient>(loop_);
            mqtt::ConnectOptions options;
            options.url = url;
            options.clientId = "leader";
            client_->connect(std::move(options), *this);
        });
        ready_.get_future().wait();
    }
    ~EchoMaster() override {
        std::promise<void> closed;
        loop_.post([&] {
            client_.reset();
            closed.set_value();
        });
        closed.get_future().wait();
    }

    /// Requests `moduleId` at a monitor; the answer comes into answers().
    void ask(const std::string& id, const std::string& moduleId, const std::string& body) {
        mqtt::Message message;
        message.topic = topics_.toMonitor(id);
        message.responseTopic = topics_.reply("master", id);
        message.correlationData = "q";
        message.payload = wire::encode(wire::Envelope{moduleId, "", body, std::nullopt},
                                       std::chrono::system_clock::now());
        message.qos = 1;
        publish(std::move(message));
    }
    void publish(mqtt::Message message) {
        loop_.post([this, message = std::move(message)] { client_->publish(message); });
    }
    std::vector<std::string> answers() { return copyOf(answers_); }
    std::vector<std::string> received() { return copyOf(received_); }
    std::string presence(const std::string& id) {
        std::lock_guard lock(mutex_);
        const auto found = presences_.find(id);
        return found == presences_.end() ? "" : found->second;
    }

private:
    void onConnected(bool) override {
        for (const std::string& filter :
             {topics_.toMaster("+"), topics_.reply("master", "#"), topics_.presence("+")})
            client_->subscribe(filter, 1);
        mqtt::Message leader;
        leader.topic = topics_.leader();
        leader.payload = R"({"v":1,"id":"m","epoch":1,"clusterUid":"u"})";
        leader.qos = 1;
        leader.retain = true;
        client_->publish(std::move(leader), [this](const auto&) {
            if (!std::exchange(isReady_, true)) ready_.set_value();
        });
    }
    void onMessage(const mqtt::Message& message) override {
        const std::string topic(topics_.relative(message.topic).value_or(""));
        std::lock_guard lock(mutex_);
        if (topic.starts_with("presence/")) {
            presences_[topic.substr(9)] = message.payload;
        } else if (topic.starts_with("reply/")) {
            const auto answer = wire::decodeAnswer(message.payload);
            answers_.push_back(!answer         ? "unreadable"
                               : answer->error ? errcName(answer->error->code())
                                               : answer->body);
        } else {
            receive(message);
        }
    }
    void receive(const mqtt::Message& message) {
        const auto envelope = wire::decodeEnvelope(message.payload);
        if (!envelope) return;
        received_.push_back(envelope->moduleId + " " + envelope->command + envelope->body);
        if (message.responseTopic.empty() || envelope->moduleId == "silent") return;
        mqtt::Message reply;
        reply.topic = message.responseTopic;
        reply.correlationData = message.correlationData;
        reply.payload =
            wire::encode(wire::Answer{std::nullopt, envelope->body.empty() ? "{}" : envelope->body},
                         std::chrono::system_clock::now());
        reply.qos = 1;
        client_->publish(std::move(reply));
    }
    void onLost(std::string_view, bool) override {}
    std::vector<std::string> copyOf(const std::vector<std::string>& list) {
        std::lock_guard lock(mutex_);
        return list;
    }

    const wire::Topics topics_{"default"};
    std::promise<void> ready_;
    bool isReady_ = false;
    std::mutex mutex_;
    std::vector<std::string> answers_, received_;
    std::map<std::string, std::string> presences_;
    std::unique_ptr<mqtt::PahoClient> client_;
    ThreadLoop loop_;  // last: its thread uses all of the above
};

}  // namespace muster::test
