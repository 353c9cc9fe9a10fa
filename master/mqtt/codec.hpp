#pragma once

#include "master/mqtt/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace muster::mqtt {

/// Why bytes are not an acceptable packet. `code` is what MQTT 5 calls it (0x81, 0x82, 0x84,
/// 0x95, ...); `detail` says it in words, for the log and for Reason String.
struct DecodeError {
    ReasonCode code = ReasonCode::MalformedPacket;
    std::string detail;
    /// Of a CONNECT whose protocol level is known: in which version to refuse it.
    std::optional<Version> version = std::nullopt;
};

struct NeedMore {};

struct Decoded {
    Packet packet{std::in_place_type<Pingreq>};  // the cheapest to make
    std::size_t size = 0;                        // bytes consumed
};

using DecodeResult = std::variant<NeedMore, Decoded, DecodeError>;

/// Who sent the bytes: packets that only a server may send are errors from a client.
enum class From { Client, Server };

struct DecodeLimits {
    std::size_t maxPacketSize = 1 << 20;  // whole packet, bytes; above: 0x95
    std::size_t maxConnectSize = 64 << 10;
    std::size_t maxUserProperties = 32;
    std::size_t maxUserPropertyBytes = 8 << 10;  // names and values of one packet (or will)
    std::size_t maxFilters = 4096;               // in one SUBSCRIBE or UNSUBSCRIBE
};

/// Decodes the first packet of `bytes`. Total: never throws, reads only `bytes`, allocates in
/// proportion to bytes received, never to announced lengths. `version` is the connection's; a
/// CONNECT brings its own. What needs a session is left to it: client identifiers, topic filters'
/// syntax, topic aliases above the maximum. A level that is not ours is UnsupportedProtocolVersion
/// (in 3.1.1 words: CONNACK 0x01). A DUP flag with QoS 0 is dropped in 3.1.
DecodeResult decode(std::string_view bytes, Version version, From from, const DecodeLimits& limits);

/// Appends `packet` in the form of `version` to `out`. Properties that the version or packet type
/// does not have are left out. Precondition: strings up to 65535 bytes, packet under 256 MiB.
void encode(const Packet& packet, Version version, std::string& out);

/// A PUBLISH without its payload: the parts that differ between receivers as values, the message's
/// own by reference, so that one stored message serves all of them.
struct PublishHead {
    std::string_view topic;  // empty: only with a topic alias
    std::uint8_t qos = 0;
    bool retain = false;
    bool dup = false;
    std::uint16_t packetId = 0;                  // with qos > 0
    const Properties* properties = nullptr;      // never null; the fields below replace those in it
    std::optional<std::uint32_t> messageExpiry;  // seconds that are left
    std::span<const std::uint32_t> subscriptionIdentifiers;
    std::uint16_t topicAlias = 0;  // 0: none
};

/// Appends everything of a PUBLISH that precedes its payload of `payloadSize` bytes, which the
/// caller writes after it (scatter/gather).
void encodePublishHead(const PublishHead& head, std::size_t payloadSize, Version version,
                       std::string& out);
/// The same with everything from `message`, whose payload is not looked at.
void encodePublishHead(const Publish& message, std::size_t payloadSize, Version version,
                       std::string& out);

/// Well-formed UTF-8 without U+0000 and surrogates (MQTT 5, 1.5.4). Control characters and
/// non-characters are accepted.
bool isValidUtf8(std::string_view text) noexcept;

}  // namespace muster::mqtt
