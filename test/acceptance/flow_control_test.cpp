// mqtt.md 1.9: flow control and sizes.
#include "test/acceptance/acceptance.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct FlowControl5 : Acceptance {
    LiveClient reader(std::uint16_t receiveMaximum) {
        LiveClient one = client();
        Connect packet = one.connectPacket("reader");
        packet.properties.receiveMaximum = receiveMaximum;
        one.connects(packet);
        one.subscribes("t", 2);
        return one;
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, FlowControl5, v5Ways(), wayName);

TEST_P(FlowControl5, NeverMoreThanTheClientsReceiveMaximumIsUnderWay) {
    LiveClient one = reader(2);
    LiveClient writer = connected("writer");
    for (int i = 0; i < 6; ++i) writer.publishes("t", std::to_string(i), 1 + i % 2);
    for (int i = 0; i < 6; i += 2) {
        const Publish first = one.expectsMessage("t", std::to_string(i));
        const Publish second = one.expectsMessage("t", std::to_string(i + 1));
        one.expectsNothing();
        one.sends(ackOf<Pubrec>(second.packetId));  // gives nothing back yet
        one.expects<Pubrel>();
        one.expectsNothing();
        one.sends(ackOf<Puback>(first.packetId));
        one.sends(ackOf<Pubcomp>(second.packetId));
    }
    one.expectsNothing();
}

TEST_P(FlowControl5, Qos0AndAllOtherPacketsFlowOn) {
    LiveClient one = reader(1);
    LiveClient writer = connected("writer");
    writer.publishes("t", "fills the window", 1);
    writer.publishes("t", "waits", 1);
    writer.publishes("t", "flows", 0);
    one.expectsMessage("t", "fills the window");
    EXPECT_EQ(one.expectsMessage("t", "flows").qos, 0);
    EXPECT_EQ(one.subscribes("other"), std::vector<std::uint8_t>{0});
    EXPECT_EQ(one.unsubscribes("other"), std::vector<std::uint8_t>{0});
    EXPECT_LT(one.publishes("x", "", 2), ReasonCode::UnspecifiedError);
    one.expectsNothing();
}

TEST_P(FlowControl5, ARefusingPubrecGivesItsPlaceBack) {
    LiveClient one = reader(1);
    LiveClient writer = connected("writer");
    writer.publishes("t", "1", 2);
    writer.publishes("t", "2", 2);
    one.sends(ackOf<Pubrec>(one.expectsMessage("t", "1").packetId, ReasonCode::QuotaExceeded));
    one.receives("t", "2");
    one.expectsNothing();
}

TEST_P(FlowControl5, ResentMessagesKeepToTheReceiveMaximumToo) {
    {
        LiveClient one = client();
        one.connects(one.lastingPacket("a"));
        one.subscribes("t", 1);
        LiveClient writer = connected("writer");
        for (const char* payload : {"1", "2", "3"}) writer.publishes("t", payload, 1);
        for (const char* payload : {"1", "2", "3"}) one.expectsMessage("t", payload);
    }
    LiveClient back = client();
    Connect packet = back.lastingPacket("a");
    packet.properties.receiveMaximum = 1;
    back.connects(packet);
    for (const char* payload : {"1", "2", "3"}) {
        const Publish message = back.expectsMessage("t", payload);
        back.expectsNothing();
        back.acknowledges(message);
    }
    back.expectsNothing();
}

TEST_P(FlowControl5, WhatIsTooLargeForTheClientCountsAsDelivered) {
    LiveClient one = client();
    Connect packet = one.connectPacket("reader");
    packet.properties.maximumPacketSize = 100;
    packet.properties.receiveMaximum = 1;
    one.connects(packet);
    one.subscribes("t", 2);
    LiveClient writer = connected("writer");
    for (int qos = 0; qos <= 2; ++qos) {
        writer.publishes("t", std::string(100, 'x'), qos);
        writer.publishes("t", "small", qos);
        one.receives("t", "small");
    }
    one.expectsNothing();
    EXPECT_EQ(broker().counters().droppedTooLarge, 3u);
}

TEST_P(FlowControl5, APacketOfExactlyTheMaximumIsSent) {
    LiveClient one = client();
    Connect packet = one.connectPacket("reader");
    packet.properties.maximumPacketSize = 100;
    one.connects(packet);
    one.subscribes("t", 0);
    LiveClient writer = connected("writer");
    constexpr std::size_t kHead = 2 + 3 + 1;  // fixed header, topic, properties
    writer.publishes("t", std::string(101 - kHead, 'x'));
    writer.publishes("t", std::string(100 - kHead, 'y'));
    one.expectsMessage("t", std::string(100 - kHead, 'y'));
}

}  // namespace
