#pragma once

#include "master/mqtt/codec.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace muster::mqtt {

/// A whole PUBLISH without properties, as views into its bytes.
struct PlainPublish {
    std::string_view topic;
    std::string_view payload;
    std::uint8_t qos = 0;
    bool retain = false;
    bool dup = false;
    std::uint16_t packetId = 0;
    std::size_t size = 0;  // of the packet, bytes
};

/// The common case without a copy: if `bytes` begin with a complete and faultless PUBLISH that has
/// no properties. False otherwise: then decode() says what it is, or what is wrong with it.
bool readPlainPublish(std::string_view bytes, Version version, std::size_t maxPacketSize,
                      PlainPublish& result) noexcept;

/// A whole PUBACK, PUBREC, PUBREL or PUBCOMP that says nothing but Success.
struct PlainAck {
    static constexpr std::size_t kSize = 4;  // of the packet, bytes
    unsigned type = 0;                       // 4..7
    std::uint16_t packetId = 0;              // not 0
};
/// The common case without a packet's properties; nothing if decode() has to look at it.
inline std::optional<PlainAck> readPlainAck(std::string_view bytes) noexcept {
    if (bytes.size() < PlainAck::kSize || bytes[1] != 2) return {};
    const auto first = static_cast<unsigned char>(bytes[0]);
    if (first != 0x40 && first != 0x50 && first != 0x62 && first != 0x70) return {};
    const auto packetId = static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[2]) << 8 |
                                                     static_cast<unsigned char>(bytes[3]));
    if (packetId == 0) return {};
    return PlainAck{static_cast<unsigned>(first >> 4), packetId};
}

/// The topic of a QoS 0 PUBLISH as soon as it is there. Total; for recognising protocols.
struct FirstPublish {
    enum class Kind { NeedMore, Qos0Publish, Other } kind = Kind::Other;
    std::string_view topic;
};
FirstPublish peekFirstPublish(std::string_view bytes) noexcept;

}  // namespace muster::mqtt
