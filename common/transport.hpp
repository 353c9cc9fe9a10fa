#pragma once

#include <muster/result.hpp>

#include <string>
#include <string_view>

namespace muster {

/// A live connection that carries (topic, payload) in order: one pomelo peer, on one thread.
class Link {
public:
    virtual ~Link() = default;
    /// Queues, never blocks. Limit if the peer's queue is full, Closed if it is closing.
    virtual Result<void> send(std::string_view topic, std::string_view payload) = 0;
    /// Sends MQTT DISCONNECT after what is queued (pomelo's kick), then closes the socket.
    virtual void close(std::string_view reason) = 0;
    /// Remote address and port as text, for logs and for binding reconnects to an address.
    virtual std::string_view peer() const = 0;

    /// The observer's own record of this link, so that it need not look for it at each message.
    /// Nobody else touches it.
    void* observersRecord = nullptr;
};

/// The reason of an end that the peer itself announced.
inline constexpr std::string_view kPeerSaidGoodbye = "the client said goodbye";

/// Told of links' lives. `onClose` comes exactly once for each onOpen; the link dies on its return.
class LinkObserver {
public:
    virtual ~LinkObserver() = default;
    virtual void onOpen(Link& link) = 0;
    virtual void onMessage(Link& link, std::string_view topic, std::string_view payload) = 0;
    virtual void onClose(Link& link, std::string_view reason) = 0;
};

}  // namespace muster
