#include "test/support/random_packets.hpp"

#include <array>

namespace muster::test {

using namespace mqtt;

std::uint32_t RandomPackets::number() {
    const auto bits = below(33);
    return bits == 0 ? 0 : static_cast<std::uint32_t>(random_()) >> (32 - bits);
}

std::string RandomPackets::text() {
    static const std::array<std::string, 6> kPieces{
        "a", "sensor", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBB\xBF"};
    std::string result;
    for (auto count = below(6); count > 0; --count) result += kPieces[below(kPieces.size())];
    return result;
}

std::string RandomPackets::topic() {
    return "t/" + text();
}

std::string RandomPackets::binary() {
    std::string result(below(40), '\0');
    for (char& c : result) c = static_cast<char>(random_());
    return result;
}

void RandomPackets::userProperties(Properties& out) {
    for (auto count = below(4); count > 0; --count) out.userProperties.emplace_back(text(), text());
}

Properties RandomPackets::messageProperties() {
    Properties out;
    if (coin()) out.payloadFormat = static_cast<std::uint8_t>(below(2));
    if (coin()) out.messageExpiry = number();
    if (coin()) out.contentType = text();
    if (coin()) out.responseTopic = topic();
    if (coin()) out.correlationData = binary();
    userProperties(out);
    return out;
}

Properties RandomPackets::reasonProperties() {
    Properties out;
    if (coin()) out.reasonString = text();
    userProperties(out);
    return out;
}

Properties RandomPackets::authProperties() {
    Properties out = reasonProperties();
    out.authenticationMethod = text();
    if (coin()) out.authenticationData = binary();
    return out;
}

Connect RandomPackets::connect(Version version) {
    Connect out;
    const bool isV5 = version == Version::V5;
    out.version = version;
    out.cleanStart = coin();
    out.keepAlive = static_cast<std::uint16_t>(number());
    out.clientId = text();
    if (coin()) out.username = text();
    if (coin() && (isV5 || out.username)) out.password = binary();
    if (coin()) {
        out.will = Will{topic(), binary(), qos(), coin(), {}};
        if (isV5) out.will->properties = messageProperties();
        if (isV5 && coin()) out.will->properties.willDelay = number();
    }
    if (!isV5) return out;
    if (coin()) out.properties = authProperties();
    out.properties.reasonString.reset();  // a CONNECT has none
    if (coin()) out.properties.sessionExpiry = number();
    if (coin()) out.properties.receiveMaximum = packetId();
    if (coin()) out.properties.maximumPacketSize = 1 + below(1000);
    if (coin()) out.properties.topicAliasMaximum = static_cast<std::uint16_t>(number());
    if (coin()) out.properties.requestProblemInformation = static_cast<std::uint8_t>(below(2));
    if (coin()) out.properties.requestResponseInformation = static_cast<std::uint8_t>(below(2));
    return out;
}

void RandomPackets::serverFeatures(Properties& out) {
    if (coin()) out.sessionExpiry = number();
    if (coin()) out.assignedClientIdentifier = text();
    if (coin()) out.serverKeepAlive = static_cast<std::uint16_t>(number());
    if (coin()) out.responseInformation = text();
    if (coin()) out.serverReference = text();
    if (coin()) out.receiveMaximum = packetId();
    if (coin()) out.topicAliasMaximum = static_cast<std::uint16_t>(number());
    if (coin()) out.maximumQos = static_cast<std::uint8_t>(below(2));
    if (coin()) out.retainAvailable = static_cast<std::uint8_t>(below(2));
    if (coin()) out.maximumPacketSize = 1 + below(1000);
    if (coin()) out.wildcardSubscriptionAvailable = static_cast<std::uint8_t>(below(2));
    if (coin()) out.subscriptionIdentifierAvailable = static_cast<std::uint8_t>(below(2));
    if (coin()) out.sharedSubscriptionAvailable = static_cast<std::uint8_t>(below(2));
}

Connack RandomPackets::connack(Version version) {
    Connack out;
    out.sessionPresent = version != Version::V31 && coin();
    if (version != Version::V5) {
        out.code = static_cast<std::uint8_t>(below(6));
        return out;
    }
    out.code = coin() ? 0x87 : 0;
    if (coin()) out.properties = authProperties();
    serverFeatures(out.properties);
    return out;
}

Publish RandomPackets::publish(Version version, From from) {
    Publish out;
    out.topic = topic();
    out.payload = binary();
    out.qos = qos();
    out.retain = coin();
    if (out.qos > 0) {
        out.dup = coin();
        out.packetId = packetId();
    }
    if (version != Version::V5) return out;
    out.properties = messageProperties();
    if (coin()) out.properties.topicAlias = packetId();
    if (out.properties.topicAlias && coin()) out.topic.clear();
    if (from == From::Server)
        for (auto count = below(4); count > 0; --count)
            out.properties.subscriptionIdentifiers.push_back(1 + below(0x0FFFFFFF));
    return out;
}

template <class Ack>
Ack RandomPackets::ack(Version version, ReasonCode other) {
    Ack out;
    out.packetId = packetId();
    if (version != Version::V5) return out;
    if (coin()) out.code = other;
    if (coin()) out.properties = reasonProperties();
    return out;
}

Subscribe RandomPackets::subscribe(Version version) {
    Subscribe out;
    const bool isV5 = version == Version::V5;
    out.packetId = packetId();
    for (auto count = 1 + below(4); count > 0; --count) {
        Subscription subscription{topic() + "/#", qos(), false, false, 0};
        if (isV5) {
            subscription.noLocal = coin();
            subscription.retainAsPublished = coin();
            subscription.retainHandling = qos();
        }
        out.subscriptions.push_back(subscription);
    }
    if (!isV5) return out;
    if (coin()) out.properties.subscriptionIdentifiers = {1 + below(0x0FFFFFFF)};
    userProperties(out.properties);
    return out;
}

Suback RandomPackets::suback(Version version) {
    Suback out;
    out.packetId = packetId();
    for (auto count = 1 + below(4); count > 0; --count)
        out.codes.push_back(coin() ? qos() : std::uint8_t{0x80});
    if (version == Version::V5) out.properties = reasonProperties();
    return out;
}

Unsubscribe RandomPackets::unsubscribe(Version version) {
    Unsubscribe out;
    out.packetId = packetId();
    for (auto count = 1 + below(4); count > 0; --count) out.filters.push_back(topic());
    if (version == Version::V5) userProperties(out.properties);
    return out;
}

Unsuback RandomPackets::unsuback(Version version) {
    Unsuback out;
    out.packetId = packetId();
    if (version != Version::V5) return out;
    for (auto count = 1 + below(4); count > 0; --count)
        out.codes.push_back(coin() ? std::uint8_t{0x11} : std::uint8_t{0x87});
    out.properties = reasonProperties();
    return out;
}

Disconnect RandomPackets::disconnect(Version version, From from) {
    Disconnect out;
    if (version != Version::V5) return out;
    if (coin()) out.code = ReasonCode::DisconnectWithWill;
    if (coin()) out.properties = reasonProperties();
    if (from == From::Client && coin()) out.properties.sessionExpiry = number();
    if (coin()) out.properties.serverReference = text();
    return out;
}

Auth RandomPackets::auth() {
    Auth out;
    if (coin()) return out;
    out.code = coin() ? ReasonCode::ContinueAuthentication : ReasonCode::Reauthenticate;
    if (coin()) out.properties = authProperties();
    return out;
}

bool RandomPackets::exists(std::size_t index, Version version, From from) {
    const auto type = index + 1;
    if (type == 15) return version == Version::V5;
    if (type == 14) return version == Version::V5 || from == From::Client;
    const bool onlyClient = type == 1 || type == 8 || type == 10 || type == 12;
    const bool onlyServer = type == 2 || type == 9 || type == 11 || type == 13;
    return from == From::Client ? !onlyServer : !onlyClient;
}

Packet RandomPackets::make(std::size_t index, Version version, From from) {
    switch (index + 1) {
        case 1: return connect(version);
        case 2: return connack(version);
        case 3: return publish(version, from);
        case 4: return ack<Puback>(version, ReasonCode::NoMatchingSubscribers);
        case 5: return ack<Pubrec>(version, ReasonCode::QuotaExceeded);
        case 6: return ack<Pubrel>(version, ReasonCode::PacketIdentifierNotFound);
        case 7: return ack<Pubcomp>(version, ReasonCode::PacketIdentifierNotFound);
        case 8: return subscribe(version);
        case 9: return suback(version);
        case 10: return unsubscribe(version);
        case 11: return unsuback(version);
        case 12: return Pingreq{};
        case 13: return Pingresp{};
        case 14: return disconnect(version, from);
        default: return auth();
    }
}

}  // namespace muster::test
