// mqtt.md 1.6: PUBLISH and QoS.
#include "test/acceptance/acceptance.hpp"
#include "test/support/hex.hpp"
#include "test/support/mqtt_bytes.hpp"

#include <algorithm>

using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct Publishing : Acceptance {
    std::string noProperties() const { return isV5() ? std::string(1, '\0') : ""; }
};
INSTANTIATE_TEST_SUITE_P(Ways, Publishing, tcpWays(), wayName);
struct StrictPublishing : Publishing {};
INSTANTIATE_TEST_SUITE_P(Ways, StrictPublishing, strictWays(), wayName);

TEST_P(Publishing, Qos3Closes) {
    LiveClient one = connected("a");
    one.sendsBytes(mqttPacket(0x36, mqttText("t") + hex("0001") + noProperties()));
    one.expectsRefusal(ReasonCode::MalformedPacket);
}

TEST_P(StrictPublishing, DupWithQos0Closes) {
    LiveClient one = connected("a");
    one.sendsBytes(mqttPacket(0x38, mqttText("t") + noProperties()));
    one.expectsRefusal(ReasonCode::MalformedPacket);
}

TEST_P(Publishing, DupOfADeliveryIsNotThatOfThePublish) {
    LiveClient reader = subscribed("reader", "t", 2);
    LiveClient writer = connected("writer");
    for (const int qos : {1, 2}) {
        Publish message = publishOf("t", "x", qos, 9);
        message.dup = true;
        writer.publishes(message);
        EXPECT_FALSE(reader.receives("t", "x").dup);
    }
}

TEST_P(Publishing, AnEmptyTopicCloses) {
    LiveClient one = connected("a");
    one.sends(publishOf("", "x"));
    one.expectsRefusal(ReasonCode::ProtocolError);
}

TEST_P(Publishing, ATopicWithWildcardsCloses) {
    for (const char* topic : {"#", "+", "a/#", "a/+/b", "a+", "#a"}) {
        for (const bool hasProperties : {false, true}) {
            LiveClient one = connected("a");
            Publish message = publishOf(topic, "x", 1, 1);
            if (hasProperties) message.properties.contentType = "text/plain";
            one.sends(message);
            one.expectsRefusal(ReasonCode::MalformedPacket);
        }
    }
}

TEST_P(Publishing, ADeliveryHasTheLowerOfPublishedAndGrantedQos) {
    for (int granted = 0; granted <= 2; ++granted) {
        LiveClient reader = subscribed("reader", "t", granted);
        LiveClient writer = connected("writer");
        for (int published = 0; published <= 2; ++published) {
            writer.publishes("t", "x", published);
            EXPECT_EQ(reader.receives("t", "x").qos, std::min(granted, published));
        }
    }
}

TEST_P(Publishing, OverlappingSubscriptionsGiveTheHighestQos) {
    LiveClient reader = connected("reader");
    reader.subscribes("a/+", 0);
    reader.subscribes("a/b", 2);
    reader.subscribes("#", 1);
    connected("writer").publishes("a/b", "x", 2);
    EXPECT_EQ(reader.receives("a/b", "x").qos, 2);
    reader.expectsNothing();
}

TEST_P(Publishing, Qos1IsAcknowledgedOnceItIsOwned) {
    LiveClient reader = subscribed("reader", "t", 1);
    LiveClient writer = connected("writer");
    writer.sends(publishOf("t", "x", 1, 5));
    EXPECT_EQ(writer.expects<Puback>().packetId, 5);
    reader.receives("t", "x");
    writer.sends(publishOf("t", "x", 1, 5));  // the id is new again
    EXPECT_EQ(writer.expects<Puback>().packetId, 5);
    reader.receives("t", "x");
}

TEST_P(Publishing, Qos2IsDeliveredOnceUntilItsRelease) {
    LiveClient reader = subscribed("reader", "t");
    LiveClient writer = connected("writer");
    for (int i = 0; i < 3; ++i) {
        Publish message = publishOf("t", "x", 2, 5);
        message.dup = i > 0;
        writer.sends(message);
        EXPECT_EQ(writer.expects<Pubrec>().packetId, 5);
    }
    reader.receives("t", "x");
    reader.expectsNothing();
    writer.sends(ackOf<Pubrel>(5));
    EXPECT_EQ(writer.expects<Pubcomp>().packetId, 5);
    writer.publishes(publishOf("t", "new", 2, 5));
    reader.receives("t", "new");
}

TEST_P(Publishing, PubrelIsAlwaysAnswered) {
    LiveClient one = connected("a");
    for (int i = 0; i < 2; ++i) {
        one.sends(ackOf<Pubrel>(77));
        const auto answer = one.expects<Pubcomp>();
        EXPECT_EQ(answer.packetId, 77);
        if (isV5()) {
            EXPECT_EQ(answer.code, ReasonCode::PacketIdentifierNotFound);
        }
    }
}

TEST_P(Publishing, AnAcknowledgementThatHasNoPlaceInItsExchangeCloses) {
    const auto expectClose = [this](int qos, bool isReceived, auto wrong) {
        LiveClient reader = subscribed("reader", "t", 2);
        connected("writer").publishes("t", "x", qos);
        wrong.packetId = reader.expectsMessage("t", "x").packetId;
        if (isReceived) {
            reader.sends(ackOf<Pubrec>(wrong.packetId));
            reader.expects<Pubrel>();
        }
        reader.sends(wrong);
        reader.expectsRefusal(ReasonCode::ProtocolError);
    };
    expectClose(1, false, Pubrec{});
    expectClose(1, false, Pubcomp{});
    expectClose(2, false, Puback{});
    expectClose(2, false, Pubcomp{});
    expectClose(2, true, Puback{});
}

TEST_P(Publishing, AcknowledgementsOfNothingAreIgnored) {
    LiveClient one = connected("a");
    one.sends(ackOf<Puback>(1));
    one.sends(ackOf<Pubcomp>(2));
    one.expectsNothing();
    one.sends(ackOf<Pubrec>(3));
    const auto release = one.expects<Pubrel>();
    EXPECT_EQ(release.packetId, 3);
    if (isV5()) {
        EXPECT_EQ(release.code, ReasonCode::PacketIdentifierNotFound);
    }
    one.expectsNothing();
}

TEST_P(Publishing, OrderIsKeptPerTopicAndQos) {
    LiveClient reader = subscribed("reader", "t", 2);
    LiveClient writer = connected("writer");
    constexpr int kEach = 200;
    std::string bytes;
    for (int i = 0; i < kEach; ++i)
        for (int qos = 0; qos <= 2; ++qos)
            bytes += bytesOf(writer.messageOf("t", std::to_string(i), qos), version());
    writer.sendsBytes(bytes);
    int next[3] = {};
    for (int i = 0; i < 3 * kEach; ++i) {
        const auto message = reader.expects<Publish>();
        EXPECT_EQ(message.payload, std::to_string(next[message.qos]++));
    }
    EXPECT_EQ(next[0] + next[1] + next[2], 3 * kEach);
}

TEST_P(Publishing, WhatIsNotAllowedIsAnsweredButNotDelivered) {
    broker().access.publishRule = [](const auto&, std::string_view topic) { return topic != "no"; };
    LiveClient reader = subscribed("reader", "#", 2);
    LiveClient writer = connected("writer");
    for (int qos = 0; qos <= 2; ++qos) {
        const ReasonCode code = writer.publishes("no", "x", qos, true);
        if (isV5() && qos > 0) {
            EXPECT_EQ(code, ReasonCode::NotAuthorized);
        }
    }
    reader.expectsNothing();
    EXPECT_EQ(broker().gauges().retained, 0u);
}

TEST_P(Publishing, AnEmptyPayloadIsAMessage) {
    LiveClient reader = subscribed("reader", "t", 2);
    LiveClient writer = connected("writer");
    for (int qos = 0; qos <= 2; ++qos) {
        writer.publishes("t", "", qos);
        EXPECT_EQ(reader.receives("t", "").qos, qos);
    }
}

}  // namespace
