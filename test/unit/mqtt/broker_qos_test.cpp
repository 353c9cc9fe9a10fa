#include "test/support/scripted_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ScriptedClient;

namespace {

Puback puback(std::uint16_t id, ReasonCode code = ReasonCode::Success) {
    return {id, code, {}};
}
Pubrec pubrec(std::uint16_t id, ReasonCode code = ReasonCode::Success) {
    return {id, code, {}};
}
Pubrel pubrel(std::uint16_t id) {
    return {id, ReasonCode::Success, {}};
}
Pubcomp pubcomp(std::uint16_t id) {
    return {id, ReasonCode::Success, {}};
}

Publish qos2(std::uint16_t id, bool dup = false) {
    Publish packet;
    packet.topic = "a";
    packet.payload = "x";
    packet.qos = 2;
    packet.packetId = id;
    packet.dup = dup;
    return packet;
}

struct Pair : ::testing::TestWithParam<Version> {
    BrokerWorld world;
    ScriptedClient publisher{world, GetParam()};
    ScriptedClient subscriber{world, GetParam()};
    void SetUp() override {
        publisher.connects("publisher");
        subscriber.connects("subscriber");
    }
};
using BrokerQos = Pair;

INSTANTIATE_TEST_SUITE_P(AllVersions, BrokerQos,
                         ::testing::Values(Version::V31, Version::V311, Version::V5),
                         test::versionName);

TEST_P(BrokerQos, DeliversQos0Once) {
    subscriber.subscribes("a", 0);
    publisher.publishes("a", "x", 0);
    const Publish message = subscriber.expectsMessage("a", "x");
    EXPECT_EQ(message.qos, 0);
    subscriber.expectsNothing();
    publisher.expectsNothing();
}

TEST_P(BrokerQos, AcknowledgesQos1AndDeliversWithAnIdOfItsOwn) {
    subscriber.subscribes("a", 1);
    publisher.publishes("a", "x", 1);
    EXPECT_EQ(publisher.expects<Puback>().packetId, 1);
    const Publish message = subscriber.expectsMessage("a", "x");
    EXPECT_EQ(message.qos, 1);
    EXPECT_NE(message.packetId, 0);
    EXPECT_FALSE(message.dup);
    subscriber.sends(puback(message.packetId));
    subscriber.expectsNothing();
}

TEST_P(BrokerQos, RunsTheWholeQos2ExchangeBothWays) {
    subscriber.subscribes("a", 2);
    publisher.sends(qos2(7));
    EXPECT_EQ(publisher.expects<Pubrec>().packetId, 7);
    publisher.sends(pubrel(7));
    EXPECT_EQ(publisher.expects<Pubcomp>().packetId, 7);
    const Publish message = subscriber.expectsMessage("a", "x");
    subscriber.sends(pubrec(message.packetId));
    EXPECT_EQ(subscriber.expects<Pubrel>().packetId, message.packetId);
    subscriber.sends(pubcomp(message.packetId));
    subscriber.expectsNothing();
}

TEST_P(BrokerQos, DeliversAtTheLowerOfPublishedAndGranted) {
    subscriber.subscribes("a", 1);
    publisher.sends(qos2(1));
    EXPECT_EQ(subscriber.expectsMessage("a", "x").qos, 1);
    publisher.publishes("a", "y", 0);
    EXPECT_EQ(subscriber.expectsMessage("a", "y").qos, 0);
}

TEST_P(BrokerQos, DeliversARepeatedQos2MessageOnce) {
    subscriber.subscribes("a", 0);
    publisher.sends(qos2(9));
    publisher.sends(qos2(9, true));
    EXPECT_EQ(publisher.expects<Pubrec>().packetId, 9);
    EXPECT_EQ(publisher.expects<Pubrec>().packetId, 9);
    subscriber.expectsMessage("a", "x");
    subscriber.expectsNothing();
}

TEST_P(BrokerQos, TakesAQos2IdAsNewAfterItsRelease) {
    subscriber.subscribes("a", 0);
    for (int i = 0; i < 2; ++i) {
        publisher.sends(qos2(9));
        publisher.expects<Pubrec>();
        publisher.sends(pubrel(9));
        publisher.expects<Pubcomp>();
        subscriber.expectsMessage("a", "x");
    }
}

TEST_P(BrokerQos, CompletesAReleaseOfAnUnknownId) {
    publisher.sends(pubrel(77));
    EXPECT_EQ(publisher.expects<Pubcomp>().packetId, 77);
}

TEST_P(BrokerQos, IgnoresAcknowledgementsOfNothing) {
    subscriber.sends(puback(5));
    subscriber.sends(pubcomp(6));
    subscriber.expectsNothing();
    EXPECT_FALSE(subscriber.isClosed());
}

TEST_P(BrokerQos, KeepsTheOrderOfOnePublisher) {
    subscriber.subscribes("#", 2);
    for (int i = 0; i < 50; ++i) publisher.publishes("a", std::to_string(i), i % 3);
    std::vector<int> last(3, -1);
    for (int i = 0; i < 50; ++i) {
        const Publish message = subscriber.expects<Publish>();
        EXPECT_GT(std::stoi(message.payload), last[message.qos]);
        last[message.qos] = std::stoi(message.payload);
    }
}

TEST_P(BrokerQos, AnswersPing) {
    publisher.sends(Pingreq{});
    publisher.expects<Pingresp>();
}

TEST_P(BrokerQos, GivesPacketIdsThatAreUniqueWhileUnacknowledged) {
    subscriber.subscribes("a", 1);
    std::set<std::uint16_t> ids;
    for (int i = 0; i < 200; ++i) publisher.publishes("a", "x", 1);
    for (int i = 0; i < 200; ++i) ids.insert(subscriber.expects<Publish>().packetId);
    EXPECT_EQ(ids.size(), 200u);
    EXPECT_EQ(ids.count(0), 0u);
}

TEST(BrokerFlow, NeverSendsMoreThanTheClientsReceiveMaximum) {
    BrokerWorld world;
    ScriptedClient publisher(world), subscriber(world);
    publisher.connects("p");
    Connect connect = subscriber.connectPacket("s");
    connect.properties.receiveMaximum = 2;
    subscriber.connects(connect);
    subscriber.subscribes("a", 1);
    for (int i = 0; i < 5; ++i) publisher.publishes("a", std::to_string(i), 1);
    publisher.publishes("a", "qos 0", 0);
    const Publish first = subscriber.expectsMessage("a", "0");
    subscriber.expectsMessage("a", "1");
    subscriber.expectsMessage("a", "qos 0");  // flows on (4.9.0-3)
    subscriber.expectsNothing();
    subscriber.sends(puback(first.packetId));
    subscriber.expectsMessage("a", "2");
    subscriber.expectsNothing();
}

TEST(BrokerFlow, ARefusingPubrecEndsTheExchange) {
    BrokerWorld world;
    ScriptedClient publisher(world), subscriber(world);
    publisher.connects("p");
    Connect connect = subscriber.connectPacket("s");
    connect.properties.receiveMaximum = 1;
    subscriber.connects(connect);
    subscriber.subscribes("a", 2);
    publisher.publishes("a", "1", 2);
    publisher.publishes("a", "2", 2);
    const Publish first = subscriber.expectsMessage("a", "1");
    subscriber.sends(pubrec(first.packetId, ReasonCode::QuotaExceeded));
    subscriber.expectsMessage("a", "2");  // no PUBREL, and the quota is back
}

TEST(BrokerFlow, DisconnectsAClientAboveTheServersReceiveMaximum) {
    BrokerLimits limits;
    limits.receiveMaximum = 3;
    BrokerWorld world(limits);
    ScriptedClient publisher(world);
    EXPECT_EQ(publisher.connects("p").properties.receiveMaximum, 3);
    for (std::uint16_t id = 1; id <= 4; ++id) publisher.sends(qos2(id));
    for (int i = 0; i < 3; ++i) publisher.expects<Pubrec>();
    publisher.expectsDisconnect(ReasonCode::ReceiveMaximumExceeded);
}

TEST(BrokerFlow, SkipsPacketsAboveTheClientsMaximumSize) {
    BrokerWorld world;
    ScriptedClient publisher(world), subscriber(world);
    publisher.connects("p");
    Connect connect = subscriber.connectPacket("s");
    connect.properties.maximumPacketSize = 40;
    connect.properties.receiveMaximum = 1;
    subscriber.connects(connect);
    subscriber.subscribes("a", 1);
    for (const int qos : {0, 1}) publisher.publishes("a", std::string(100, 'x'), qos);
    publisher.publishes("a", "small", 1);
    subscriber.expectsMessage("a", "small");
    subscriber.expectsNothing();
    EXPECT_EQ(world.broker.counters().droppedTooLarge, 2u);
}

TEST(BrokerFlow, RefusesAClientThatTakesNoConnack) {
    BrokerWorld world;
    ScriptedClient small(world), tiny(world);
    Connect connect = small.connectPacket("s");
    connect.properties.maximumPacketSize = 5;  // a refusal is as large
    small.sends(connect);
    EXPECT_EQ(small.expects<Connack>().code, static_cast<int>(ReasonCode::PacketTooLarge));
    small.expectsClosed();
    connect.properties.maximumPacketSize = 4;
    tiny.sends(connect);
    tiny.expectsClosed();
}

TEST(BrokerFlow, SendsAwayWhoAsksForMoreCodesThanItTakes) {
    BrokerWorld world;
    ScriptedClient client(world);
    Connect connect = client.connectPacket("s");
    connect.properties.maximumPacketSize = 30;
    client.connects(connect);
    Subscribe subscribe;
    subscribe.packetId = 1;
    for (int i = 0; i < 30; ++i) subscribe.subscriptions.push_back({std::to_string(i)});
    client.sends(subscribe);
    client.expectsDisconnect(ReasonCode::PacketTooLarge);
}

TEST(BrokerFlow, TellsAVersion5PublisherThatNobodyListens) {
    BrokerWorld world;
    ScriptedClient publisher(world);
    publisher.connects("p");
    publisher.publishes("a", "x", 1);
    EXPECT_EQ(publisher.expects<Puback>().code, ReasonCode::NoMatchingSubscribers);
}

TEST(BrokerFlow, PassesPropertiesOnUnaltered) {
    BrokerWorld world;
    ScriptedClient publisher(world), subscriber(world);
    publisher.connects("p");
    subscriber.connects("s");
    subscriber.subscribes("a", 1);
    Publish packet;
    packet.topic = "a";
    packet.properties.payloadFormat = 1;
    packet.properties.contentType = "text/plain";
    packet.properties.responseTopic = "reply/x";
    packet.properties.correlationData = std::string("\0\1", 2);
    packet.properties.userProperties = {{"k", "1"}, {"k", "2"}, {"a", ""}};
    publisher.sends(packet);
    EXPECT_EQ(subscriber.expects<Publish>().properties, packet.properties);
}

TEST(BrokerFlow, ResolvesTopicAliasesOfAConnection) {
    BrokerWorld world;
    ScriptedClient publisher(world), subscriber(world);
    publisher.connects("p");
    subscriber.connects("s");
    subscriber.subscribes("#", 0);
    Publish packet;
    packet.topic = "long/topic";
    packet.properties.topicAlias = 3;
    publisher.sends(packet);
    packet.topic.clear();
    packet.payload = "again";
    publisher.sends(packet);
    subscriber.expectsMessage("long/topic", "");
    EXPECT_FALSE(subscriber.expectsMessage("long/topic", "again").properties.topicAlias);
}

TEST(BrokerFlow, RefusesTopicAliasesThatAreUnknownOrOutOfRange) {
    for (const int alias : {3, 17, 65535}) {
        BrokerWorld world;
        ScriptedClient publisher(world);
        publisher.connects("p");
        Publish packet;
        packet.properties.topicAlias = static_cast<std::uint16_t>(alias);
        publisher.sends(packet);
        publisher.expectsDisconnect(alias == 3 ? ReasonCode::ProtocolError
                                               : ReasonCode::TopicAliasInvalid);
    }
}

TEST(BrokerFlow, SharesLargePayloadsBetweenReceivers) {
    BrokerWorld world;
    ScriptedClient publisher(world), one(world), two(world);
    publisher.connects("p");
    one.connects("one");
    two.connects("two");
    one.subscribes("a", 0);
    two.subscribes("a", 1);
    const std::string payload(100'000, 'x');
    publisher.publishes("a", payload, 1);
    publisher.publishes("a", "end", 1);
    for (ScriptedClient* client : {&one, &two}) {
        client->expectsMessage("a", payload);
        client->expectsMessage("a", "end");
    }
}

// A client with Nagle's algorithm waits for TCP's acknowledgement of what is not answered.
TEST(BrokerQos, WantsAQuickAckOnlyForAcknowledgementsThatGetNoAnswer) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects("c");
    client.publishes("nobody/reads", "it");  // no acknowledgement
    EXPECT_FALSE(client.connection().takeQuickAck());
    client.sends(Puback{1, ReasonCode::Success, {}});
    EXPECT_TRUE(client.connection().takeQuickAck());
    client.sends(Pubrel{1, ReasonCode::Success, {}});  // is answered
    EXPECT_FALSE(client.connection().takeQuickAck());
}

// It costs a system call and a packet for each: not for who only listens.
TEST(BrokerQos, WantsNoQuickAckForWhoDoesNotPublish) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects("c");
    const auto quickAcks = [&] {
        int count = 0;
        for (int i = 0; i < 100; ++i) {
            client.sends(Puback{1, ReasonCode::Success, {}});
            if (client.connection().takeQuickAck()) ++count;
        }
        return count;
    };
    EXPECT_LT(quickAcks(), 10);
    EXPECT_EQ(quickAcks(), 0);
    client.publishes("a", "1");
    EXPECT_GT(quickAcks(), 1);
    EXPECT_EQ(quickAcks(), 0);
}

TEST(BrokerInFlight, IsBoundedInBytesToo) {
    BrokerLimits limits;
    limits.maxQueuedBytes = 10'000;
    BrokerWorld world{limits};
    ScriptedClient client{world}, publisher{world};
    client.connects("c");
    client.subscribes("a", 1);
    publisher.connects("p");
    for (int i = 0; i < 6; ++i) publisher.publishes("a", std::string(3'000, 'x'), 1);
    EXPECT_EQ(client.received(), 3u);  // the others wait
    EXPECT_GE(world.broker.gauges().queuedBytes, 18'000u);
    for (int i = 0; i < 6; ++i) {
        const auto id = client.expects<Publish>().packetId;
        client.sends(Puback{id, ReasonCode::Success, {}});
    }
    client.expectsNothing();
    EXPECT_EQ(world.broker.gauges().queuedBytes, 0u);
    publisher.publishes("a", std::string(20'000, 'x'), 1);  // one is always let through
    EXPECT_EQ(client.received(), 1u);
}

}  // namespace
