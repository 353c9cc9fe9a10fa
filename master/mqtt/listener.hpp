#pragma once

#include "common/tls/tls_context.hpp"
#include "master/mqtt/broker.hpp"
#include "master/mqtt/web_socket_stream.hpp"

#include <muster/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace muster {
class AsioLoop;
}

namespace muster::mqtt {

struct ListenerOptions {
    std::string name = "mqtt";       // for AccessControl and logs
    std::string host = "127.0.0.1";  // an address, or "localhost"
    std::uint16_t port = 0;          // 0: any free one, see Listener::port()
    bool allowsForeign = true;       // whether the broker's foreign protocol is recognised here
    std::size_t maxConnections = 50'000;                       // more are closed at once
    std::optional<TlsFiles> tls = std::nullopt;                // mqtts, wss
    std::optional<WebSocketOptions> webSocket = std::nullopt;  // ws, wss
};

/// Accepts connections for a broker, over TCP, TLS, WebSocket or WebSocket in TLS, and moves their
/// bytes: one shared read buffer, all packets
/// of a read handled together, one gathered write per connection and turn of the loop. On the
/// loop's thread. Loop and broker outlive it; give it up before them.
class Listener {
public:
    Listener(AsioLoop& loop, Broker& broker, ListenerOptions options);
    /// stop().
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Binds and listens. BadMessage if `host` is no address or a TLS file is of no use; Failed if
    /// the address cannot be had.
    Result<void> start();
    /// Reads the TLS files anew, for connections from here on; no effect without TLS. BadMessage:
    /// what was read before stays in force.
    Result<void> reload();
    /// The bound port; 0 before start().
    std::uint16_t port() const noexcept;
    std::size_t connections() const noexcept;
    const std::string& name() const noexcept;
    bool hasTls() const noexcept;
    /// Closes the port and all connections: wills are published, links closed. Never from within a
    /// call of the broker. Idempotent.
    void stop();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;  // shared with the operations that are under way
};

}  // namespace muster::mqtt
