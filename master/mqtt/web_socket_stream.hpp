#pragma once

#include "master/mqtt/byte_stream.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace muster::mqtt {

struct WebSocketOptions {
    std::string path = "/mqtt";  // any other one is 404
    /// Pages of other sites that may connect, e.g. "https://app.example"; "*": of all. A page whose
    /// host is the one it connects to always may.
    std::vector<std::string> origins;
    /// The listener is reached from this host only: then a host name that is no address cannot be
    /// its own, but one that an attacker made point here (DNS rebinding).
    bool isLoopback = true;
    /// Bytes of one WebSocket message, over all its frames; above it the connection is closed
    /// (1009). It bounds nothing that is stored: payloads are handed on as they come.
    std::size_t maxMessage = 64u << 20;
};

/// Makes the streams of one listener: the server's end of WebSocket (RFC 6455, by Boost.Beast) with
/// MQTT's rules (MQTT 5, 6.0.0): sub-protocol mqtt or mqttv3.1, binary messages only, packets cut
/// anywhere. Requests of more than 8 KiB are refused; how long one may take is the connection's
/// deadline. Outlives its streams. One thread.
class WebSockets {
public:
    WebSockets(WebSocketOptions options, StreamScratch& scratch);
    ~WebSockets();
    WebSockets(const WebSockets&) = delete;
    WebSockets& operator=(const WebSockets&) = delete;

    std::unique_ptr<ByteStream> make();

private:
    class Stream;
    struct Shared;
    std::unique_ptr<Shared> shared_;
};

}  // namespace muster::mqtt
