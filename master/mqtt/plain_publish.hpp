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
/// no properties. Nothing otherwise: then decode() says what it is, or what is wrong with it.
std::optional<PlainPublish> readPlainPublish(std::string_view bytes, Version version,
                                             std::size_t maxPacketSize) noexcept;

/// The topic of a QoS 0 PUBLISH as soon as it is there. Total; for recognising protocols.
struct FirstPublish {
    enum class Kind { NeedMore, Qos0Publish, Other } kind = Kind::Other;
    std::string_view topic;
};
FirstPublish peekFirstPublish(std::string_view bytes) noexcept;

}  // namespace muster::mqtt
