// mqtt.md 1.6: what only 5.0 has in PUBLISH.
#include "test/acceptance/acceptance.hpp"
#include "test/support/eventually.hpp"
#include "test/support/hex.hpp"
#include "test/support/mqtt_bytes.hpp"

#include <algorithm>
#include <map>

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct Publishing5 : Acceptance {
    void leavesASession(const std::string& id, int qos) {
        LiveClient one = client();
        one.connects(one.lastingPacket(id));
        one.subscribes("t", qos);
        one.vanishes();
        ASSERT_TRUE(eventually(10s, [&] { return broker().gauges().connections == 0; }));
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, Publishing5, v5Ways(), wayName);

TEST_P(Publishing5, TheIdsOfAllMatchingSubscriptionsAreSent) {
    LiveClient reader = connected("reader");
    reader.subscribes(Subscription{"a/+"}, 1);
    reader.subscribes(Subscription{"a/b"}, 268'435'455);
    reader.subscribes(Subscription{"other"}, 3);
    reader.subscribes(Subscription{"#"});
    connected("writer").publishes("a/b", "x");
    auto ids = reader.expectsMessage("a/b", "x").properties.subscriptionIdentifiers;
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(ids, (std::vector<std::uint32_t>{1, 268'435'455}));
}

TEST_P(Publishing5, PropertiesArriveUnalteredAndInOrder) {
    LiveClient reader = subscribed("reader", "t", 2);
    LiveClient writer = connected("writer");
    for (int qos = 0; qos <= 2; ++qos) {
        Publish message = writer.messageOf("t", "x", qos);
        message.properties.payloadFormat = 1;
        message.properties.contentType = "text/plain";
        message.properties.responseTopic = "answer/here";
        message.properties.correlationData = std::string("\0\x01\xFF", 3);
        message.properties.userProperties = {{"b", "1"}, {"a", ""}, {"b", "2"}, {"", "x"}};
        writer.publishes(message);
        EXPECT_EQ(reader.receives("t", "x").properties, message.properties);
    }
}

TEST_P(Publishing5, WhatNoClientMaySendCloses) {
    std::vector<Properties> wrong(4);
    wrong[0].payloadFormat = 2;
    wrong[1].responseTopic = "answer/#";
    wrong[2].responseTopic = "+";
    wrong[3].subscriptionIdentifiers = {1};
    for (const Properties& properties : wrong) {
        LiveClient one = connected("a");
        Publish message = publishOf("t", "x");
        message.properties = properties;
        one.sends(message);
        one.expectsRefusal(ReasonCode::ProtocolError);
    }
}

TEST_P(Publishing5, APubrecThatRefusesEndsTheExchange) {
    limits.receiveMaximum = 1;
    broker().access.publishRule = [](const auto&, std::string_view topic) { return topic != "no"; };
    LiveClient writer = connected("writer");
    for (int i = 0; i < 3; ++i) {  // each would be one too many, were one before it open
        writer.sends(publishOf("no", "x", 2, static_cast<std::uint16_t>(i + 1)));
        EXPECT_EQ(writer.expects<Pubrec>().code, ReasonCode::NotAuthorized);
    }
    writer.expectsNothing();
}

TEST_P(Publishing5, ExpiryDropsFromTheQueueAndSendsTheTimeThatIsLeft) {
    leavesASession("a", 1);
    LiveClient writer = connected("writer");
    Publish message = writer.messageOf("t", "short", 1);
    message.properties.messageExpiry = 10;
    writer.publishes(message);
    message = writer.messageOf("t", "long", 1);
    message.properties.messageExpiry = 1000;
    writer.publishes(message);
    later(100s);
    LiveClient back = client();
    back.connects(back.lastingPacket("a"));
    const auto left = back.receives("t", "long").properties.messageExpiry;
    ASSERT_TRUE(left);
    EXPECT_LE(*left, 900u);
    EXPECT_GE(*left, 880u);
    back.expectsNothing();
    EXPECT_EQ(broker().counters().droppedExpired, 1u);
}

TEST_P(Publishing5, ExpiryNeverBreaksAnExchangeThatHasBegun) {
    LiveClient one = client();
    one.connects(one.lastingPacket("a"));
    one.subscribes("t", 2);
    LiveClient writer = connected("writer");
    for (const char* payload : {"received", "unacknowledged"}) {
        Publish message = writer.messageOf("t", payload, 2);
        message.properties.messageExpiry = 10;
        writer.publishes(message);
    }
    const Publish first = one.expectsMessage("t", "received");
    one.expectsMessage("t", "unacknowledged");
    one.sends(ackOf<Pubrec>(first.packetId));
    one.expects<Pubrel>();
    one.vanishes();
    later(100s);
    LiveClient back = client();
    back.connects(back.lastingPacket("a"));
    EXPECT_EQ(back.expects<Pubrel>().packetId, first.packetId);
    back.sends(ackOf<Pubcomp>(first.packetId));
    back.receives("t", "unacknowledged");
    back.expectsNothing();
}

TEST_P(Publishing5, AnAliasStandsForItsTopicOnItsConnectionOnly) {
    LiveClient reader = subscribed("reader", "#");
    LiveClient writer = connected("writer");
    const auto send = [&](LiveClient& from, const char* topic, const char* payload, int alias) {
        Publish message = publishOf(topic, payload);
        message.properties.topicAlias = static_cast<std::uint16_t>(alias);
        from.sends(message);
    };
    send(writer, "a", "1", 1);
    send(writer, "", "2", 1);
    send(writer, "b", "3", 1);
    send(writer, "", "4", 1);
    const Publish first = reader.expectsMessage("a", "1");
    EXPECT_FALSE(first.properties.topicAlias);  // the reader announced no maximum
    reader.expectsMessage("a", "2");
    reader.expectsMessage("b", "3");
    reader.expectsMessage("b", "4");
    LiveClient other = connected("other");
    send(other, "", "unknown there", 1);
    other.expectsRefusal(ReasonCode::ProtocolError);
    reader.expectsNothing();
}

TEST_P(Publishing5, TheBrokersAliasesKeepToTheClientsMaximum) {
    LiveClient reader = client();
    Connect packet = reader.connectPacket("reader");
    packet.properties.topicAliasMaximum = 2;
    reader.connects(packet);
    reader.subscribes("topic/#", 1);
    LiveClient writer = connected("writer");
    std::map<std::uint16_t, std::string> known;
    for (int i = 0; i < 9; ++i) {
        const std::string topic = "topic/" + std::string(3, "abc"[i % 3]);
        writer.publishes(topic, "x", i % 2);
        const auto message = reader.expects<Publish>();
        reader.acknowledges(message);
        const std::uint16_t alias = message.properties.topicAlias.value_or(0);
        EXPECT_LE(alias, 2);
        if (!message.topic.empty() && alias != 0) known[alias] = message.topic;
        EXPECT_EQ(message.topic.empty() ? known[alias] : message.topic, topic);
        EXPECT_EQ(message.topic.empty(), i >= 3 && i % 3 < 2);  // the first two have one
    }
    EXPECT_EQ(known.size(), 2u);
}

TEST_P(Publishing5, AShortTopicHasAnAliasFromItsFirstMessageOn) {
    LiveClient reader = client();
    Connect packet = reader.connectPacket("reader");
    packet.properties.topicAliasMaximum = 1;
    reader.connects(packet);
    reader.subscribes("TopicA", 2);
    LiveClient writer = connected("writer");
    for (int qos = 0; qos <= 2; ++qos) {
        writer.publishes("TopicA", "x", qos);
        const Publish message = reader.receives(qos == 0 ? "TopicA" : "", "x");
        EXPECT_EQ(message.properties.topicAlias, 1);
    }
}

TEST_P(Publishing5, ANewAliasMakesNoMessageTooLargeForTheClient) {
    LiveClient reader = client();
    Connect packet = reader.connectPacket("reader");
    packet.properties.topicAliasMaximum = 5;
    packet.properties.maximumPacketSize = 100;
    reader.connects(packet);
    reader.subscribes("some/topic", 1);
    LiveClient writer = connected("writer");
    for (const std::size_t qos : {0U, 1U}) {
        const std::size_t head = 2 + 12 + 2 * qos + 1;  // fixed header, topic, id, properties
        const std::string largest(100 - head, 'x');
        writer.publishes("some/topic", largest, static_cast<int>(qos));
        const Publish message = reader.receives("some/topic", largest);
        EXPECT_FALSE(message.properties.topicAlias);
    }
}

TEST_P(Publishing5, Alias0Closes) {
    LiveClient one = connected("a");
    one.sendsBytes(mqttPacket(0x30, hex("0001 't' 03 23 0000 'x'")));
    one.expectsRefusal(ReasonCode::TopicAliasInvalid);
}

}  // namespace
