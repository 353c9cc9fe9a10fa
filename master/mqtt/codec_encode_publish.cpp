#include "master/mqtt/byte_writer.hpp"
#include "master/mqtt/codec.hpp"
#include "master/mqtt/packet_type.hpp"
#include "master/mqtt/properties.hpp"

#include <array>

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

/// First byte, Remaining Length, topic and packet id. In few pieces: it is done for every delivery.
void appendFixedPart(const PublishHead& head, std::size_t remainingLength, std::string& out) {
    std::array<char, 8> bytes;
    std::size_t count = 0;
    const auto add = [&](std::size_t byte) { bytes[count++] = static_cast<char>(byte & 0xFF); };
    const std::string_view topic = ByteWriter::fitting(head.topic);
    add(firstByte(head));
    for (; remainingLength >= 0x80; remainingLength >>= 7) add(remainingLength | 0x80);
    add(remainingLength);
    add(topic.size() >> 8);
    add(topic.size());
    out.append(bytes.data(), count).append(topic);
    if (head.qos == 0) return;
    const char id[] = {static_cast<char>(head.packetId >> 8),
                       static_cast<char>(head.packetId & 0xFF)};
    out.append(id, sizeof id);
}

}  // namespace

void encodePublishHead(const PublishHead& head, std::size_t payloadSize, Version version,
                       std::string& out) {
    const std::size_t packetId = head.qos > 0 ? 2 : 0;
    const std::size_t size = 2 + ByteWriter::fitting(head.topic).size() + packetId + payloadSize;
    if (version != Version::V5) return appendFixedPart(head, size, out);
    std::string properties;  // stays empty, and without allocation, for most messages
    appendDeliveryProperties(head, properties);
    appendFixedPart(head, size + ByteWriter::varintSize(properties.size()) + properties.size(),
                    out);
    ByteWriter writer(out);
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
