#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// What a server has last said of itself to its node: all of it can be said again. A value.
struct NodeWord {
    bool isReady = false;
    std::optional<bool> isDraining;
    bool isStopping = false;
    std::optional<std::int64_t> busy;
    /// The assignments of one datagram; empty if nothing was said.
    std::string text() const;
};

/// A server's word to the node that started it, as sd_notify(3) datagrams: READY=1, STOPPING=1,
/// WATCHDOG=1, X_MUSTER_BUSY=n, X_MUSTER_DRAINING=1 or 0. A node may be away, or be another one
/// than heard it: so every heartbeat says all of it again. Never blocks; on any thread.
class NodeLink {
public:
    struct Address {
        std::string socket;  // a path, or '@' and an abstract name; empty: there is no node
        std::optional<std::chrono::microseconds> watchdog;  // silence after which the node acts
    };
    /// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
    static Address fromEnvironment();

    explicit NodeLink(Address address);
    ~NodeLink();
    NodeLink(const NodeLink&) = delete;
    NodeLink& operator=(const NodeLink&) = delete;

    bool isOpen() const { return fd_ >= 0; }
    // False if it did not get through: no node, or its buffer is full.
    bool ready();
    bool draining(bool isDraining);
    bool stopping();
    bool busy(std::int64_t count);
    /// WATCHDOG=1, and with it all that was said before.
    bool beat();
    /// Says again what did not get through. True if nothing is left.
    bool catchUp();
    /// How often to send WATCHDOG=1: half of what the node waits. No value: not asked for.
    std::optional<std::chrono::milliseconds> heartbeat() const;

private:
    /// Changes what is said, and says `assignment`.
    template <class Change>
    bool say(const char* assignment, Change change);
    bool send(std::string_view datagram) const;

    Address address_;
    int fd_ = -1;
    std::mutex mutex_;  // of word_
    NodeWord word_;
    std::atomic<bool> isBehind_{false};
};

}  // namespace muster
