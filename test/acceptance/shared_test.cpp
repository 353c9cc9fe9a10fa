// mqtt.md 1.8: shared subscriptions.
#include "test/acceptance/acceptance.hpp"
#include "test/support/eventually.hpp"

#include <algorithm>

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct Shared5 : Acceptance {};
INSTANTIATE_TEST_SUITE_P(Ways, Shared5, v5Ways(), wayName);

TEST_P(Shared5, InvalidOnesAreRefused) {
    LiveClient one = connected("a");
    for (const char* filter : {"$share/", "$share/g", "$share/g/", "$share//t", "$share/+/t",
                               "$share/#/t", "$share/g#/t", "$share/g/a#", "$share/a+b/t"})
        EXPECT_EQ(one.subscribes(filter), std::vector<std::uint8_t>{0x8F}) << filter;
    EXPECT_EQ(broker().gauges().subscriptions, 0u);
}

TEST_P(Shared5, EachMessageGoesToOneMemberOfAGroup) {
    LiveClient one = subscribed("one", "$share/g/t", 1);
    LiveClient two = subscribed("two", "$share/g/t", 1);
    LiveClient writer = connected("writer");
    for (const char* payload : {"1", "2", "3", "4"}) writer.publishes("t", payload, 1);
    std::vector<std::string> all;
    for (LiveClient* member : {&one, &two}) {  // in turn, since both keep up
        for (int i = 0; i < 2; ++i) {
            const auto message = member->expects<Publish>();
            member->acknowledges(message);
            all.push_back(message.payload);
        }
        member->expectsNothing();
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, (std::vector<std::string>{"1", "2", "3", "4"}));
}

TEST_P(Shared5, AGroupIsItsNameAndItsFilter) {
    LiveClient one = subscribed("one", "$share/g/t");
    LiveClient other = subscribed("other", "$share/h/t");
    LiveClient wider = subscribed("wider", "$share/g/+");
    LiveClient plain = subscribed("plain", "t");
    connected("writer").publishes("t", "x");
    for (LiveClient* each : {&one, &other, &wider, &plain}) {
        each->receives("t", "x");
        each->expectsNothing();
    }
}

TEST_P(Shared5, TheQosIsThatOfTheChosenMember) {
    LiveClient low = subscribed("low", "$share/g/t", 0);
    LiveClient high = subscribed("high", "$share/g/t", 2);
    LiveClient writer = connected("writer");
    writer.publishes("t", "x", 2);
    writer.publishes("t", "x", 2);
    EXPECT_EQ(low.receives("t", "x").qos, 0);
    EXPECT_EQ(high.receives("t", "x").qos, 2);
}

TEST_P(Shared5, AQos2ThatOneMemberBeganIsFinishedWithIt) {
    LiveClient one = client();
    one.connects(one.lastingPacket("one"));
    one.subscribes("$share/g/t", 2);
    connected("writer").publishes("t", "x", 2);
    const Publish message = one.expectsMessage("t", "x");
    one.sends(ackOf<Pubrec>(message.packetId));
    one.expects<Pubrel>();
    LiveClient two = subscribed("two", "$share/g/t", 2);
    one.vanishes();
    ASSERT_TRUE(eventually(10s, [&] { return broker().gauges().connections == 1; }));
    two.expectsNothing();
    LiveClient back = client();
    back.connects(back.lastingPacket("one"));
    EXPECT_EQ(back.expects<Pubrel>().packetId, message.packetId);
}

TEST_P(Shared5, WhatAMemberRefusesIsDiscarded) {
    LiveClient one = subscribed("one", "$share/g/t", 2);
    LiveClient writer = connected("writer");
    writer.publishes("t", "1", 1);
    writer.publishes("t", "2", 2);
    LiveClient two = subscribed("two", "$share/g/t", 2);
    one.sends(ackOf<Puback>(one.expectsMessage("t", "1").packetId, ReasonCode::UnspecifiedError));
    one.sends(ackOf<Pubrec>(one.expectsMessage("t", "2").packetId, ReasonCode::UnspecifiedError));
    one.expectsNothing();
    two.expectsNothing();
}

TEST_P(Shared5, AMemberThatIsAwayIsPassedOver) {
    LiveClient away = client();
    away.connects(away.lastingPacket("away"));
    away.subscribes("$share/g/t", 1);
    away.vanishes();
    LiveClient here = subscribed("here", "$share/g/t", 1);
    ASSERT_TRUE(eventually(10s, [&] { return broker().gauges().connections == 1; }));
    LiveClient writer = connected("writer");
    for (const char* payload : {"1", "2", "3"}) writer.publishes("t", payload, 1);
    for (const char* payload : {"1", "2", "3"}) here.receives("t", payload);
    LiveClient back = client();
    back.connects(back.lastingPacket("away"));
    back.expectsNothing();
}

TEST_P(Shared5, AMemberThatDiesGivesItsUnacknowledgedMessagesToAnother) {
    LiveClient one = subscribed("one", "$share/g/t", 1);
    LiveClient two = subscribed("two", "$share/g/t", 1);
    LiveClient writer = connected("writer");
    writer.publishes("t", "1", 1);
    writer.publishes("t", "2", 1);
    one.vanishes();
    std::vector<std::string> all;
    for (int i = 0; i < 2; ++i) {
        const auto message = two.expects<Publish>();
        two.acknowledges(message);
        all.push_back(message.payload);
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, (std::vector<std::string>{"1", "2"}));
    two.expectsNothing();
}

}  // namespace
