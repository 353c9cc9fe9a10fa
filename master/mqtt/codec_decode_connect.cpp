#include "master/mqtt/packet_readers.hpp"
#include "master/mqtt/properties.hpp"
#include "master/mqtt/reason_codes.hpp"

namespace muster::mqtt {
namespace {

/// CONNECT's flags (MQTT 5, 3.1.2.3).
struct ConnectFlags {
    bool username, password, willRetain, will, cleanStart;
    std::uint8_t willQos;
};

ConnectFlags parseFlags(unsigned byte) noexcept {
    return {(byte & 0x80) != 0, (byte & 0x40) != 0, (byte & 0x20) != 0,
            (byte & 0x04) != 0, (byte & 0x02) != 0, static_cast<std::uint8_t>(byte >> 3 & 3)};
}

ConnectFlags readFlags(ByteReader& reader, Version version) noexcept {
    const unsigned byte = reader.u8();
    const ConnectFlags flags = parseFlags(byte);
    if (flags.willQos > 2) reader.malformed("will QoS 3");
    if (version != Version::V5 && flags.password && !flags.username)
        reader.malformed("password without user name");  // 3.1.1, 3.1.2-22; allowed in 5.0
    if (version == Version::V31) return flags;           // has none of the rules below
    if ((byte & 1) != 0) reader.malformed("reserved connect flag");
    if (!flags.will && (flags.willQos != 0 || flags.willRetain))
        reader.malformed("will QoS or will retain without a will");
    return flags;
}

/// Name and level; a level of ours under the wrong name is not ours.
std::optional<Version> readVersion(ByteReader& reader) noexcept {
    const std::string_view name = reader.text();
    const std::uint8_t level = reader.u8();
    if (reader.failed()) return std::nullopt;
    if (name == "MQTT" && level == 4) return Version::V311;
    if (name == "MQTT" && level == 5) return Version::V5;
    if (name == "MQIsdp" && level == 3) return Version::V31;
    reader.fail(ReasonCode::UnsupportedProtocolVersion,
                "protocol is not MQTT 3.1 (MQIsdp), 3.1.1 or 5.0");
    return std::nullopt;
}

void readWill(ByteReader& reader, const ReadContext& context, const ConnectFlags& flags,
              Will& out) {
    out.qos = flags.willQos;
    out.retain = flags.willRetain;
    if (context.version == Version::V5)
        readProperties(reader, PacketType::Will, context.limits, out.properties);
    out.topic = readTopicName(reader);
    if (out.topic.empty()) reader.malformed("the will has no topic");
    out.payload = reader.binary();
}

/// User name and password. MQTT 3.1 puts Remaining Length above the flags: what is announced but
/// not there is absent.
void readCredentials(ByteReader& reader, const ConnectFlags& flags, Connect& out) {
    const auto isThere = [&](bool announced) {
        return announced && !(out.version == Version::V31 && reader.atEnd());
    };
    if (isThere(flags.username)) out.username.emplace(reader.text());
    if (isThere(flags.password)) out.password.emplace(reader.binary());
}

void checkAuthentication(ByteReader& reader, const Properties& properties) noexcept {
    if (properties.authenticationData && !properties.authenticationMethod)
        reader.violation("authentication data without a method");
}

}  // namespace

void readBody(ByteReader& reader, ReadContext& context, Connect& out) {
    const auto version = readVersion(reader);
    if (!version) return;
    out.version = context.version = *version;
    if (*version != Version::V31 && context.flags != 0)
        return reader.malformed("reserved flags in the fixed header");
    const ConnectFlags flags = readFlags(reader, *version);
    out.cleanStart = flags.cleanStart;
    out.keepAlive = reader.u16();
    if (*version == Version::V5) {
        readProperties(reader, PacketType::Connect, context.limits, out.properties);
        checkAuthentication(reader, out.properties);
    }
    out.clientId = reader.text();
    if (flags.will) readWill(reader, context, flags, out.will.emplace());
    readCredentials(reader, flags, out);
}

void readBody(ByteReader& reader, const ReadContext& context, Connack& out) {
    const std::uint8_t acknowledge = reader.u8();
    // 3.1 reserves the whole byte; later versions its upper seven bits.
    if (context.version != Version::V31) {
        if (acknowledge > 1) reader.malformed("reserved flags in a CONNACK");
        out.sessionPresent = acknowledge == 1;
    }
    out.code = reader.u8();
    if (context.version != Version::V5) {
        if (out.code > 5) reader.malformed("unknown return code in a CONNACK");
        return;
    }
    if (!isReasonCode(out.code, PacketType::Connack)) reader.malformed("undefined reason code");
    readProperties(reader, PacketType::Connack, context.limits, out.properties);
    checkAuthentication(reader, out.properties);
}

void readBody(ByteReader& reader, const ReadContext& context, Disconnect& out) {
    if (context.version != Version::V5 || reader.atEnd()) return;
    const std::uint8_t code = reader.u8();
    if (!isReasonCode(code, PacketType::Disconnect))
        return reader.malformed("undefined reason code");
    out.code = static_cast<ReasonCode>(code);
    if (reader.atEnd()) return;  // MQTT 5, 3.14.2.2.1
    readProperties(reader, PacketType::Disconnect, context.limits, out.properties);
    if (context.from == From::Server && out.properties.sessionExpiry)
        reader.violation("session expiry in a server's DISCONNECT");  // 3.14.2-2
}

void readBody(ByteReader& reader, const ReadContext& context, Auth& out) {
    if (reader.atEnd()) return;  // Success without properties (3.15.2.1)
    const std::uint8_t code = reader.u8();
    if (!isReasonCode(code, PacketType::Auth)) return reader.malformed("undefined reason code");
    out.code = static_cast<ReasonCode>(code);
    readProperties(reader, PacketType::Auth, context.limits, out.properties);
    checkAuthentication(reader, out.properties);
}

}  // namespace muster::mqtt
