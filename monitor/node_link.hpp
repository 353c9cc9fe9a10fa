#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// A server's word to the node that started it, as sd_notify(3) datagrams: READY=1, STOPPING=1,
/// WATCHDOG=1, X_MUSTER_BUSY=n, X_MUSTER_DRAINING=1. Never blocks; send() may be called on any
/// thread.
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
    /// False if it did not get through (no node, or its buffer is full): nothing is repeated.
    bool send(std::string_view assignment) const;
    /// How often to send WATCHDOG=1: half of what the node waits. No value: not asked for.
    std::optional<std::chrono::milliseconds> heartbeat() const;

private:
    Address address_;
    int fd_ = -1;
};

}  // namespace muster
