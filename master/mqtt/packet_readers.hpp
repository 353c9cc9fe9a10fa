#pragma once

#include "master/mqtt/byte_reader.hpp"
#include "master/mqtt/codec.hpp"
#include "master/mqtt/packet_type.hpp"

namespace muster::mqtt {

/// What the body of a packet is read with. `version` is replaced by a CONNECT's own.
struct ReadContext {
    Version version;
    From from;
    const DecodeLimits& limits;
    std::uint8_t flags;  // low half of the first byte
};

/// Each reads the body of one packet type into `out`, which is fresh. Failures, trailing bytes
/// included, stick in `reader`. Precondition: version and sender allow the type.
void readBody(ByteReader& reader, ReadContext& context, Connect& out);
void readBody(ByteReader& reader, const ReadContext& context, Connack& out);
void readBody(ByteReader& reader, const ReadContext& context, Publish& out);
void readBody(ByteReader& reader, const ReadContext& context, Puback& out);
void readBody(ByteReader& reader, const ReadContext& context, Pubrec& out);
void readBody(ByteReader& reader, const ReadContext& context, Pubrel& out);
void readBody(ByteReader& reader, const ReadContext& context, Pubcomp& out);
void readBody(ByteReader& reader, const ReadContext& context, Subscribe& out);
void readBody(ByteReader& reader, const ReadContext& context, Suback& out);
void readBody(ByteReader& reader, const ReadContext& context, Unsubscribe& out);
void readBody(ByteReader& reader, const ReadContext& context, Unsuback& out);
void readBody(ByteReader& reader, const ReadContext& context, Disconnect& out);
void readBody(ByteReader& reader, const ReadContext& context, Auth& out);
inline void readBody(ByteReader&, const ReadContext&, Pingreq&) noexcept {}
inline void readBody(ByteReader&, const ReadContext&, Pingresp&) noexcept {}

/// A packet identifier, which is never 0 (MQTT 5, 2.2.1-3).
inline std::uint16_t readPacketId(ByteReader& reader) noexcept {
    const std::uint16_t id = reader.u16();
    if (id == 0) reader.violation("packet identifier 0");
    return id;
}

/// A topic name: at least one character, no wildcards (4.7.1-1, 4.7.3-1).
inline std::string_view readTopicName(ByteReader& reader) noexcept {
    const std::string_view topic = reader.text();
    if (topic.find_first_of("+#") != std::string_view::npos)
        reader.malformed("a topic name has wildcards");
    return topic;
}

}  // namespace muster::mqtt
