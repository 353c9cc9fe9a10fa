// What no well-behaved client does.
#include "test/support/eventually.hpp"
#include "test/support/live_broker.hpp"
#include "test/support/raw_client.hpp"
#include "test/support/resident_memory.hpp"

#include <random>

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::mqtt;
using muster::test::eventually;
using muster::test::LiveBroker;
using muster::test::RawClient;
using muster::test::residentKilobytes;

namespace {

std::string bytesOf(const Packet& packet) {
    std::string bytes;
    encode(packet, Version::V311, bytes);
    return bytes;
}

std::string connectBytes(std::string id) {
    Connect packet;
    packet.version = Version::V311;
    packet.clientId = std::move(id);
    packet.keepAlive = 60;
    return bytesOf(packet);
}

const std::string kAccepted("\x20\x02\x00\x00", 4);

bool isServed(LiveBroker& broker) {
    RawClient client(broker.port());
    client.send(connectBytes("good") + bytesOf(Pingreq{}));
    return client.receive(6, 5s) == kAccepted + std::string("\xD0\x00", 2);
}

TEST(RawSockets, PacketsMayComeByteByByte) {
    LiveBroker broker;
    RawClient client(broker.port());
    for (const char byte : connectBytes("slow") + bytesOf(Pingreq{}))
        ASSERT_TRUE(client.send({&byte, 1}));
    EXPECT_EQ(client.receive(6, 5s), kAccepted + std::string("\xD0\x00", 2));
}

TEST(RawSockets, ManyPacketsMayComeAtOnce) {
    LiveBroker broker;
    RawClient client(broker.port());
    std::string bytes = connectBytes("eager");
    for (int i = 0; i < 1000; ++i) bytes += bytesOf(Pingreq{});
    client.send(bytes);
    EXPECT_EQ(client.receive(4 + 2000, 5s).size(), 2004u);
}

TEST(RawSockets, GarbageIsClosedWithoutAnAnswer) {
    LiveBroker broker;
    for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(64, '\0'),
                                     std::string(64, '\xFF'), bytesOf(Pingreq{})}) {
        RawClient client(broker.port());
        client.send(bytes);
        EXPECT_EQ(client.receive(1, 5s), "");
        EXPECT_TRUE(client.isClosedWithin(5s));
    }
    EXPECT_TRUE(isServed(broker));
}

TEST(RawSockets, RandomBytesHarmNobodyElse) {
    LiveBroker broker;
    std::mt19937 random(1);
    for (int i = 0; i < 200; ++i) {
        RawClient client(broker.port());
        std::string bytes = i % 2 == 0 ? connectBytes("fuzz") : "";
        for (int k = 0; k < 200; ++k) bytes.push_back(static_cast<char>(random()));
        client.send(bytes);
    }
    EXPECT_TRUE(isServed(broker));
    EXPECT_TRUE(eventually(10s, [&] { return broker.gauges().connections == 0; }));
}

TEST(RawSockets, AnAnnouncedLengthOf268MillionTakesNoMemory) {
    LiveBroker broker;
    const long before = residentKilobytes();
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<RawClient>(broker.port()));
        clients.back()->send(connectBytes("big" + std::to_string(i)));
        clients.back()->receive(4, 5s);
        clients.back()->send("\x30\xFF\xFF\xFF\x7F");
    }
    for (auto& client : clients) EXPECT_TRUE(client->isClosedWithin(5s));
    EXPECT_LT(residentKilobytes() - before, 20'000);
    RawClient first(broker.port());
    first.send("\x10\xFF\xFF\xFF\x7F");
    EXPECT_TRUE(first.isClosedWithin(5s));
}

TEST(RawSockets, ThousandsOfSilentConnectionsDoNotKeepAGoodOneWaiting) {
    LiveBroker broker({}, nullptr, 2000);
    std::vector<std::unique_ptr<RawClient>> silent;
    for (int i = 0; i < 400; ++i) {
        silent.push_back(std::make_unique<RawClient>(broker.port()));
        if (i % 2 == 0) silent.back()->send("\x10\x20\x00");
    }
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(isServed(broker));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
}

TEST(RawSockets, AConnectionWithoutConnectIsClosedAtItsDeadline) {
    BrokerLimits limits;
    limits.connectDeadline = 1s;
    LiveBroker broker(limits);
    RawClient silent(broker.port()), half(broker.port());
    half.send(connectBytes("half").substr(0, 5));
    EXPECT_TRUE(silent.isClosedWithin(5s));
    EXPECT_TRUE(half.isClosedWithin(5s));
    EXPECT_EQ(broker.counters().connectTimeouts, 2u);
}

TEST(RawSockets, ConnectionsAboveTheCapAreClosedAndCounted) {
    LiveBroker broker({}, nullptr, 3);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(std::make_unique<RawClient>(broker.port()));
        clients.back()->send(connectBytes(std::to_string(i)));
        EXPECT_EQ(clients.back()->receive(4, 5s), kAccepted);
    }
    RawClient extra(broker.port());
    EXPECT_TRUE(extra.isClosedWithin(5s));
    EXPECT_EQ(broker.counters().connectionsRefused, 1u);
    clients.pop_back();
    EXPECT_TRUE(eventually(5s, [&] { return isServed(broker); }));
}

TEST(RawSockets, WhoWasTurnedAwayAndDoesNotHangUpKeepsNobodyOut) {
    LiveBroker broker({}, nullptr, 3);
    std::vector<std::unique_ptr<RawClient>> rude;
    for (int i = 0; i < 3; ++i) {
        rude.push_back(std::make_unique<RawClient>(broker.port()));
        rude.back()->send("GET / HTTP/1.1\r\n\r\n");
        ASSERT_TRUE(rude.back()->isClosedWithin(5s));  // the broker's end; ours stays open
    }
    EXPECT_TRUE(isServed(broker));
    EXPECT_EQ(broker.counters().connectionsRefused, 0u);
}

TEST(RawSockets, AReaderThatDoesNotReadCostsABoundedQueueAndDelaysNobody) {
    BrokerLimits limits;
    limits.maxOutputBytes = 1 << 20;
    LiveBroker broker(limits);
    RawClient sleeper(broker.port()), publisher(broker.port());
    Subscribe subscribe;
    subscribe.packetId = 1;
    subscribe.subscriptions.push_back({"a"});
    sleeper.send(connectBytes("sleeper") + bytesOf(subscribe));
    sleeper.receive(9, 5s);
    publisher.send(connectBytes("publisher"));
    publisher.receive(4, 5s);
    Publish message;
    message.topic = "a";
    message.payload = std::string(10'000, 'x');
    for (int i = 0; i < 2000; ++i) ASSERT_TRUE(publisher.send(bytesOf(message)));
    publisher.send(bytesOf(Pingreq{}));
    EXPECT_EQ(publisher.receive(2, 10s).size(), 2u);
    EXPECT_GT(broker.counters().droppedQos0, 0u);
    EXPECT_TRUE(isServed(broker));
}

struct Recorder final : LinkObserver {
    std::atomic<int> opened{0}, messages{0}, closed{0};
    void onOpen(Link&) override { ++opened; }
    void onMessage(Link& link, std::string_view topic, std::string_view payload) override {
        ++messages;
        if (payload == "kick") return link.close("kicked");
        (void)link.send(topic, payload);  // the test reads what arrives
    }
    void onClose(Link&, std::string_view) override { ++closed; }
};

TEST(RawSockets, AForeignLinkIsServedAndKicked) {
    Recorder recorder;
    LiveBroker broker({}, &recorder);
    RawClient client(broker.port());
    Connect connect;
    connect.version = Version::V311;
    connect.clientId = "MQTT_ADMIN_1";
    client.send(bytesOf(connect));
    EXPECT_EQ(client.receive(4, 5s), kAccepted);
    Publish message;
    message.topic = "register";
    message.payload = "{}";
    client.send(bytesOf(message));
    EXPECT_EQ(client.receive(bytesOf(message).size(), 5s), bytesOf(message));
    message.payload = "kick";
    client.send(bytesOf(message));
    EXPECT_EQ(client.receive(2, 5s), std::string("\xE0\x00", 2));
    EXPECT_TRUE(client.isClosedWithin(5s));
    EXPECT_TRUE(eventually(5s, [&] { return recorder.closed == 1; }));
    EXPECT_EQ(recorder.opened, 1);
}

// Between PUBACK and the next PUBLISH, Nagle's algorithm in the client waits for TCP's
// acknowledgement, which the kernel delays by 40 ms unless it is asked not to.
TEST(RawSockets, AClientWithNaglesAlgorithmWaitsForNoDelayedAcknowledgement) {
    constexpr int kRounds = 25;  // 1 s of delays, were there any
    LiveBroker broker;
    RawClient client(broker.port());
    Subscribe subscribe;
    subscribe.packetId = 1;
    subscribe.subscriptions.push_back({"t", 1});
    client.send(connectBytes("nagle") + bytesOf(subscribe));
    client.receive(9, 5s);
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint16_t i = 1; i <= kRounds; ++i) {
        const std::string publish = bytesOf(Publish{"t", "x", 1, false, false, i, {}});
        client.send(publish);
        ASSERT_EQ(client.receive(publish.size() + 4, 5s).size(), publish.size() + 4);
        client.send(bytesOf(Puback{i, ReasonCode::Success, {}}));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 500ms);
}

}  // namespace
