#pragma once

#include "master/mqtt/broker.hpp"

#include <muster/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
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
    std::size_t maxConnections = 50'000;  // more are closed at once
};

/// Accepts TCP connections for a broker and moves their bytes: one shared read buffer, all packets
/// of a read handled together, one gathered write per connection and turn of the loop. On the
/// loop's thread. Loop and broker outlive it; give it up before them.
class Listener {
public:
    Listener(AsioLoop& loop, Broker& broker, ListenerOptions options);
    /// stop().
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Binds and listens. BadMessage if `host` is no address; Failed if the address cannot be had.
    Result<void> start();
    /// The bound port; 0 before start().
    std::uint16_t port() const noexcept;
    std::size_t connections() const noexcept;
    /// Closes the port and all connections: wills are published, links closed. Never from within a
    /// call of the broker. Idempotent.
    void stop();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;  // shared with the operations that are under way
};

}  // namespace muster::mqtt
