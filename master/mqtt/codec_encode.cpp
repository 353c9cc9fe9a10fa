#include "master/mqtt/byte_writer.hpp"
#include "master/mqtt/codec.hpp"
#include "master/mqtt/packet_type.hpp"
#include "master/mqtt/properties.hpp"

namespace muster::mqtt {
namespace {

/// Writes the body of each packet type in the form of one version.
class BodyWriter {
public:
    BodyWriter(Version version, std::string& out) noexcept
        : version_(version), out_(out), writer_(out) {}

    void operator()(const Connect& packet) {
        const bool isOld = packet.version == Version::V31;
        version_ = packet.version;
        writer_.prefixed(isOld ? "MQIsdp" : "MQTT");
        writer_.u8(static_cast<unsigned>(packet.version));
        writer_.u8(connectFlags(packet));
        writer_.u16(packet.keepAlive);
        section(packet.properties, PacketType::Connect);
        writer_.prefixed(packet.clientId);
        if (packet.will) {
            section(packet.will->properties, PacketType::Will);
            writer_.prefixed(packet.will->topic);
            writer_.prefixed(packet.will->payload);
        }
        if (packet.username) writer_.prefixed(*packet.username);
        if (hasPassword(packet)) writer_.prefixed(*packet.password);
    }
    void operator()(const Connack& packet) {
        writer_.u8(packet.sessionPresent && version_ != Version::V31 ? 1 : 0);
        writer_.u8(packet.code);
        section(packet.properties, PacketType::Connack);
    }
    template <int Tag>
    void operator()(const PublishAck<Tag>& packet) {
        writer_.u16(packet.packetId);
        codeAndProperties(packet.code, packet.properties, static_cast<PacketType>(Tag));
    }
    void operator()(const Subscribe& packet) {
        writer_.u16(packet.packetId);
        section(packet.properties, PacketType::Subscribe);
        for (const Subscription& subscription : packet.subscriptions) {
            writer_.prefixed(subscription.filter);
            writer_.u8(options(subscription));
        }
    }
    void operator()(const Suback& packet) {
        writer_.u16(packet.packetId);
        section(packet.properties, PacketType::Suback);
        // 3.x knows one failure code only.
        for (const std::uint8_t code : packet.codes)
            writer_.u8(version_ != Version::V5 && code > 2 ? 0x80U : code);
    }
    void operator()(const Unsubscribe& packet) {
        writer_.u16(packet.packetId);
        section(packet.properties, PacketType::Unsubscribe);
        for (const std::string& filter : packet.filters) writer_.prefixed(filter);
    }
    void operator()(const Unsuback& packet) {
        writer_.u16(packet.packetId);
        section(packet.properties, PacketType::Unsuback);
        if (version_ != Version::V5) return;
        for (const std::uint8_t code : packet.codes) writer_.u8(code);
    }
    void operator()(const Disconnect& packet) {
        codeAndProperties(packet.code, packet.properties, PacketType::Disconnect);
    }
    void operator()(const Auth& packet) {
        const std::size_t before = out_.size();
        codeAndProperties(packet.code, packet.properties, PacketType::Auth);
        if (out_.size() == before + 1) writer_.u8(0);  // a code alone is not a form of AUTH
    }
    void operator()(const Pingreq&) {}
    void operator()(const Pingresp&) {}
    void operator()(const Publish&) {}  // has its own, encodePublishHead

private:
    static bool hasPassword(const Connect& packet) noexcept {
        return packet.password && (packet.version == Version::V5 || packet.username);
    }
    static unsigned connectFlags(const Connect& packet) noexcept {
        unsigned flags = packet.cleanStart ? 0x02U : 0;
        if (packet.username) flags |= 0x80;
        if (hasPassword(packet)) flags |= 0x40;
        if (packet.will) {
            flags |= 0x04U | static_cast<unsigned>(packet.will->qos) << 3;
            if (packet.will->retain) flags |= 0x20;
        }
        return flags;
    }
    unsigned options(const Subscription& subscription) const noexcept {
        unsigned byte = subscription.qos;
        if (version_ != Version::V5) return byte;
        if (subscription.noLocal) byte |= 0x04;
        if (subscription.retainAsPublished) byte |= 0x08;
        return byte | static_cast<unsigned>(subscription.retainHandling) << 4;
    }
    void section(const Properties& properties, PacketType type) {
        if (version_ == Version::V5) appendPropertySection(properties, type, out_);
    }
    /// Leaves out what MQTT 5 lets one leave out (3.4.2.1, 3.14.2.1).
    void codeAndProperties(ReasonCode code, const Properties& properties, PacketType type) {
        if (version_ != Version::V5) return;
        std::string content;
        appendProperties(properties, type, content);
        if (code == ReasonCode::Success && content.empty()) return;
        writer_.u8(static_cast<unsigned>(code));
        if (content.empty()) return;
        writer_.varint(content.size());
        writer_.raw(content);
    }

    Version version_;
    std::string& out_;
    ByteWriter writer_;
};

/// The type in the upper half, the flags that the type prescribes in the lower (2.1.3).
unsigned firstByte(const Packet& packet) noexcept {
    const auto type = static_cast<unsigned>(packet.index()) + 1;  // the variant's order is MQTT's
    const bool has0010 = std::holds_alternative<Pubrel>(packet) ||
                         std::holds_alternative<Subscribe>(packet) ||
                         std::holds_alternative<Unsubscribe>(packet);
    return type << 4 | (has0010 ? 2U : 0U);
}

}  // namespace

void encode(const Packet& packet, Version version, std::string& out) {
    if (const auto* publish = std::get_if<Publish>(&packet)) {
        encodePublishHead(*publish, publish->payload.size(), version, out);
        out.append(publish->payload);
        return;
    }
    std::string body;
    std::visit(BodyWriter(version, body), packet);
    ByteWriter writer(out);
    writer.u8(firstByte(packet));
    writer.varint(body.size());
    writer.raw(body);
}

}  // namespace muster::mqtt
