#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace muster::test {

/// A client's end of a connection, over whatever carries MQTT's bytes: TCP, WebSocket.
class ClientSocket {
public:
    virtual ~ClientSocket() = default;
    /// False once the other side has closed.
    virtual bool send(std::string_view bytes) = 0;
    /// What has come, at least a byte; empty if nothing came in that time or the other side closed.
    virtual std::string receiveSome(std::chrono::milliseconds within) = 0;
    /// True once receiveSome() found that the other side has closed.
    virtual bool isClosed() const = 0;
};

}  // namespace muster::test
