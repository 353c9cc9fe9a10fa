#pragma once

#include "test/support/client_socket.hpp"
#include "test/support/raw_client.hpp"
#include "test/support/web_socket_bytes.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace muster::test {

/// A client's end of a WebSocket connection (RFC 6455) to 127.0.0.1: what is sent goes out in
/// masked binary frames of at most `kFrame` bytes, so that packets span frames and share them.
class WebSocketClient final : public ClientSocket {
public:
    explicit WebSocketClient(std::uint16_t port, const std::string& protocol = "mqtt",
                             const std::string& path = "/mqtt")
        : tcp_(port) {
        tcp_.send(webSocketRequest(path, protocol));
        const std::string answer = tcp_.receiveUntil("\r\n\r\n", kPatience);
        if (answer.find(" 101 ") == std::string::npos ||
            answer.find("Sec-WebSocket-Protocol: " + protocol + "\r\n") == std::string::npos)
            throw std::runtime_error("no WebSocket: " + answer);
    }

    bool send(std::string_view bytes) override {
        std::string frames;
        for (; !bytes.empty(); bytes.remove_prefix(std::min(kFrame, bytes.size())))
            frames += clientFrame(bytes.substr(0, kFrame));
        return tcp_.send(frames);
    }
    std::string receiveSome(std::chrono::milliseconds within) override {
        std::string payload;
        while (payload.empty() && !isClosed()) {
            if (takeFrame(payload)) continue;
            const std::string more = tcp_.receiveSome(within);
            if (more.empty()) break;
            bytes_ += more;
        }
        return payload;
    }
    /// After a close frame, too.
    bool isClosed() const override { return hasClosed_ || tcp_.isClosed(); }

private:
    static constexpr std::chrono::seconds kPatience{10};
    static constexpr std::size_t kFrame = 50'000;
    static constexpr unsigned kBinary = 2, kClose = 8;

    std::size_t number(std::size_t at, std::size_t size) const {
        std::size_t value = 0;
        for (std::size_t i = at; i < at + size; ++i)
            value = value << 8 | static_cast<unsigned char>(bytes_[i]);
        return value;
    }
    /// Takes a whole frame off what was received; false if there is none.
    bool takeFrame(std::string& payload) {
        if (bytes_.size() < 2) return false;
        const std::size_t shortSize = number(1, 1);
        const std::size_t more = shortSize == 126 ? 2 : shortSize == 127 ? 8 : 0;
        if (bytes_.size() < 2 + more) return false;
        const std::size_t size = more == 0 ? shortSize : number(2, more);
        if (bytes_.size() < 2 + more + size) return false;
        const unsigned opcode = static_cast<unsigned char>(bytes_[0]) & 0xFU;
        if (opcode == kBinary || opcode == 0) payload += bytes_.substr(2 + more, size);
        if (opcode == kClose) hasClosed_ = true;
        bytes_.erase(0, 2 + more + size);
        return true;
    }

    RawClient tcp_;
    bool hasClosed_ = false;
    std::string bytes_;  // received, no whole frame yet
};

}  // namespace muster::test
