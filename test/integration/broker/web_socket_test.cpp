// MQTT over WebSocket on real sockets: framing (MQTT 5, 6.0.0), bounds and ends.
#include "test/integration/broker/stream_fixture.hpp"
#include "test/support/eventually.hpp"
#include "test/support/raw_client.hpp"
#include "test/support/web_socket_bytes.hpp"

#include <gmock/gmock.h>

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::test;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

struct WebSocket : ::testing::Test {
    LiveBroker broker{{}, webSocketListener()};
    RawClient client{broker.port()};

    void upgrade() {
        client.send(webSocketRequest());
        EXPECT_THAT(client.receiveUntil("\r\n\r\n", 5s), StartsWith("HTTP/1.1 101 "));
    }
    void connect() {
        upgrade();
        client.send(clientFrame(connectBytes("c")));
        expects(serverFrame(kAccepted));
    }
    void expects(const std::string& bytes) { EXPECT_EQ(client.receive(bytes.size(), 5s), bytes); }
};

TEST_F(WebSocket, CarriesMqtt) {
    connect();
    client.send(clientFrame(kPing));
    expects(serverFrame(kPong));
}

TEST_F(WebSocket, PacketsMaySpanAndShareFrames) {
    upgrade();
    const std::string all = connectBytes("c") + kPing + kPing;
    for (const char byte : all.substr(0, all.size() - 3))
        client.send(clientFrame(std::string(1, byte)));
    client.send(clientFrame(all.substr(all.size() - 3)));
    const std::string got = client.receiveUntil(kPong + kPong, 5s);
    EXPECT_THAT(got, HasSubstr(kAccepted));
}

TEST_F(WebSocket, APacketMayComeInFragmentsOfOneMessage) {
    upgrade();
    const std::string packet = connectBytes("c");
    client.send(clientFrame(packet.substr(0, 5), Opcode::Binary, false));
    client.send(clientFrame("", Opcode::Ping));
    client.send(clientFrame(packet.substr(5), Opcode::Continuation, true));
    expects(serverFrame("", Opcode::Pong));
    expects(serverFrame(kAccepted));
}

TEST_F(WebSocket, AClientMaySendBeforeItWasAnswered) {
    client.send(webSocketRequest() + clientFrame(connectBytes("c") + kPing));
    const std::string got = client.receiveUntil(kPong, 5s);
    EXPECT_THAT(got, StartsWith("HTTP/1.1 101 "));
    EXPECT_THAT(got, HasSubstr(kAccepted));
}

TEST_F(WebSocket, ATextFrameCloses) {
    connect();
    client.send(clientFrame("text", Opcode::Text));
    expects(closeFrame(1003));
    EXPECT_TRUE(client.isClosedWithin(5s));
    EXPECT_TRUE(eventually(5s, [&] { return broker.gauges().sessions == 0; }));
}

TEST_F(WebSocket, ARemainingLengthOf5BytesCloses) {
    connect();
    client.send(clientFrame("\x30\xFF\xFF\xFF\xFF\x01"));
    expects(closeFrame(1000));  // MQTT is broken, not WebSocket
    EXPECT_TRUE(client.isClosedWithin(5s));
}

TEST_F(WebSocket, AnAnnouncedLengthIsNotAllocated) {
    connect();
    client.send(clientFrame("x", Opcode::Binary, true, 1ULL << 60));
    expects(closeFrame(1009));
    EXPECT_TRUE(client.isClosedWithin(5s));
}

TEST_F(WebSocket, AFrameThatIsNotMaskedCloses) {
    connect();
    client.send(serverFrame(kPing));
    expects(closeFrame(1002));
    EXPECT_TRUE(client.isClosedWithin(5s));
}

TEST_F(WebSocket, PingAndCloseAreAnswered) {
    connect();
    client.send(clientFrame("p", Opcode::Ping));
    expects(serverFrame("p", Opcode::Pong));
    client.send(clientFrame(std::string("\x03\xE8", 2), Opcode::Close));
    expects(closeFrame(1000));
    EXPECT_TRUE(client.isClosedWithin(5s));
    EXPECT_EQ(broker.counters().protocolErrors, 0u);
}

TEST_F(WebSocket, MqttsOwnDisconnectEndsItInOrder) {
    connect();
    client.send(clientFrame(std::string("\xE0\x00", 2)));
    expects(closeFrame(1000));
    EXPECT_TRUE(client.isClosedWithin(5s));
}

TEST_F(WebSocket, AClientThatSendsNoMoreIsGone) {
    connect();
    client.shutDownSending();
    EXPECT_TRUE(client.isClosedWithin(5s));
    EXPECT_TRUE(eventually(5s, [&] { return broker.gauges().sessions == 0; }));
}

TEST_F(WebSocket, AMissingSubProtocolIsRefused) {
    client.send(webSocketRequest("/mqtt", ""));
    EXPECT_THAT(client.receiveUntil("Sec-WebSocket-Protocol", 5s),
                StartsWith("HTTP/1.1 400 Bad Request"));
    EXPECT_TRUE(client.isClosedWithin(5s));
}

TEST_F(WebSocket, AnotherPathIsNotFound) {
    client.send(webSocketRequest("/chat"));
    const std::string answer = client.receiveUntil("the path is /mqtt", 5s);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 Not Found"));
    EXPECT_THAT(answer, HasSubstr("the path is /mqtt"));
    EXPECT_TRUE(client.isClosedWithin(5s));
}

TEST_F(WebSocket, PlainMqttAtThisPortIsClosedAtOnce) {
    client.send(connectBytes("c"));
    EXPECT_THAT(client.receive(100, 5s), StartsWith("HTTP/1.1 400 "));
    EXPECT_TRUE(client.isClosedWithin(5s));
}

TEST(WebSocketDeadline, EndsHandshakesThatStall) {
    LiveBroker broker(impatient(), webSocketListener());
    RawClient silent(broker.port()), half(broker.port()), upgraded(broker.port());
    half.send("GET /mqtt HTTP/1.1\r\nHost: x\r\n");
    upgraded.send(webSocketRequest());
    EXPECT_THAT(half.receive(1000, 10s), StartsWith("HTTP/1.1 408 "));
    EXPECT_TRUE(half.isClosedWithin(10s));
    EXPECT_TRUE(silent.isClosedWithin(10s));
    EXPECT_TRUE(upgraded.isClosedWithin(10s));
    EXPECT_EQ(broker.counters().connectTimeouts, 3u);
}

TEST(WebSocketDeadline, CountsFromAcceptHoweverBusyTheHandshakeLooks) {
    LiveBroker broker(impatient(), webSocketListener());
    RawClient client(broker.port());
    client.send("GET /mqtt HTTP/1.1\r\n");
    const bool isCut = eventually(10s, [&] {
        client.send("X: y\r\n");
        return broker.counters().connectTimeouts == 1;
    });
    EXPECT_TRUE(isCut);
}

TEST(WebSocketBounds, AFloodOfPingsWithoutReadingIsNotBuffered) {
    LiveBroker broker({}, webSocketListener());
    RawClient flood(broker.port());
    flood.send(webSocketRequest() + clientFrame(connectBytes("flood")));
    std::string pings;
    for (int i = 0; i < 1000; ++i) pings += clientFrame(std::string(125, 'x'), Opcode::Ping);
    // The broker stops reading, then the kernel's buffers are full, then nothing more is taken.
    const timeval patience{0, 200'000};
    flood.setSendTimeout(patience);
    std::size_t sent = 0;
    while (sent < 200 && flood.send(pings)) ++sent;
    EXPECT_LT(sent, 200u);
    RawClient good(broker.port());
    good.send(webSocketRequest() + clientFrame(connectBytes("good") + kPing));
    EXPECT_THAT(good.receiveUntil(kPong, 5s), HasSubstr(kPong));
}

TEST(WebSocketBounds, PingsCountAgainstTheRateOfBytes) {
    mqtt::BrokerLimits limits;
    limits.rate.bytesPerSecond = 10'000;
    LiveBroker broker(limits, webSocketListener());
    RawClient client(broker.port());
    client.send(webSocketRequest() + clientFrame(connectBytes("c")));
    client.receiveUntil(kAccepted, 5s);
    std::string pings;
    for (int i = 0; i < 100; ++i) pings += clientFrame(std::string(125, 'x'), Opcode::Ping);
    client.send(pings + clientFrame(kPing));
    EXPECT_TRUE(eventually(5s, [&] { return broker.counters().ratePauses == 1; }));
    EXPECT_THAT(client.receiveUntil(kPong, 10s), HasSubstr(kPong));
}

TEST(WebSocketBounds, ASlowConsumerIsBoundedAsOnTcp) {
    mqtt::BrokerLimits limits;
    limits.maxOutputBytes = 1u << 20;
    LiveBroker broker(limits, webSocketListener());
    RawClient slow(broker.port()), publisher(broker.port());
    slow.send(webSocketRequest() + clientFrame(connectBytes("slow") + subscribeBytes("a")));
    EXPECT_TRUE(eventually(5s, [&] { return broker.gauges().subscriptions == 1; }));
    publisher.send(webSocketRequest() + clientFrame(connectBytes("publisher")));
    publisher.receiveUntil(kAccepted, 5s);
    const std::string message = clientFrame(publishBytes("a", std::string(60'000, 'x')));
    for (int i = 0; i < 500 && broker.counters().droppedQos0 == 0; ++i) publisher.send(message);
    EXPECT_TRUE(eventually(5s, [&] { return broker.counters().droppedQos0 > 0; }));
    publisher.send(clientFrame(kPing));
    EXPECT_THAT(publisher.receiveUntil(kPong, 5s), HasSubstr(kPong));
}

/// CONNECT with a will, and a topic of 60 000 bytes under alias 1.
std::string connectAndAliasBytes() {
    mqtt::Connect connect;
    connect.version = mqtt::Version::V5;
    connect.clientId = "c";
    connect.will = mqtt::Will{"state/c", "gone", 0, false, {}};
    mqtt::Publish first{std::string(60'000, 't'), "x", 0, true, false, 0, {}};
    first.properties.topicAlias = 1;
    std::string bytes;
    for (const mqtt::Packet& packet : {mqtt::Packet(connect), mqtt::Packet(first)})
        encode(packet, mqtt::Version::V5, bytes);
    return bytes;
}

// The close frame came in one read with packets of which most wait for the store.
void expectCloseAfterPackets(bool saysGoodbye) {
    constexpr std::size_t kTimes = 200;
    ManualSessionStore store;
    LiveBroker live({}, webSocketListener());
    const auto onLoop = [&](auto task) { return live.callAt(store, task); };
    onLoop([&] { EXPECT_TRUE(live.broker().restore(store, store.now)); });
    RawClient client(live.port());
    client.send(webSocketRequest() + clientFrame(connectAndAliasBytes()));
    ASSERT_TRUE(eventually(5s, [&] { return live.counters().messagesReceived == 1; }));
    mqtt::Publish next{"", "y", 0, true, false, 0, {}};
    next.properties.topicAlias = 1;
    std::string rest;
    for (std::size_t i = 0; i < kTimes; ++i) encode(next, mqtt::Version::V5, rest);
    if (saysGoodbye) encode(mqtt::Disconnect{}, mqtt::Version::V5, rest);
    client.send(clientFrame(rest) + clientFrame("\x03\xE8", Opcode::Close));
    EXPECT_TRUE(eventually(5s, [&] { return live.counters().storePauses == 1; }));
    EXPECT_LT(live.counters().messagesReceived, kTimes);
    EXPECT_TRUE(eventually(10s, [&] {
        onLoop([&] { store.commits(); });
        return live.gauges().connections == 0;
    }));
    EXPECT_EQ(live.counters().messagesReceived, 1 + kTimes);
    EXPECT_EQ(live.counters().willsPublished, saysGoodbye ? 0U : 1U);
    onLoop([&] { store.setObserver(nullptr); });
}

TEST(WebSocketBounds, ACloseIsHeardAfterThePacketsBeforeItHoweverLongTheyWait) {
    expectCloseAfterPackets(false);
}

TEST(WebSocketBounds, AGoodbyeThatWaitsIsHeardBeforeTheCloseBehindIt) {
    expectCloseAfterPackets(true);
}

}  // namespace
