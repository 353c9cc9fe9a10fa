#include "test/support/scripted_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ScriptedClient;

namespace {

struct BrokerRetained : ::testing::TestWithParam<Version> {
    BrokerWorld world;
    ScriptedClient publisher{world, GetParam()};
    ScriptedClient subscriber{world, GetParam()};
    void SetUp() override {
        publisher.connects("p");
        subscriber.connects("s");
    }
};
INSTANTIATE_TEST_SUITE_P(AllVersions, BrokerRetained,
                         ::testing::Values(Version::V31, Version::V311, Version::V5),
                         test::versionName);
using BrokerRetainedV5 = BrokerRetained;
INSTANTIATE_TEST_SUITE_P(Only, BrokerRetainedV5, ::testing::Values(Version::V5), test::versionName);

TEST_P(BrokerRetained, TheLastOneIsSentToNewSubscriptionsMarkedAsRetained) {
    publisher.publishes("a", "old", 0, true);
    publisher.publishes("a", "new", 0, true);
    subscriber.subscribes("a", 1);
    EXPECT_TRUE(subscriber.expectsMessage("a", "new").retain);
    subscriber.expectsNothing();
}

TEST_P(BrokerRetained, ReachesEstablishedSubscriptionsUnmarked) {
    subscriber.subscribes("a", 0);
    publisher.publishes("a", "x", 0, true);
    EXPECT_FALSE(subscriber.expectsMessage("a", "x").retain);
}

TEST_P(BrokerRetained, AnEmptyPayloadRemovesItAndIsDelivered) {
    publisher.publishes("a", "x", 0, true);
    subscriber.subscribes("a", 0);
    subscriber.expectsMessage("a", "x");
    publisher.publishes("a", "", 0, true);
    subscriber.expectsMessage("a", "");
    EXPECT_EQ(world.broker.gauges().retained, 0u);
    subscriber.subscribes("#", 0);
    subscriber.expectsNothing();
}

TEST_P(BrokerRetained, AMessageWithoutTheFlagDoesNotTouchIt) {
    publisher.publishes("a", "kept", 0, true);
    publisher.publishes("a", "passing", 0, false);
    subscriber.subscribes("a", 0);
    subscriber.expectsMessage("a", "kept");
}

TEST_P(BrokerRetained, IsSentAgainForTheSameFilter) {
    publisher.publishes("a", "x", 0, true);
    for (int i = 0; i < 2; ++i) {
        subscriber.subscribes("a", 0);
        subscriber.expectsMessage("a", "x");
    }
}

TEST_P(BrokerRetained, WildcardsFindAllThatMatch) {
    for (const char* topic : {"a", "a/b", "a/b/c", "ab", "$SYS/x", "z"})
        publisher.publishes(topic, topic, 0, true);
    subscriber.subscribes("a/#", 0);
    for (const char* topic : {"a", "a/b", "a/b/c"}) subscriber.expectsMessage(topic, topic);
    subscriber.expectsNothing();
    subscriber.subscribes("+", 0);
    for (const char* topic : {"a", "ab", "z"}) subscriber.expectsMessage(topic, topic);
    subscriber.expectsNothing();
}

TEST_P(BrokerRetained, AreAllSentThoughTheyAreManyAndOthersAreServedInBetween) {
    for (int i = 0; i < 3000; ++i)
        publisher.publishes("r/" + std::to_string(i), std::string(1000, 'x'), 0, true);
    subscriber.stopsReading();
    subscriber.sends(Subscribe{1, {{"r/#", 1}}, {}});
    EXPECT_LT(subscriber.connection().output().bytes(), 2u << 20);
    subscriber.readsAgain();
    for (int i = 0; i < 20; ++i) world.broker.work(world.now);
    subscriber.expects<Suback>();
    EXPECT_EQ(subscriber.received(), 3000u);
}

TEST_P(BrokerRetained, IsNotKeptAboveTheBoundButStillDelivered) {
    BrokerLimits limits;
    limits.maxRetained = 2;
    BrokerWorld small(limits);
    ScriptedClient writer(small, GetParam()), reader(small, GetParam());
    writer.connects("w");
    reader.connects("r");
    reader.subscribes("#", 0);
    for (const char* topic : {"a", "b", "c"}) {
        writer.publishes(topic, "x", 1, true);
        reader.expectsMessage(topic, "x");
    }
    EXPECT_EQ(small.broker.gauges().retained, 2u);
    EXPECT_EQ(small.broker.counters().retainedRefused, 1u);
    for (int i = 0; i < 2; ++i) writer.expects<Puback>();
    const Puback last = writer.expects<Puback>();
    EXPECT_EQ(last.code,
              GetParam() == Version::V5 ? ReasonCode::QuotaExceeded : ReasonCode::Success);
}

TEST_P(BrokerRetainedV5, RetainHandlingSaysWhenItIsSent) {
    publisher.publishes("a", "x", 0, true);
    Subscription wish{"a", 0, false, false, 1};
    subscriber.subscribes(wish);
    subscriber.expectsMessage("a", "x");
    subscriber.subscribes(wish);  // not new
    subscriber.expectsNothing();
    wish.retainHandling = 2;
    wish.filter = "+";
    subscriber.subscribes(wish);
    subscriber.expectsNothing();
}

TEST_P(BrokerRetainedV5, RetainAsPublishedKeepsTheFlag) {
    subscriber.subscribes(Subscription{"a", 0, false, true, 0});
    publisher.publishes("a", "x", 0, true);
    EXPECT_TRUE(subscriber.expectsMessage("a", "x").retain);
    publisher.publishes("a", "y", 0, false);
    EXPECT_FALSE(subscriber.expectsMessage("a", "y").retain);
}

TEST_P(BrokerRetainedV5, IsStillSentThoughASharedSubscriptionToTheSameFilterEnds) {
    constexpr std::size_t kMany = 2000;  // more than a slice
    for (std::size_t i = 0; i < kMany; ++i)
        publisher.publishes("r/" + std::to_string(i), "x", 0, true);
    subscriber.subscribes("$share/g/r/#");
    subscriber.subscribes("r/#");
    subscriber.sends(Unsubscribe{9, {"$share/g/r/#"}, {}});
    for (int i = 0; i < 20; ++i) world.broker.work(world.now);
    EXPECT_EQ(subscriber.received(), kMany + 1);  // and UNSUBACK
}

TEST_P(BrokerRetainedV5, IsNeverSentToSharedSubscriptions) {
    publisher.publishes("a", "x", 0, true);
    subscriber.subscribes("$share/g/a", 0);
    subscriber.expectsNothing();
}

TEST_P(BrokerRetainedV5, ExpiresAndIsSentWithTheTimeThatIsLeft) {
    Publish packet;
    packet.topic = "a";
    packet.payload = "x";
    packet.retain = true;
    packet.properties.messageExpiry = 30;
    publisher.sends(packet);
    world.after(10s);
    subscriber.subscribes("a", 0);
    EXPECT_EQ(subscriber.expectsMessage("a", "x").properties.messageExpiry, 20u);
    world.after(21s);
    EXPECT_EQ(world.broker.gauges().retained, 0u);
    subscriber.subscribes("a", 0);
    subscriber.expectsNothing();
}

TEST_P(BrokerRetainedV5, CarriesTheIdentifierOfTheSubscription) {
    publisher.publishes("a", "x", 0, true);
    subscriber.subscribes(Subscription{"a", 0, false, false, 0}, 42);
    EXPECT_EQ(subscriber.expectsMessage("a", "x").properties.subscriptionIdentifiers,
              std::vector<std::uint32_t>{42});
}

TEST(BrokerRetainedMessages, OfWhoLostHisRightsIsShownToNobody) {
    test::BrokerWorld world;
    ScriptedClient mallory{world}, other{world}, reader{world};
    Connect packet = mallory.connectPacket("m");
    packet.username = "mallory";
    mallory.connects(packet);
    for (const char* topic : {"a", "b", "c"}) mallory.publishes(topic, "x", 0, true);
    other.connects("o");
    other.publishes("b", "mine", 0, true);
    world.broker.disconnectIdentity("mallory", ReasonCode::NotAuthorized);
    reader.connects("r");
    reader.subscribes("#");
    reader.expectsMessage("b", "mine");
    reader.expectsNothing();
    world.after(std::chrono::seconds(1));
    EXPECT_EQ(world.broker.gauges().retained, 1u);  // the sweep erased them
    ScriptedClient again{world};
    again.connects(packet);
    again.publishes("a", "new", 0, true);  // he has rights again
    reader.expectsMessage("a", "new");
    reader.subscribes("a");
    reader.expectsMessage("a", "new");
}

}  // namespace
