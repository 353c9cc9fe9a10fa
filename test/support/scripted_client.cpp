#include "test/support/scripted_client.hpp"

namespace muster::test {

using namespace mqtt;

void ScriptedAccess::authenticate(Credentials credentials, std::function<void(AuthResult)> done) {
    certificate = credentials.certificate;
    AuthResult result;
    result.code = verdict;
    result.identity.name = credentials.username.value_or("anonymous");
    auto tell = [done = std::move(done), result] { done(result); };
    if (isSlow) {
        waiting.push_back(std::move(tell));
    } else {
        tell();
    }
}

void ScriptedAccess::answer() {
    for (auto& tell : std::exchange(waiting, {})) tell();
}

void BrokerWorld::after(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds kTick{250};
    const TimePoint end = now + time;
    while (now < end) {
        now = std::min(now + kTick, end);
        broker.tick(now);
    }
}

ScriptedClient::ScriptedClient(BrokerWorld& world, Version version)
    : world_(world),
      version_(version),
      connection_(std::make_unique<Connection>(
          world.broker, *this, ConnectionInfo{"192.0.2.1:4711", "test", true}, world.now)) {}

Connect ScriptedClient::connectPacket(std::string clientId) const {
    Connect packet;
    packet.version = version_;
    packet.clientId = std::move(clientId);
    packet.keepAlive = 60;
    return packet;
}

Connack ScriptedClient::connects(Connect packet) {
    sends(packet);
    Connack answer = expects<Connack>();
    EXPECT_EQ(answer.code, 0);
    return answer;
}

std::vector<std::uint8_t> ScriptedClient::subscribes(std::string filter, int qos) {
    Subscription subscription;
    subscription.filter = std::move(filter);
    subscription.qos = static_cast<std::uint8_t>(qos);
    return subscribes(std::move(subscription));
}

std::vector<std::uint8_t> ScriptedClient::subscribes(Subscription subscription,
                                                     std::uint32_t identifier) {
    Subscribe packet;
    packet.packetId = nextId_++;
    packet.subscriptions.push_back(std::move(subscription));
    if (identifier != 0) packet.properties.subscriptionIdentifiers = {identifier};
    sends(packet);
    const Suback answer = expects<Suback>();
    EXPECT_EQ(answer.packetId, packet.packetId);
    return answer.codes;
}

void ScriptedClient::publishes(std::string topic, std::string payload, int qos, bool retain) {
    Publish packet;
    packet.topic = std::move(topic);
    packet.payload = std::move(payload);
    packet.qos = static_cast<std::uint8_t>(qos);
    packet.retain = retain;
    packet.packetId = qos > 0 ? nextId_++ : std::uint16_t{0};
    sends(packet);
}

void ScriptedClient::sends(const Packet& packet) {
    std::string bytes;
    encode(packet, version_, bytes);
    sendsBytes(bytes);
}

void ScriptedClient::sendsBytes(std::string_view bytes) {
    connection_->receive(bytes, world_.now);
}

void ScriptedClient::readsAgain() {
    isReading_ = true;
    read();
}

// Reads until the broker has nothing more to say.
void ScriptedClient::read() {
    while (isReading_ && !connection_->output().empty()) {
        std::vector<std::string_view> pieces;
        connection_->output().peek(pieces, SIZE_MAX);
        std::size_t size = 0;
        for (const auto piece : pieces) {
            bytes_.append(piece);
            size += piece.size();
        }
        connection_->output().consume(size);
        connection_->drained(world_.now);
    }
    decodeAll();
}

void ScriptedClient::decodeAll() {
    DecodeLimits limits;
    limits.maxPacketSize = 256u << 20;
    std::string_view rest = bytes_;
    while (!rest.empty()) {
        // The kick of a foreign link is a DISCONNECT from a server of 3.1.1.
        if (version_ != Version::V5 && rest.substr(0, 2) == std::string_view("\xE0\0", 2)) {
            packets_.push_back(Disconnect{});
            rest.remove_prefix(2);
            continue;
        }
        DecodeResult result = decode(rest, version_, From::Server, limits);
        if (auto* error = std::get_if<DecodeError>(&result)) ADD_FAILURE() << error->detail;
        auto* decoded = std::get_if<Decoded>(&result);
        if (decoded == nullptr) break;
        rest.remove_prefix(decoded->size);
        packets_.push_back(std::move(decoded->packet));
    }
    bytes_.erase(0, bytes_.size() - rest.size());
}

Publish ScriptedClient::expectsMessage(std::string_view topic, std::string_view payload) {
    Publish message = expects<Publish>();
    EXPECT_EQ(message.topic, topic);
    EXPECT_EQ(message.payload, payload);
    return message;
}

void ScriptedClient::expectsNothing() {
    read();
    EXPECT_TRUE(packets_.empty()) << "type " << packets_.front().index() + 1 << " came";
}

void ScriptedClient::expectsClosed() {
    expectsNothing();
    EXPECT_TRUE(isClosed_);
}

void ScriptedClient::expectsDisconnect(ReasonCode code) {
    EXPECT_EQ(expects<Disconnect>().code, code);
    EXPECT_TRUE(isClosed_);
}

}  // namespace muster::test
