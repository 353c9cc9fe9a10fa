#include "master/mqtt/packet_readers.hpp"
#include "master/mqtt/properties.hpp"
#include "master/mqtt/reason_codes.hpp"

namespace muster::mqtt {
namespace {

/// DUP, QoS and RETAIN from the fixed header (MQTT 5, 3.3.1).
void readPublishFlags(ByteReader& reader, const ReadContext& context, Publish& out) noexcept {
    out.qos = static_cast<std::uint8_t>(context.flags >> 1 & 3);
    out.retain = (context.flags & 1) != 0;
    out.dup = (context.flags & 8) != 0;
    if (out.qos == 3) reader.malformed("QoS 3");
    if (out.dup && out.qos == 0) {
        if (context.version != Version::V31) reader.malformed("DUP with QoS 0");
        out.dup = false;  // 3.1 gives it no meaning there
    }
}

template <int Tag>
void readAck(ByteReader& reader, const ReadContext& context, PublishAck<Tag>& out) {
    constexpr auto type = static_cast<PacketType>(Tag);
    out.packetId = readPacketId(reader);
    if (context.version != Version::V5 || reader.atEnd()) return;  // 3.4.2.1: Success
    const std::uint8_t code = reader.u8();
    if (!isReasonCode(code, type)) return reader.malformed("undefined reason code");
    out.code = static_cast<ReasonCode>(code);
    if (reader.atEnd()) return;  // 3.4.2.2.1: no properties
    readProperties(reader, type, context.limits, out.properties);
}

}  // namespace

void readBody(ByteReader& reader, const ReadContext& context, Publish& out) {
    readPublishFlags(reader, context, out);
    out.topic = readTopicName(reader);
    if (out.qos > 0) out.packetId = readPacketId(reader);
    if (context.version == Version::V5) {
        readProperties(reader, PacketType::Publish, context.limits, out.properties);
        if (context.from == From::Client && !out.properties.subscriptionIdentifiers.empty())
            reader.violation("a client's PUBLISH has a subscription identifier");  // 3.3.4-6
    }
    if (out.topic.empty() && !out.properties.topicAlias)
        reader.violation("a PUBLISH has neither topic nor topic alias");
    out.payload = reader.remaining();
}

void readBody(ByteReader& reader, const ReadContext& context, Puback& out) {
    readAck(reader, context, out);
}
void readBody(ByteReader& reader, const ReadContext& context, Pubrec& out) {
    readAck(reader, context, out);
}
void readBody(ByteReader& reader, const ReadContext& context, Pubrel& out) {
    readAck(reader, context, out);
}
void readBody(ByteReader& reader, const ReadContext& context, Pubcomp& out) {
    readAck(reader, context, out);
}

}  // namespace muster::mqtt
