#pragma once

#include <muster/client.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>

#include <signal.h>

namespace muster::cli {

/// Messages from the client's thread to the command's, bounded: the newest are dropped and counted.
/// While it lives, SIGINT and SIGTERM of the process end its wait instead of the process. Make it
/// before any thread, so that none of them takes the signals.
class EventQueue {
public:
    enum class Kind { Message, TimedOut, Interrupted, Closed };
    struct Taken {
        Kind kind = Kind::TimedOut;
        AdminMessage message;
        std::size_t dropped = 0;  // since the last call
    };

    EventQueue();
    ~EventQueue();
    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;

    /// From any thread.
    void put(const AdminMessage& message);
    /// From any thread: after what is queued, take() says Closed.
    void close();
    /// The next message, waiting for it up to `wait`.
    Taken take(std::chrono::milliseconds wait);

private:
    bool pop(Taken& taken);
    void wake() const;

    sigset_t before_{};  // the thread's signal mask
    int wakeFd_ = -1;    // eventfd
    int signalFd_ = -1;  // signalfd
    std::mutex mutex_;
    std::deque<AdminMessage> messages_;
    std::size_t dropped_ = 0;
    bool isClosed_ = false;
};

}  // namespace muster::cli
