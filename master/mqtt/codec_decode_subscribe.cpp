#include "master/mqtt/packet_readers.hpp"
#include "master/mqtt/properties.hpp"
#include "master/mqtt/reason_codes.hpp"

namespace muster::mqtt {
namespace {

/// Options of one filter (MQTT 5, 3.8.3.1). MQTT 3.1 does not use the upper bits.
void readOptions(ByteReader& reader, Version version, Subscription& out) noexcept {
    const unsigned options = reader.u8();
    out.qos = static_cast<std::uint8_t>(options & 3);
    if (out.qos == 3) reader.malformed("a subscription asks for QoS 3");
    if (version == Version::V31) return;
    if ((options & (version == Version::V5 ? 0xC0U : 0xFCU)) != 0)
        return reader.malformed("reserved subscription options");
    out.noLocal = (options & 0x04) != 0;
    out.retainAsPublished = (options & 0x08) != 0;
    out.retainHandling = static_cast<std::uint8_t>(options >> 4 & 3);
    if (out.retainHandling == 3) reader.violation("retain handling 3");
    if (out.noLocal && out.filter.starts_with("$share/"))
        reader.violation("No Local on a shared subscription");  // 3.8.3-4
}

void checkCount(ByteReader& reader, std::size_t count, const DecodeLimits& limits) noexcept {
    if (count >= limits.maxFilters)
        reader.fail(ReasonCode::PacketTooLarge, "more filters in one packet than allowed");
}

/// 3.x knows the granted QoS and one failure (3.1.1, 3.9.3-2).
bool isCode(std::uint8_t code, PacketType type, Version version) noexcept {
    return version == Version::V5 ? isReasonCode(code, type) : code <= 2 || code == 0x80;
}

void readCodes(ByteReader& reader, PacketType type, Version version,
               std::vector<std::uint8_t>& out) {
    for (const char c : reader.remaining()) {
        const auto code = static_cast<std::uint8_t>(c);
        if (!isCode(code, type, version)) return reader.malformed("undefined reason code");
        out.push_back(code);
    }
    if (out.empty()) reader.violation("an acknowledgement without codes");
}

}  // namespace

void readBody(ByteReader& reader, const ReadContext& context, Subscribe& out) {
    out.packetId = readPacketId(reader);
    if (context.version == Version::V5)
        readProperties(reader, PacketType::Subscribe, context.limits, out.properties);
    if (reader.atEnd()) return reader.violation("a SUBSCRIBE without filters");
    while (!reader.atEnd()) {
        checkCount(reader, out.subscriptions.size(), context.limits);
        Subscription subscription;
        subscription.filter = reader.text();
        readOptions(reader, context.version, subscription);
        if (!reader.failed()) out.subscriptions.push_back(std::move(subscription));
    }
}

void readBody(ByteReader& reader, const ReadContext& context, Unsubscribe& out) {
    out.packetId = readPacketId(reader);
    if (context.version == Version::V5)
        readProperties(reader, PacketType::Unsubscribe, context.limits, out.properties);
    if (reader.atEnd()) return reader.violation("an UNSUBSCRIBE without filters");
    while (!reader.atEnd()) {
        checkCount(reader, out.filters.size(), context.limits);
        const std::string_view filter = reader.text();
        if (!reader.failed()) out.filters.emplace_back(filter);
    }
}

void readBody(ByteReader& reader, const ReadContext& context, Suback& out) {
    out.packetId = readPacketId(reader);
    if (context.version == Version::V5)
        readProperties(reader, PacketType::Suback, context.limits, out.properties);
    readCodes(reader, PacketType::Suback, context.version, out.codes);
}

void readBody(ByteReader& reader, const ReadContext& context, Unsuback& out) {
    out.packetId = readPacketId(reader);
    if (context.version != Version::V5) return;  // 3.x has no codes there
    readProperties(reader, PacketType::Unsuback, context.limits, out.properties);
    readCodes(reader, PacketType::Unsuback, context.version, out.codes);
}

}  // namespace muster::mqtt
