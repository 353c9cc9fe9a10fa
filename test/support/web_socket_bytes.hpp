#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::test {

/// An opening request; `protocol` empty: none is offered.
inline std::string webSocketRequest(const std::string& path = "/mqtt",
                                    const std::string& protocol = "mqtt",
                                    const std::string& more = "") {
    return "GET " + path +
           " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
           (protocol.empty() ? "" : "Sec-WebSocket-Protocol: " + protocol + "\r\n") + more + "\r\n";
}

enum class Opcode { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

/// A client's frame (RFC 6455, 5.2). `announced` is the length that its head says, if not the
/// payload's.
inline std::string clientFrame(std::string_view payload, Opcode opcode = Opcode::Binary,
                               bool isFinal = true, std::uint64_t announced = 0) {
    const std::uint64_t size = announced != 0 ? announced : payload.size();
    std::string frame(1, static_cast<char>((isFinal ? 0x80 : 0) | static_cast<int>(opcode)));
    if (size < 126) {
        frame += static_cast<char>(0x80 | size);
    } else if (size < 65536) {
        frame += static_cast<char>(0x80 | 126);
        for (int shift = 8; shift >= 0; shift -= 8)
            frame += static_cast<char>(size >> shift & 0xFF);
    } else {
        frame += static_cast<char>(0x80 | 127);
        for (int shift = 56; shift >= 0; shift -= 8)
            frame += static_cast<char>(size >> shift & 0xFF);
    }
    constexpr std::string_view kMask = "\x11\x22\x33\x44";
    frame += kMask;
    for (std::size_t i = 0; i < payload.size(); ++i)
        frame += static_cast<char>(payload[i] ^ kMask[i % kMask.size()]);
    return frame;
}

/// A server's frame of less than 64 KiB.
inline std::string serverFrame(std::string_view payload, Opcode opcode = Opcode::Binary) {
    std::string frame(1, static_cast<char>(0x80 | static_cast<int>(opcode)));
    if (payload.size() < 126) {
        frame += static_cast<char>(payload.size());
    } else {
        frame += static_cast<char>(126);
        frame += static_cast<char>(payload.size() >> 8);
        frame += static_cast<char>(payload.size() & 0xFF);
    }
    return frame.append(payload);
}

/// What the whole frames of a server's at the front of `frames` carry.
inline std::string payloadsOf(std::string_view frames) {
    std::string all;
    while (frames.size() >= 2) {
        std::size_t head = 2;
        std::uint64_t size = static_cast<unsigned char>(frames[1]);
        if (size >= 126) {
            head += size == 126 ? 2 : 8;
            if (frames.size() < head) break;
            size = 0;
            for (std::size_t i = 2; i < head; ++i)
                size = size << 8 | static_cast<unsigned char>(frames[i]);
        }
        if (frames.size() - head < size) break;
        all.append(frames.substr(head, size));
        frames.remove_prefix(head + size);
    }
    return all;
}

/// A server's CLOSE with that status.
inline std::string closeFrame(int code) {
    const char bytes[] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    return serverFrame(std::string_view(bytes, 2), Opcode::Close);
}

}  // namespace muster::test
