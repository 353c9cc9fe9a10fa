#include "test/support/live_client.hpp"

namespace muster::test {

using namespace mqtt;

namespace {

constexpr std::chrono::seconds kPatience{10};

}  // namespace

Connect LiveClient::connectPacket(std::string clientId) const {
    Connect packet;
    packet.version = version_;
    packet.clientId = std::move(clientId);
    return packet;
}

Connect LiveClient::lastingPacket(std::string clientId) const {
    Connect packet = connectPacket(std::move(clientId));
    packet.cleanStart = false;
    if (isV5()) packet.properties.sessionExpiry = 3600;
    return packet;
}

Connack LiveClient::connects(const Connect& packet) {
    sends(packet);
    Connack answer = expects<Connack>();
    EXPECT_EQ(answer.code, 0);
    return answer;
}

std::vector<std::uint8_t> LiveClient::subscribes(std::string filter, int qos) {
    Subscription wish;
    wish.filter = std::move(filter);
    wish.qos = static_cast<std::uint8_t>(qos);
    return subscribes(std::move(wish));
}

std::vector<std::uint8_t> LiveClient::subscribes(Subscription wish, std::uint32_t identifier) {
    Subscribe packet;
    packet.packetId = nextId();
    packet.subscriptions.push_back(std::move(wish));
    if (identifier != 0) packet.properties.subscriptionIdentifiers = {identifier};
    sends(packet);
    const Suback answer = expects<Suback>();
    EXPECT_EQ(answer.packetId, packet.packetId);
    return answer.codes;
}

std::vector<std::uint8_t> LiveClient::unsubscribes(std::string filter) {
    Unsubscribe packet;
    packet.packetId = nextId();
    packet.filters.push_back(std::move(filter));
    sends(packet);
    const Unsuback answer = expects<Unsuback>();
    EXPECT_EQ(answer.packetId, packet.packetId);
    return answer.codes;
}

Publish LiveClient::messageOf(std::string topic, std::string payload, int qos, bool retain) {
    Publish message;
    message.topic = std::move(topic);
    message.payload = std::move(payload);
    message.qos = static_cast<std::uint8_t>(qos);
    message.retain = retain;
    if (qos > 0) message.packetId = nextId();
    return message;
}

ReasonCode LiveClient::publishes(std::string topic, std::string payload, int qos, bool retain) {
    return publishes(messageOf(std::move(topic), std::move(payload), qos, retain));
}

ReasonCode LiveClient::publishes(Publish message) {
    sends(message);
    if (message.qos == 0) {
        expectsNothing();
        return ReasonCode::Success;
    }
    if (message.qos == 1) {
        const auto answer = expects<Puback>();
        EXPECT_EQ(answer.packetId, message.packetId);
        return answer.code;
    }
    const auto received = expects<Pubrec>();
    EXPECT_EQ(received.packetId, message.packetId);
    if (received.code >= ReasonCode::UnspecifiedError) return received.code;
    Pubrel release;
    release.packetId = message.packetId;
    sends(release);
    EXPECT_EQ(expects<Pubcomp>().packetId, message.packetId);
    return received.code;
}

Publish LiveClient::expectsMessage(std::string_view topic, std::string_view payload) {
    Publish message = expects<Publish>();
    EXPECT_EQ(message.topic, topic);
    EXPECT_EQ(message.payload, payload);
    return message;
}

Publish LiveClient::receives(std::string_view topic, std::string_view payload) {
    Publish message = expectsMessage(topic, payload);
    acknowledges(message);
    return message;
}

void LiveClient::acknowledges(const Publish& message) {
    if (message.qos == 1) {
        Puback answer;
        answer.packetId = message.packetId;
        sends(answer);
    }
    if (message.qos != 2) return;
    Pubrec received;
    received.packetId = message.packetId;
    sends(received);
    EXPECT_EQ(expects<Pubrel>().packetId, message.packetId);
    Pubcomp completed;
    completed.packetId = message.packetId;
    sends(completed);
}

void LiveClient::expectsNothing() {
    sends(Pingreq{});
    (void)expects<Pingresp>();  // anything else fails there
}

void LiveClient::expectsClosed() {
    const auto packet = nextPacket();
    if (packet) ADD_FAILURE() << "a packet of type " << packet->index() + 1 << " came";
    EXPECT_TRUE(bytes_.empty()) << bytes_.size() << " bytes more came";
    EXPECT_TRUE(socket_->isClosed());
}

void LiveClient::expectsRefusal(ReasonCode code) {
    if (isV5()) {
        EXPECT_EQ(expects<Disconnect>().code, code);
    }
    expectsClosed();
}

void LiveClient::expectsRefusedConnect(ReasonCode code, std::uint8_t returnCode) {
    const Connack answer = expects<Connack>();
    EXPECT_EQ(answer.code, isV5() ? static_cast<std::uint8_t>(code) : returnCode);
    EXPECT_FALSE(answer.sessionPresent);
    expectsClosed();
}

std::string LiveClient::expectsBytes(std::size_t size) {
    while (bytes_.size() < size && receiveMore()) continue;
    const std::string result = bytes_.substr(0, size);
    bytes_.erase(0, size);
    return result;
}

bool LiveClient::receiveMore() {
    if (socket_->isClosed()) return false;
    const std::string more = socket_->receiveSome(kPatience);
    bytes_ += more;
    return !more.empty();
}

std::optional<Packet> LiveClient::nextPacket() {
    DecodeLimits limits;
    limits.maxPacketSize = 256u << 20;
    for (;;) {
        DecodeResult result = decode(bytes_, version_, From::Server, limits);
        if (const auto* error = std::get_if<DecodeError>(&result)) {
            ADD_FAILURE() << "what came is no packet: " << error->detail;
            return std::nullopt;
        }
        if (auto* decoded = std::get_if<Decoded>(&result)) {
            bytes_.erase(0, decoded->size);
            return std::move(decoded->packet);
        }
        if (!receiveMore()) return std::nullopt;
    }
}

}  // namespace muster::test
