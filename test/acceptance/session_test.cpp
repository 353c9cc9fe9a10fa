// mqtt.md 1.3: sessions, their take-over and their end.
#include "test/acceptance/acceptance.hpp"
#include "test/support/eventually.hpp"

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct Sessions : Acceptance {
    bool hasConnections(std::size_t count) {
        return eventually(10s, [&] { return broker().gauges().connections == count; });
    }
    /// A client that stays away with a session and a subscription to `t`.
    void leavesASession(const std::string& id, int qos = 2) {
        LiveClient one = client();
        one.connects(one.lastingPacket(id));
        one.subscribes("t", qos);
        one.vanishes();
        ASSERT_TRUE(hasConnections(0));
    }
    LiveClient resumed(const std::string& id) {
        LiveClient one = client();
        const Connack answer = one.connects(one.lastingPacket(id));
        EXPECT_EQ(answer.sessionPresent, version() != Version::V31);  // has no flag for it
        return one;
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, Sessions, tcpWays(), wayName);
struct Sessions5 : Sessions {};
INSTANTIATE_TEST_SUITE_P(Ways, Sessions5, v5Ways(), wayName);

TEST_P(Sessions, TheSameIdClosesTheOldConnection) {
    LiveClient old = connected("a");
    LiveClient fresh = connected("a");
    old.expectsRefusal(ReasonCode::SessionTakenOver);
    fresh.expectsNothing();
    EXPECT_EQ(broker().gauges().sessions, 1u);
}

TEST_P(Sessions, ATakeOverPublishesTheWillOfTheOldConnection) {
    LiveClient reader = subscribed("reader", "will");
    LiveClient old = client();
    Connect packet = old.connectPacket("a");
    packet.will.emplace().topic = "will";
    packet.will->payload = "taken over";
    old.connects(packet);
    LiveClient fresh = connected("a");
    reader.expectsMessage("will", "taken over");
}

TEST_P(Sessions5, ATakeOverWithinTheDelayOfTheWillSavesIt) {
    LiveClient reader = subscribed("reader", "will");
    LiveClient old = client();
    Connect packet = old.lastingPacket("a");
    packet.will.emplace().topic = "will";
    packet.will->properties.willDelay = 60;
    old.connects(packet);
    LiveClient fresh = resumed("a");
    later(100s);
    reader.expectsNothing();
}

TEST_P(Sessions, ACleanStartDiscardsWhatThereWas) {
    leavesASession("a");
    connected("writer").publishes("t", "for nobody", 1);
    LiveClient one = client();
    EXPECT_FALSE(one.connects(one.connectPacket("a")).sessionPresent);
    connected("writer").publishes("t", "for nobody either", 1);
    one.expectsNothing();
}

TEST_P(Sessions, WithoutACleanStartASessionIsNewOrResumed) {
    LiveClient fresh = client();
    EXPECT_FALSE(fresh.connects(fresh.lastingPacket("a")).sessionPresent);
    fresh.vanishes();
    ASSERT_TRUE(hasConnections(0));
    resumed("a").expectsNothing();
}

TEST_P(Sessions, SubscriptionsAndQueuedMessagesAreKept) {
    leavesASession("a");
    LiveClient writer = connected("writer");
    writer.publishes("t", "1", 1);
    writer.publishes("t", "2", 2);
    LiveClient one = resumed("a");
    EXPECT_EQ(one.receives("t", "1").qos, 1);
    EXPECT_EQ(one.receives("t", "2").qos, 2);
    writer.publishes("t", "3");
    one.receives("t", "3");
}

TEST_P(Sessions, UnreleasedQos2IdsAreKept) {
    LiveClient reader = subscribed("reader", "t");
    {
        LiveClient one = client();
        one.connects(one.lastingPacket("a"));
        one.sends(publishOf("t", "once", 2, 7));
        one.expects<Pubrec>();
    }
    reader.receives("t", "once");
    LiveClient one = resumed("a");
    Publish again = publishOf("t", "once", 2, 7);
    again.dup = true;
    one.sends(again);
    EXPECT_EQ(one.expects<Pubrec>().packetId, 7);
    one.sends(ackOf<Pubrel>(7));
    EXPECT_EQ(one.expects<Pubcomp>().packetId, 7);
    reader.expectsNothing();
}

TEST_P(Sessions, RetainedMessagesAreNoPartOfASession) {
    {
        LiveClient one = connected("a");
        one.publishes("t", "stays", 1, true);
    }
    ASSERT_TRUE(hasConnections(0));
    ASSERT_EQ(broker().gauges().sessions, 0u);
    LiveClient one = connected("b");
    one.subscribes("t");
    one.receives("t", "stays");
}

TEST_P(Sessions, ASessionOfAnotherVersionIsResumedToo) {
    leavesASession("a", 1);
    for (const Version other : kAllVersions) {
        LiveClient one(GetParam().transport.open(broker()), other);
        one.connects(one.lastingPacket("a"));
        connected("writer").publishes("t", "x", 1);
        one.receives("t", "x");
        one.expectsNothing();
    }
}

TEST_P(Sessions, OnResumeUnacknowledgedMessagesComeAgainInOrderAsDuplicates) {
    LiveClient one = client();
    one.connects(one.lastingPacket("a"));
    one.subscribes("t", 2);
    LiveClient writer = connected("writer");
    std::vector<Publish> first;
    for (const char* payload : {"1", "2", "3", "4"}) {
        writer.publishes("t", payload, payload[0] % 2 == 0 ? 2 : 1);
        first.push_back(one.expectsMessage("t", payload));
        EXPECT_FALSE(first.back().dup);
    }
    one.vanishes();
    LiveClient back = resumed("a");
    for (const Publish& message : first) {
        const Publish again = back.expectsMessage("t", message.payload);
        EXPECT_TRUE(again.dup);
        EXPECT_EQ(again.packetId, message.packetId);
        EXPECT_EQ(again.qos, message.qos);
    }
    back.expectsNothing();
}

TEST_P(Sessions, OnResumePubrelComesAgain) {
    LiveClient one = client();
    one.connects(one.lastingPacket("a"));
    one.subscribes("t", 2);
    connected("writer").publishes("t", "x", 2);
    const Publish message = one.expectsMessage("t", "x");
    one.sends(ackOf<Pubrec>(message.packetId));
    one.expects<Pubrel>();
    one.vanishes();
    LiveClient back = resumed("a");
    EXPECT_EQ(back.expects<Pubrel>().packetId, message.packetId);
    back.sends(ackOf<Pubcomp>(message.packetId));
    back.expectsNothing();
}

TEST_P(Sessions, NothingIsSentAgainOnALiveConnection) {
    LiveClient one = client();
    one.connects(one.lastingPacket("a"));
    one.subscribes("t", 1);
    connected("writer").publishes("t", "x", 1);
    one.expectsMessage("t", "x");
    later(3600s);
    one.expectsNothing();
}

TEST_P(Sessions5, AnAcknowledgementThatRefusesEndsTheExchange) {
    LiveClient one = client();
    one.connects(one.lastingPacket("a"));
    one.subscribes("t", 2);
    LiveClient writer = connected("writer");
    writer.publishes("t", "1", 1);
    one.sends(ackOf<Puback>(one.expectsMessage("t", "1").packetId, ReasonCode::UnspecifiedError));
    writer.publishes("t", "2", 2);
    one.sends(ackOf<Pubrec>(one.expectsMessage("t", "2").packetId, ReasonCode::QuotaExceeded));
    one.expectsNothing();
    one.vanishes();
    resumed("a").expectsNothing();
}

TEST_P(Sessions5, WithoutAnExpiryASessionEndsWithItsConnection) {
    for (const std::optional<std::uint32_t> expiry :
         {std::optional<std::uint32_t>(), std::optional<std::uint32_t>(0)}) {
        LiveClient one = client();
        Connect packet = one.connectPacket("a");
        packet.cleanStart = false;
        packet.properties.sessionExpiry = expiry;
        one.connects(packet);
        one.vanishes();
        EXPECT_TRUE(eventually(10s, [&] { return broker().gauges().sessions == 0; }));
    }
}

TEST_P(Sessions5, ASessionEndsWhenItsExpiryIsOver) {
    leavesASession("a");  // an hour
    later(3590s);
    EXPECT_EQ(broker().gauges().sessions, 1u);
    later(3700s);
    EXPECT_EQ(broker().gauges().sessions, 0u);
    LiveClient one = client();
    EXPECT_FALSE(one.connects(one.lastingPacket("a")).sessionPresent);
}

TEST_P(Sessions5, ASessionWithTheLargestExpiryNeverEnds) {
    LiveClient one = client();
    Connect packet = one.lastingPacket("a");
    packet.properties.sessionExpiry = kNeverExpires;
    one.connects(packet);
    one.vanishes();
    ASSERT_TRUE(hasConnections(0));
    later(std::chrono::hours(24 * 365 * 150));  // longer than 2^32 seconds
    EXPECT_EQ(broker().gauges().sessions, 1u);
}

TEST_P(Sessions5, ADisconnectMayChangeTheExpiry) {
    LiveClient one = client();
    one.connects(one.lastingPacket("a"));
    Disconnect goodbye;
    goodbye.properties.sessionExpiry = 10;
    one.sends(goodbye);
    one.expectsClosed();
    later(5s);
    EXPECT_EQ(broker().gauges().sessions, 1u);
    later(20s);
    EXPECT_EQ(broker().gauges().sessions, 0u);
}

TEST_P(Sessions5, ADisconnectMayLengthenTheExpiryOrEndTheSession) {
    const auto leaveWith = [this](std::uint32_t expiry) {
        LiveClient one = client();
        Connect packet = one.lastingPacket("a");
        packet.properties.sessionExpiry = 10;
        one.connects(packet);
        Disconnect goodbye;
        goodbye.properties.sessionExpiry = expiry;
        one.sends(goodbye);
        one.expectsClosed();
    };
    leaveWith(0);
    EXPECT_EQ(broker().gauges().sessions, 0u);
    leaveWith(1000);
    later(900s);
    EXPECT_EQ(broker().gauges().sessions, 1u);
    later(2000s);
    EXPECT_EQ(broker().gauges().sessions, 0u);
}

TEST_P(Sessions5, ADisconnectMayNotRaiseAnExpiryOf0) {
    LiveClient one = connected("a");
    Disconnect goodbye;
    goodbye.properties.sessionExpiry = 10;
    one.sends(goodbye);
    one.expectsRefusal(ReasonCode::ProtocolError);
    EXPECT_EQ(broker().gauges().sessions, 0u);
}

}  // namespace
