#pragma once

#include "master/mqtt/packet.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace muster::mqtt {

/// Why bytes are not an acceptable packet. `code` is what MQTT 5 calls it (0x81, 0x82, 0x84,
/// 0x95, ...); `detail` says it in words, for the log and for Reason String.
struct DecodeError {
    ReasonCode code = ReasonCode::MalformedPacket;
    std::string detail;
};

struct NeedMore {};

struct Decoded {
    Packet packet;
    std::size_t size;  // bytes consumed
};

using DecodeResult = std::variant<NeedMore, Decoded, DecodeError>;

/// Who sent the bytes: packets that only a server may send are errors from a client.
enum class From { Client, Server };

struct DecodeLimits {
    std::size_t maxPacketSize = 1 << 20;  // whole packet, bytes; above: 0x95
    std::size_t maxConnectSize = 64 << 10;
    std::size_t maxUserProperties = 32;
    std::size_t maxUserPropertyBytes = 8 << 10;
};

/// Decodes the first packet of `bytes`. Total: never throws, reads only `bytes`, allocates in
/// proportion to bytes received, never to announced lengths. `version` is the connection's; a
/// CONNECT brings its own.
DecodeResult decode(std::string_view bytes, Version version, From from,
                    const DecodeLimits& limits);

/// Appends `packet` in the form of `version` to `out`. Properties that the version or packet type
/// does not have are left out. Precondition: strings up to 65535 bytes, packet under 256 MiB.
void encode(const Packet& packet, Version version, std::string& out);

/// Well-formed UTF-8 without U+0000 and surrogates (MQTT 5, 1.5.4). Control characters and
/// non-characters are accepted.
bool isValidUtf8(std::string_view text) noexcept;

}  // namespace muster::mqtt
