#pragma once

#include "common/process/epoll_loop.hpp"

#include <muster/result.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace muster::supervisor {

/// What a datagram on the notify socket says (sd_notify(3), docs/protocol.md "Environment").
struct NotifyMessage {
    bool isReady = false;
    bool isStopping = false;
    bool isWatchdog = false;
    std::optional<bool> isDraining;
    std::optional<std::int64_t> busy;
    bool operator==(const NotifyMessage&) const = default;
};

/// Total: what is not known or not well-formed is skipped.
NotifyMessage parseNotify(std::string_view datagram);

/// The unix datagram socket that servers say READY=1 and the like to. Who sends is told by the
/// kernel (SO_PASSCRED), not by the message. On the loop's thread.
class NotifySocket {
public:
    /// `pid`: the sender's.
    using Handler = std::function<void(pid_t pid, const NotifyMessage& message)>;
    NotifySocket(EpollLoop& loop, Handler handler) : loop_(loop), handler_(std::move(handler)) {}
    ~NotifySocket();
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;

    /// Binds. The same state directory gives the same address, so servers outlive the node. As root
    /// the address is abstract: servers may run as users who cannot reach the directory.
    Result<void> open(const std::string& stateDirectory);
    /// What servers get as NOTIFY_SOCKET.
    const std::string& address() const { return address_; }

private:
    void receive();

    EpollLoop& loop_;
    Handler handler_;
    UniqueFd socket_;
    std::string address_;
};

}  // namespace muster::supervisor
