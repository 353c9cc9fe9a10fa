#include "test/fuzz/script_packets.hpp"

namespace muster::test {

using namespace mqtt;

namespace {

constexpr std::array<std::string_view, 5> kIds{"", "a", "b", "c", "a-client-id-of-24-letters"};
constexpr std::array<std::string_view, 16> kFilters{
    "t",    "t/1", "t/+",          "#",          "+/+",          "$SYS/#",    "t/1/2", "+",
    "t/#/", "",    "$share/g/t/+", "$share/g/#", "$share/h/t/1", "$share//t", "w/#",   "register"};
constexpr std::array<std::string_view, 8> kTopics{"t",      "t/1",   "t/2", "t/1/2",
                                                  "$SYS/x", "w/one", "#",   "register"};
constexpr std::array<std::uint32_t, 8> kSeconds{0, 1, 2, 10, 60, 3600, 0x7FFF'FFFF, 0xFFFF'FFFF};
constexpr std::array<std::uint16_t, 4> kReceiveMaxima{1, 2, 3, 65535};
constexpr std::array<std::uint32_t, 8> kPacketSizes{1, 4, 12, 20, 40, 100, 1000, 0x0FFF'FFFF};

bool bit(std::uint8_t value, unsigned place) {
    return (unsigned{value} >> place & 1U) != 0;
}

std::uint8_t qosOf(unsigned bits) {
    return static_cast<std::uint8_t>(bits % 3);
}

template <class Table>
auto pick(const Table& table, unsigned index) {
    return table[index % table.size()];
}

Will will(const ScriptRecord& record) {
    const auto& a = record.arguments;
    Will result{std::string(pick(kTopics, a[4])),
                bit(a[4], 7) ? "" : "gone",
                qosOf(a[4] >> 3),
                bit(a[4], 5),
                {}};
    if (bit(a[4], 6)) result.properties.willDelay = pick(kSeconds, a[5]);
    if (bit(a[5], 7)) result.properties.messageExpiry = pick(kSeconds, a[5] >> 3);
    return result;
}

}  // namespace

ScriptRecord::ScriptRecord(std::string_view bytes)
    : step(static_cast<ScriptStep>(static_cast<unsigned char>(bytes[0]) & 15U)),
      client(static_cast<unsigned char>(bytes[0]) >> 4 & 3U),
      waits(bit(static_cast<std::uint8_t>(bytes[0]), 6)),
      isDamaged(bit(static_cast<std::uint8_t>(bytes[0]), 7)) {
    for (std::size_t i = 0; i < arguments.size(); ++i)
        arguments[i] = static_cast<std::uint8_t>(bytes[i + 1]);
}

Connect scriptConnect(const ScriptRecord& record) {
    const auto& a = record.arguments;
    Connect packet;
    packet.version = static_cast<Version>(5 - a[0] % 3);
    packet.cleanStart = bit(a[0], 2);
    packet.clientId = pick(kIds, 1U + (a[0] >> 3 & 7U));
    if (bit(a[0], 6)) packet.username = bit(a[0], 7) ? "eve" : "adam";
    packet.keepAlive = static_cast<std::uint16_t>(pick(kSeconds, a[1]));
    if (bit(a[1], 3)) packet.will = will(record);
    if (packet.version != Version::V5) {
        if (packet.will) packet.will->properties = {};
        return packet;
    }
    Properties& properties = packet.properties;
    if (bit(a[1], 4)) properties.sessionExpiry = pick(kSeconds, a[2]);
    if (bit(a[1], 5)) properties.receiveMaximum = pick(kReceiveMaxima, a[2] >> 3);
    if (bit(a[1], 6)) properties.maximumPacketSize = pick(kPacketSizes, a[3]);
    if (bit(a[1], 7)) properties.topicAliasMaximum = a[3] >> 6;
    if (bit(a[2], 5))
        properties.requestProblemInformation = static_cast<std::uint8_t>(a[3] >> 3 & 1);
    if (bit(a[2], 6)) properties.requestResponseInformation = std::uint8_t{1};
    if (bit(a[2], 7)) properties.authenticationMethod = "none";
    return packet;
}

Subscribe scriptSubscribe(const ScriptRecord& record) {
    const auto& a = record.arguments;
    Subscribe packet;
    packet.packetId = static_cast<std::uint16_t>(1 + a[0]);
    for (unsigned i = 0; i <= (a[1] & 3U); ++i) {
        Subscription wish;
        wish.filter = pick(kFilters, a[2] + i * (a[3] & 15U));
        wish.qos = qosOf(a[1] >> 2);
        wish.noLocal = bit(a[1], 4);
        wish.retainAsPublished = bit(a[1], 5);
        wish.retainHandling = qosOf(a[1] >> 6);
        packet.subscriptions.push_back(std::move(wish));
    }
    if (bit(a[3], 7)) packet.properties.subscriptionIdentifiers = {1U + a[4]};
    return packet;
}

Unsubscribe scriptUnsubscribe(const ScriptRecord& record) {
    const auto& a = record.arguments;
    Unsubscribe packet;
    packet.packetId = static_cast<std::uint16_t>(1 + a[0]);
    for (unsigned i = 0; i <= (a[1] & 1U); ++i)
        packet.filters.emplace_back(pick(kFilters, a[2] + i * (a[3] & 15U)));
    return packet;
}

Publish scriptPublish(const ScriptRecord& record) {
    const auto& a = record.arguments;
    Publish packet;
    packet.topic = pick(kTopics, a[0]);
    packet.qos = qosOf(a[0] >> 3);
    packet.retain = bit(a[0], 5);
    if (packet.qos > 0) {
        packet.packetId = static_cast<std::uint16_t>(1 + (a[1] & 15U));
        packet.dup = bit(a[0], 6);
    }
    const std::size_t unit = record.step == ScriptStep::PublishLarge ? 64 : 1;
    packet.payload.assign(a[2] * unit, 'x');
    Properties& properties = packet.properties;
    if (bit(a[3], 0)) properties.messageExpiry = pick(kSeconds, a[3] >> 1);
    if (bit(a[3], 4)) {
        properties.topicAlias = static_cast<std::uint16_t>(1 + (a[3] >> 5 & 3U));
        if (bit(a[3], 7)) packet.topic.clear();
    }
    if (bit(a[4], 0)) properties.responseTopic = "t/1";
    if (bit(a[4], 1)) properties.correlationData = std::string(a[4], '\0');
    if (bit(a[4], 2)) properties.userProperties.emplace_back("name", std::string(a[4], 'v'));
    if (bit(a[4], 3)) properties.payloadFormat = static_cast<std::uint8_t>(a[4] >> 4 & 1);
    return packet;
}

Packet scriptAcknowledgement(const ScriptRecord& record) {
    const auto& a = record.arguments;
    const auto id = static_cast<std::uint16_t>(a[1] + 256U * (a[3] >> 7));
    const auto code = bit(a[2], 0) ? ReasonCode::UnspecifiedError : ReasonCode::Success;
    switch (a[0] % 4) {
        case 0: return Puback{id, code, {}};
        case 1: return Pubrec{id, code, {}};
        case 2: return Pubrel{id, bit(a[2], 0) ? ReasonCode::PacketIdentifierNotFound : code, {}};
        default: return Pubcomp{id, ReasonCode::Success, {}};
    }
}

Disconnect scriptDisconnect(const ScriptRecord& record) {
    const auto& a = record.arguments;
    Disconnect packet;
    if (bit(a[0], 0)) packet.code = ReasonCode::DisconnectWithWill;
    if (bit(a[0], 1)) packet.properties.sessionExpiry = pick(kSeconds, a[1]);
    return packet;
}

}  // namespace muster::test
