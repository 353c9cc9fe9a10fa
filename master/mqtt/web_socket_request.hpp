#pragma once

#include "master/mqtt/web_socket_stream.hpp"

#include <string>
#include <string_view>

namespace muster::mqtt {

/// The parts of a WebSocket's opening request that concern MQTT and its safety.
struct WebSocketRequest {
    std::string_view target;
    std::string_view host;       // of the Host header; empty: none
    std::string_view origin;     // empty: not from a page
    std::string_view protocols;  // of all Sec-WebSocket-Protocol headers
    bool isUpgrade = false;      // a GET of HTTP/1.1 that asks for WebSocket
};

/// What is answered: status 101 with the sub-protocol, or another status and why.
struct WebSocketVerdict {
    unsigned status = 101;
    std::string protocol;
    std::string why;
};

/// Pure.
WebSocketVerdict judge(const WebSocketRequest& request, const WebSocketOptions& options);

}  // namespace muster::mqtt
