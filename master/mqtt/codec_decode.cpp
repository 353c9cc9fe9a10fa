#include "master/mqtt/codec.hpp"
#include "master/mqtt/packet_readers.hpp"

#include <algorithm>

namespace muster::mqtt {
namespace {

using Type = PacketType;

constexpr PacketTypes kFromClient{Type::Connect,    Type::Publish,     Type::PubAck,
                                  Type::PubRec,     Type::PubRel,      Type::PubComp,
                                  Type::Subscribe,  Type::Unsubscribe, Type::Pingreq,
                                  Type::Disconnect, Type::Auth};
constexpr PacketTypes kFromServer{Type::Connack,  Type::Publish,    Type::PubAck, Type::PubRec,
                                  Type::PubRel,   Type::PubComp,    Type::Suback, Type::Unsuback,
                                  Type::Pingresp, Type::Disconnect, Type::Auth};
constexpr PacketTypes kFlags0010{Type::PubRel, Type::Subscribe,
                                 Type::Unsubscribe};  // MQTT 5, 2.1.3

DecodeError makeError(ReasonCode code, const char* detail) {
    return DecodeError{code, detail, std::nullopt};
}

bool mayBeSent(PacketType type, Version version, From from) noexcept {
    if (type == Type::Auth && version != Version::V5) return false;
    if (from == From::Client) return kFromClient.has(type);
    if (type == Type::Disconnect && version != Version::V5) return false;
    return kFromServer.has(type);
}

/// MQTT 3.1 ignores flags that it does not use. A CONNECT's are judged once its level is known.
bool areFlagsValid(PacketType type, unsigned flags, Version version) noexcept {
    if (type == Type::Publish || type == Type::Connect || version == Version::V31) return true;
    return flags == (kFlags0010.has(type) ? 2U : 0U);
}

/// The fixed header (MQTT 5, 2.1).
struct Frame {
    PacketType type;
    std::uint8_t flags;
    std::size_t headerSize = 0;  // bytes
    std::size_t bodySize = 0;    // Remaining Length
};

using FrameResult = std::variant<NeedMore, Frame, DecodeError>;

/// Reads Remaining Length; at most four bytes (2.1.4), in MQTT 5 no more than needed.
FrameResult readLength(std::string_view bytes, Frame frame, Version version) {
    for (std::size_t i = 1; i <= 4; ++i) {
        if (i >= bytes.size()) return NeedMore{};
        const auto byte = static_cast<unsigned char>(bytes[i]);
        frame.bodySize |= static_cast<std::size_t>(byte & 0x7F) << (7 * (i - 1));
        if (byte >= 0x80) continue;
        if (byte == 0 && i > 1 && version == Version::V5)
            return makeError(ReasonCode::MalformedPacket, "Remaining Length is longer than needed");
        frame.headerSize = i + 1;
        return frame;
    }
    return makeError(ReasonCode::MalformedPacket, "Remaining Length has more than four bytes");
}

FrameResult readFrame(std::string_view bytes, Version version, From from,
                      const DecodeLimits& limits) {
    if (bytes.empty()) return NeedMore{};
    const auto first = static_cast<unsigned char>(bytes[0]);
    Frame frame{static_cast<PacketType>(first >> 4), static_cast<std::uint8_t>(first & 0x0F)};
    if (!mayBeSent(frame.type, version, from))
        return makeError(ReasonCode::ProtocolError, "a packet type that this side never sends");
    if (!areFlagsValid(frame.type, frame.flags, version))
        return makeError(ReasonCode::MalformedPacket, "reserved flags in the fixed header");
    FrameResult result = readLength(bytes, frame, version);
    if (const auto* whole = std::get_if<Frame>(&result)) {
        std::size_t cap = limits.maxPacketSize;
        if (frame.type == Type::Connect) cap = std::min(cap, limits.maxConnectSize);
        if (whole->headerSize + whole->bodySize > cap)
            return makeError(ReasonCode::PacketTooLarge, "the packet is larger than allowed");
    }
    return result;
}

/// Reads the body into `packet`, in place: a PUBLISH is moved nowhere.
template <class Body>
void readInto(Packet& packet, ByteReader& reader, ReadContext& context) {
    readBody(reader, context, packet.emplace<Body>());
    if (!reader.atEnd()) reader.malformed("bytes after the last field");
}

void readPacket(PacketType type, Packet& packet, ByteReader& reader, ReadContext& context) {
    switch (type) {
        case Type::Connect: return readInto<Connect>(packet, reader, context);
        case Type::Connack: return readInto<Connack>(packet, reader, context);
        case Type::Publish: return readInto<Publish>(packet, reader, context);
        case Type::PubAck: return readInto<Puback>(packet, reader, context);
        case Type::PubRec: return readInto<Pubrec>(packet, reader, context);
        case Type::PubRel: return readInto<Pubrel>(packet, reader, context);
        case Type::PubComp: return readInto<Pubcomp>(packet, reader, context);
        case Type::Subscribe: return readInto<Subscribe>(packet, reader, context);
        case Type::Suback: return readInto<Suback>(packet, reader, context);
        case Type::Unsubscribe: return readInto<Unsubscribe>(packet, reader, context);
        case Type::Unsuback: return readInto<Unsuback>(packet, reader, context);
        case Type::Pingreq: return readInto<Pingreq>(packet, reader, context);
        case Type::Pingresp: return readInto<Pingresp>(packet, reader, context);
        case Type::Disconnect: return readInto<Disconnect>(packet, reader, context);
        case Type::Auth: return readInto<Auth>(packet, reader, context);
        case Type::Will: return reader.violation("packet type 0");
    }
}

}  // namespace

DecodeResult decode(std::string_view bytes, Version version, From from,
                    const DecodeLimits& limits) {
    DecodeResult result;  // the only object returned, so that no packet is ever moved
    FrameResult framed = readFrame(bytes, version, from, limits);
    if (auto* error = std::get_if<DecodeError>(&framed)) {
        result = std::move(*error);
        return result;
    }
    const auto* frame = std::get_if<Frame>(&framed);
    if (frame == nullptr || bytes.size() - frame->headerSize < frame->bodySize) return result;

    auto& decoded = result.emplace<Decoded>();
    decoded.size = frame->headerSize + frame->bodySize;
    ByteReader reader(bytes.substr(frame->headerSize, frame->bodySize));
    ReadContext context{version, from, limits, frame->flags};
    readPacket(frame->type, decoded.packet, reader, context);
    if (reader.failed()) {
        DecodeError error = makeError(reader.code(), reader.detail());
        // The context's version is the CONNECT's once that was read.
        if (frame->type == Type::Connect && reader.code() != ReasonCode::UnsupportedProtocolVersion)
            error.version = context.version;
        result = std::move(error);
    }
    return result;
}

}  // namespace muster::mqtt
