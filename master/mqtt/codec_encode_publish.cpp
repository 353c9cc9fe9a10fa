#include "master/mqtt/byte_writer.hpp"
#include "master/mqtt/codec.hpp"
#include "master/mqtt/packet_type.hpp"
#include "master/mqtt/properties.hpp"

namespace muster::mqtt {
namespace {

unsigned firstByte(const PublishHead& head) noexcept {
    return static_cast<unsigned>(PacketType::Publish) << 4 | (head.dup ? 8U : 0U) |
           static_cast<unsigned>(head.qos) << 1 | (head.retain ? 1U : 0U);
}

/// What is the same for all receivers, from the message; the rest from the delivery.
void appendDeliveryProperties(const PublishHead& head, std::string& out) {
    ByteWriter writer(out);
    if (head.messageExpiry) {
        writer.u8(0x02);
        writer.u32(*head.messageExpiry);
    }
    for (const std::uint32_t id : head.subscriptionIdentifiers) {
        writer.u8(0x0B);
        writer.varint(id);
    }
    if (head.topicAlias != 0) {
        writer.u8(0x23);
        writer.u16(head.topicAlias);
    }
    appendMessageProperties(*head.properties, out);
}

}  // namespace

void encodePublishHead(const PublishHead& head, std::size_t payloadSize, Version version,
                       std::string& out) {
    const std::size_t packetId = head.qos > 0 ? 2 : 0;
    const std::size_t size = 2 + ByteWriter::fitting(head.topic).size() + packetId + payloadSize;
    ByteWriter writer(out);
    writer.u8(firstByte(head));
    if (version != Version::V5) {
        writer.varint(size);
        writer.prefixed(head.topic);
        if (packetId != 0) writer.u16(head.packetId);
        return;
    }
    std::string properties;  // stays empty, and without allocation, for most messages
    appendDeliveryProperties(head, properties);
    writer.varint(size + ByteWriter::varintSize(properties.size()) + properties.size());
    writer.prefixed(head.topic);
    if (packetId != 0) writer.u16(head.packetId);
    writer.varint(properties.size());
    writer.raw(properties);
}

void encodePublishHead(const Publish& message, std::size_t payloadSize, Version version,
                       std::string& out) {
    PublishHead head;
    head.topic = message.topic;
    head.qos = message.qos;
    head.retain = message.retain;
    head.dup = message.dup;
    head.packetId = message.packetId;
    head.properties = &message.properties;
    head.messageExpiry = message.properties.messageExpiry;
    head.subscriptionIdentifiers = message.properties.subscriptionIdentifiers;
    head.topicAlias = message.properties.topicAlias.value_or(0);
    encodePublishHead(head, payloadSize, version, out);
}

}  // namespace muster::mqtt
