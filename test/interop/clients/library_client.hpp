#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace muster::test {

struct LibraryMessage {
    std::string topic;
    std::string payload;
    int qos = 0;
    bool retain = false;
};

/// Between a library's thread and the test's.
class MessageQueue {
public:
    void push(LibraryMessage message) {
        const std::lock_guard lock(mutex_);
        messages_.push_back(std::move(message));
        arrived_.notify_one();
    }
    /// The next message; nothing if none comes in ten seconds.
    std::optional<LibraryMessage> next() {
        std::unique_lock lock(mutex_);
        if (!arrived_.wait_for(lock, std::chrono::seconds(10), [&] { return !messages_.empty(); }))
            return std::nullopt;
        LibraryMessage message = std::move(messages_.front());
        messages_.pop_front();
        return message;
    }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<LibraryMessage> messages_;
};

struct LibraryOptions {
    std::uint16_t port = 0;
    int version = 4;  // protocol level: 3, 4 or 5
    std::string clientId;
    bool isPersistent = false;  // 5.0: for ten minutes
    std::optional<LibraryMessage> will;
};

/// A client library, as the tests use it. What fails throws std::runtime_error.
class LibraryClient {
public:
    /// Connected.
    static std::unique_ptr<LibraryClient> connect(LibraryOptions options);
    virtual ~LibraryClient() = default;

    /// Whether the CONNACK said so; nothing if the library does not tell.
    virtual std::optional<bool> isSessionPresent() const = 0;
    /// Waits for the answer; the granted QoS.
    virtual int subscribe(const std::string& filter, int qos) = 0;
    /// Waits until it is acknowledged.
    virtual void publish(const LibraryMessage& message) = 0;
    virtual void disconnect() = 0;
    std::optional<LibraryMessage> next() { return messages_.next(); }

protected:
    MessageQueue messages_;
};

}  // namespace muster::test
