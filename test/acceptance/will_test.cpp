// mqtt.md 1.5: wills.
#include "test/acceptance/acceptance.hpp"
#include "test/support/eventually.hpp"

#include <atomic>

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct Wills : Acceptance {
    static Will willOf(std::string payload, int qos = 0, bool retain = false) {
        Will will;
        will.topic = "will";
        will.payload = std::move(payload);
        will.qos = static_cast<std::uint8_t>(qos);
        will.retain = retain;
        return will;
    }
    LiveClient connectedWith(const std::string& id, Will will) {
        LiveClient one = client();
        Connect packet = one.connectPacket(id);
        if (isV5()) packet = one.lastingPacket(id);
        packet.will = std::move(will);
        one.connects(packet);
        return one;
    }
    bool isAlone(std::size_t others) {
        return eventually(10s, [&] { return broker().gauges().connections == others; });
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, Wills, tcpWays(), wayName);
struct Wills5 : Wills {
    static Will delayed(std::string payload, std::uint32_t seconds) {
        Will will = willOf(std::move(payload));
        will.properties.willDelay = seconds;
        return will;
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, Wills5, v5Ways(), wayName);

TEST_P(Wills, AWillComesWhenTheNetworkFailsAndOnlyOnce) {
    LiveClient reader = subscribed("reader", "will");
    LiveClient one = connectedWith("a", willOf("gone"));
    reader.expectsNothing();
    one.vanishes();
    reader.expectsMessage("will", "gone");
    connected("a").sends(Disconnect{});
    reader.expectsNothing();
}

TEST_P(Wills, AWillComesAfterAProtocolError) {
    LiveClient reader = subscribed("reader", "will");
    LiveClient one = connectedWith("a", willOf("broke the rules"));
    one.sends(one.connectPacket("a"));
    one.expectsRefusal(ReasonCode::ProtocolError);
    reader.expectsMessage("will", "broke the rules");
}

TEST_P(Wills, WillRetainAndWillQosAreThoseOfTheMessage) {
    for (const bool isRetained : {false, true}) {
        for (int qos = 0; qos <= 2; ++qos) {
            const std::string payload = "qos " + std::to_string(qos);
            LiveClient reader = subscribed("reader", "will", 2);
            if (isRetained && qos > 0) reader.receives("will", "qos " + std::to_string(qos - 1));
            LiveClient one = connectedWith("a", willOf(payload, qos, isRetained));
            one.vanishes();
            const Publish message = reader.receives("will", payload);
            EXPECT_EQ(message.qos, qos);
            EXPECT_FALSE(message.retain);
            LiveClient late = subscribed("late", "will", 2);
            if (isRetained) {
                EXPECT_TRUE(late.receives("will", payload).retain);
            }
            late.expectsNothing();
        }
    }
}

TEST_P(Wills, AnEmptyRetainedWillClears) {
    connected("writer").publishes("will", "old", 1, true);
    connectedWith("a", willOf("", 0, true)).vanishes();
    EXPECT_TRUE(eventually(10s, [&] { return broker().gauges().retained == 0; }));
}

TEST_P(Wills, TheRightToPublishIsThatAtThePublication) {
    auto isAllowed = std::make_shared<std::atomic<bool>>(true);
    broker().access.publishRule = [isAllowed](const auto&, std::string_view) {
        return isAllowed->load();
    };
    LiveClient reader = subscribed("reader", "will");
    LiveClient one = connectedWith("a", willOf("no longer"));
    *isAllowed = false;
    one.vanishes();
    ASSERT_TRUE(isAlone(1));
    reader.expectsNothing();
    EXPECT_EQ(broker().counters().publishesDenied, 1u);
}

TEST_P(Wills5, AWillCarriesItsPropertiesButTheDelay) {
    LiveClient reader = subscribed("reader", "will");
    Will will = delayed("x", 5);
    will.properties.contentType = "text/plain";
    will.properties.payloadFormat = 1;
    will.properties.responseTopic = "answer";
    will.properties.correlationData = std::string("\0\xFF", 2);
    will.properties.messageExpiry = 100;
    will.properties.userProperties = {{"b", "1"}, {"a", "2"}, {"b", "1"}};
    Properties expected = will.properties;
    expected.willDelay.reset();
    connectedWith("a", will).vanishes();
    ASSERT_TRUE(isAlone(1));
    later(6s);
    EXPECT_EQ(reader.expectsMessage("will", "x").properties, expected);
}

TEST_P(Wills5, ADelayedWillWaits) {
    LiveClient reader = subscribed("reader", "will");
    connectedWith("a", delayed("x", 60)).vanishes();
    ASSERT_TRUE(isAlone(1));
    later(50s);
    reader.expectsNothing();
    later(70s);
    reader.expectsMessage("will", "x");
}

TEST_P(Wills5, ADelayedWillComesAtTheLatestWithTheEndOfTheSession) {
    LiveClient reader = subscribed("reader", "will");
    LiveClient one = client();
    Connect packet = one.lastingPacket("a");
    packet.properties.sessionExpiry = 10;
    packet.will = delayed("x", 3600);
    one.connects(packet);
    one.vanishes();
    ASSERT_TRUE(isAlone(1));
    later(5s);
    reader.expectsNothing();
    later(15s);
    reader.expectsMessage("will", "x");
    EXPECT_EQ(broker().gauges().sessions, 1u);  // the reader's
}

TEST_P(Wills5, AReturnWithinTheDelayCancelsTheWill) {
    LiveClient reader = subscribed("reader", "will");
    connectedWith("a", delayed("x", 60)).vanishes();
    ASSERT_TRUE(isAlone(1));
    LiveClient back = client();
    EXPECT_TRUE(back.connects(back.lastingPacket("a")).sessionPresent);
    later(100s);
    reader.expectsNothing();
}

TEST_P(Wills5, ACleanStartEndsTheSessionAndPublishesTheWillAtOnce) {
    LiveClient reader = subscribed("reader", "will");
    connectedWith("a", delayed("x", 3600)).vanishes();
    ASSERT_TRUE(isAlone(1));
    LiveClient back = connected("a");
    reader.expectsMessage("will", "x");
}

// Mosquitto 2.0.11 holds all later wills back behind a long one.
TEST_P(Wills5, MixedDelaysDoNotHoldEachOtherBack) {
    LiveClient reader = subscribed("reader", "will");
    connectedWith("long", delayed("long", 1000)).vanishes();
    ASSERT_TRUE(isAlone(1));
    connectedWith("short", delayed("short", 10)).vanishes();
    ASSERT_TRUE(isAlone(1));
    connectedWith("middle", delayed("middle", 100)).vanishes();
    ASSERT_TRUE(isAlone(1));
    later(20s);
    reader.expectsMessage("will", "short");
    reader.expectsNothing();
    later(200s);
    reader.expectsMessage("will", "middle");
    reader.expectsNothing();
    later(2000s);
    reader.expectsMessage("will", "long");
}

}  // namespace
