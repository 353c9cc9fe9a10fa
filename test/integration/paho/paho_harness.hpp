#pragma once

#include "common/mqtt/paho_client.hpp"
#include "test/support/eventually.hpp"
#include "test/support/mosquitto_process.hpp"
#include "test/support/thread_loop.hpp"

#include <algorithm>
#include <mutex>
#include <optional>

#include <gtest/gtest.h>

namespace muster::mqtt::test {

using muster::test::eventually;
using muster::test::MosquittoProcess;
using muster::test::TestLoop;
inline constexpr std::chrono::seconds kPatience{15};

/// A PahoClient on a loop of its own, with what it told, readable from the test's thread.
class LiveClient final : private ClientObserver {
public:
    explicit LiveClient(std::string clientId) {
        options.clientId = std::move(clientId);
        options.backoffFirst = std::chrono::milliseconds(100);
        options.backoffCap = std::chrono::milliseconds(400);
        client_ = std::make_unique<PahoClient>(loop_);
    }
    ~LiveClient() override { destroy(); }

    ConnectOptions options;

    void connect(const std::string& url) {
        options.url = url;
        loop_.call([this] { client_->connect(options, *this); });
    }
    bool connects(const std::string& url) {
        connect(url);
        return isConnected();
    }
    /// Waits for the n-th connection of this client.
    bool isConnected(int count = 1) {
        return eventually(kPatience, [&] { return read([&] { return connections_ >= count; }); });
    }
    bool isLost(int count = 1) {
        return eventually(kPatience, [&] { return read([&] { return losses_ >= count; }); });
    }
    /// The outcome of a publish; nothing if it did not end.
    std::optional<Result<PublishOutcome>> publish(Message message) {
        auto outcome = std::make_shared<Slot<PublishOutcome>>();
        loop_.call([&] { client_->publish(std::move(message), outcome->filler()); });
        return outcome->wait();
    }
    std::optional<Result<void>> subscribe(std::string filter, int qos = 1) {
        auto outcome = std::make_shared<Slot<void>>();
        loop_.call([&] { client_->subscribe(std::move(filter), qos, outcome->filler()); });
        return outcome->wait();
    }
    void onLoop(std::function<void(PahoClient&)> task) {
        loop_.call([&] { task(*client_); });
    }
    void destroy() {
        loop_.call([this] { client_.reset(); });
    }
    /// Waits for a message on `topic`.
    std::optional<Message> receives(const std::string& topic) {
        std::optional<Message> found;
        (void)eventually(kPatience, [&] { return (found = find(topic)).has_value(); });
        return found;
    }
    std::size_t count(const std::string& topic) {
        return read([&] {
            return static_cast<std::size_t>(std::ranges::count(messages_, topic, &Message::topic));
        });
    }
    /// As they came.
    std::vector<std::string> payloads(const std::string& topic) {
        return read([&] {
            std::vector<std::string> all;
            for (const Message& message : messages_)
                if (message.topic == topic) all.push_back(message.payload);
            return all;
        });
    }
    int connections() {
        return read([&] { return connections_; });
    }
    bool sessionWasPresent() {
        return read([&] { return sessionPresent_; });
    }
    bool wasRefused() {
        return read([&] { return refused_; });
    }
    std::string lossReason() {
        return read([&] { return reason_; });
    }

private:
    template <class Value>
    struct Slot : std::enable_shared_from_this<Slot<Value>> {
        std::promise<Result<Value>> promise;
        std::function<void(Result<Value>)> filler() {
            return [self = this->shared_from_this()](Result<Value> result) {
                self->promise.set_value(std::move(result));
            };
        }
        std::optional<Result<Value>> wait() {
            auto future = promise.get_future();
            if (future.wait_for(kPatience) != std::future_status::ready) return std::nullopt;
            return future.get();
        }
    };

    template <class Read>
    std::invoke_result_t<Read> read(Read reader) {
        const std::lock_guard lock(mutex_);
        return reader();
    }
    std::optional<Message> find(const std::string& topic) {
        const std::lock_guard lock(mutex_);
        const auto found = std::ranges::find(messages_, topic, &Message::topic);
        return found == messages_.end() ? std::nullopt : std::optional(*found);
    }

    void onConnected(bool sessionPresent) override {
        const std::lock_guard lock(mutex_);
        ++connections_;
        sessionPresent_ = sessionPresent;
    }
    void onMessage(const Message& message) override {
        const std::lock_guard lock(mutex_);
        messages_.push_back(message);
    }
    void onLost(std::string_view reason, bool refused) override {
        const std::lock_guard lock(mutex_);
        ++losses_;
        reason_ = reason;
        refused_ = refused;
    }

    std::mutex mutex_;
    std::vector<Message> messages_;
    int connections_ = 0;
    int losses_ = 0;
    bool sessionPresent_ = false;
    bool refused_ = false;
    std::string reason_;
    TestLoop loop_;
    std::unique_ptr<PahoClient> client_;
};

inline Message message(std::string topic, std::string payload, int qos = 0, bool retain = false) {
    Message result;
    result.topic = std::move(topic);
    result.payload = std::move(payload);
    result.qos = qos;
    result.retain = retain;
    return result;
}

}  // namespace muster::mqtt::test
