#include "test/support/scripted_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ScriptedClient;
using Codes = std::vector<std::uint8_t>;

namespace {

struct BrokerSubscribe : ::testing::TestWithParam<Version> {
    BrokerWorld world;
    ScriptedClient publisher{world, GetParam()};
    ScriptedClient subscriber{world, GetParam()};
    bool isV5() const { return GetParam() == Version::V5; }
    void SetUp() override {
        publisher.connects("p");
        subscriber.connects("s");
    }
};
INSTANTIATE_TEST_SUITE_P(AllVersions, BrokerSubscribe,
                         ::testing::Values(Version::V31, Version::V311, Version::V5),
                         test::versionName);
using BrokerSubscribeV5 = BrokerSubscribe;
INSTANTIATE_TEST_SUITE_P(Only, BrokerSubscribeV5, ::testing::Values(Version::V5),
                         test::versionName);

TEST_P(BrokerSubscribe, AnswersEachFilterInOrder) {
    subscriber.sends(Subscribe{9, {{"a", 2}, {"b", 0}, {"c/#", 1}}, {}});
    const Suback answer = subscriber.expects<Suback>();
    EXPECT_EQ(answer.packetId, 9);
    EXPECT_EQ(answer.codes, (Codes{2, 0, 1}));
}

TEST_P(BrokerSubscribe, RefusesInvalidFilters) {
    for (const char* filter :
         {"a#", "#/a", "a/#/b", "a+", "+a/b", "$share/g", "$share//a", "$share/+/a", "$share/g/"}) {
        ScriptedClient client(world, GetParam());
        client.connects("bad");
        client.sends(Subscribe{1, {{filter, 0}}, {}});
        if (GetParam() == Version::V31) {
            client.expectsClosed();
        } else {
            EXPECT_EQ(client.expects<Suback>().codes,
                      Codes{isV5() ? std::uint8_t{0x8F} : std::uint8_t{0x80}})
                << filter;
        }
    }
}

TEST_P(BrokerSubscribe, OverlappingFiltersGiveOneCopyAtTheHighestQos) {
    subscriber.sends(Subscribe{9, {{"a/+", 0}, {"a/#", 2}, {"a/b", 1}}, {}});
    subscriber.expects<Suback>();
    publisher.publishes("a/b", "x", 2);
    EXPECT_EQ(subscriber.expectsMessage("a/b", "x").qos, 2);
    subscriber.expectsNothing();
}

TEST_P(BrokerSubscribe, AnIdenticalFilterReplacesTheEarlierOne) {
    subscriber.subscribes("a", 2);
    subscriber.subscribes("a", 0);
    publisher.publishes("a", "x", 2);
    EXPECT_EQ(subscriber.expectsMessage("a", "x").qos, 0);
    EXPECT_EQ(world.broker.gauges().subscriptions, 1u);
}

TEST_P(BrokerSubscribe, UnsubscribeComparesExactly) {
    subscriber.subscribes("a/+", 0);
    subscriber.sends(Unsubscribe{3, {"a/b"}, {}});
    const Unsuback missed = subscriber.expects<Unsuback>();
    EXPECT_EQ(missed.codes, isV5() ? Codes{0x11} : Codes{});
    publisher.publishes("a/b", "x");
    subscriber.expectsMessage("a/b", "x");
    subscriber.sends(Unsubscribe{4, {"a/+"}, {}});
    EXPECT_EQ(subscriber.expects<Unsuback>().packetId, 4);
    publisher.publishes("a/b", "y");
    subscriber.expectsNothing();
    EXPECT_EQ(world.broker.gauges().subscriptions, 0u);
}

TEST_P(BrokerSubscribe, BoundsTheSubscriptionsOfASession) {
    BrokerLimits limits;
    limits.maxSubscriptions = 2;
    BrokerWorld small(limits);
    ScriptedClient client(small, GetParam());
    client.connects("c");
    client.sends(Subscribe{1, {{"a", 0}, {"b", 0}, {"c", 0}, {"a", 1}}, {}});
    const Codes codes = client.expects<Suback>().codes;
    EXPECT_EQ(codes[2], isV5() ? 0x97 : GetParam() == Version::V311 ? 0x80 : 0);
    EXPECT_EQ(codes[3], 1);  // known already
    EXPECT_EQ(small.broker.gauges().subscriptions, 2u);
}

TEST_P(BrokerSubscribe, RefusesWhatCanNeverBeRead) {
    world.access.subscribeRule = [](const auto&, std::string_view filter) {
        return filter != "secret/#";
    };
    const Codes codes = subscriber.subscribes("secret/#", 1);
    EXPECT_EQ(codes, Codes{isV5()                        ? std::uint8_t{0x87}
                           : GetParam() == Version::V311 ? std::uint8_t{0x80}
                                                         : std::uint8_t{1}});
    publisher.publishes("secret/a", "x");
    subscriber.expectsNothing();
}

TEST_P(BrokerSubscribe, ChecksTheRightToReadAtEachDelivery) {
    bool isAllowed = true;
    world.access.readRule = [&](const ClientIdentity& who, std::string_view topic) {
        return who.name == "admin" || topic != "secret" || isAllowed;
    };
    subscriber.subscribes("#", 1);
    publisher.publishes("secret", "1");
    subscriber.expectsMessage("secret", "1");
    isAllowed = false;
    publisher.publishes("secret", "2", 0, true);
    publisher.publishes("open", "3");
    subscriber.expectsMessage("open", "3");
    subscriber.subscribes("secret", 0);  // and no retained message either
    subscriber.expectsNothing();
    EXPECT_EQ(world.broker.counters().deliveriesDenied, 2u);
}

TEST_P(BrokerSubscribe, DropsQueuedMessagesWhoseReaderLostItsRight) {
    Connect packet = subscriber.connectPacket("sleeper");
    packet.cleanStart = false;
    packet.properties.sessionExpiry = isV5() ? std::optional<std::uint32_t>(100) : std::nullopt;
    ScriptedClient sleeper(world, GetParam()), again(world, GetParam());
    sleeper.connects(packet);
    sleeper.subscribes("a", 1);
    sleeper.vanishes();
    publisher.publishes("a", "x", 1);
    world.access.readRule = [](const auto&, std::string_view) { return false; };
    again.connects(packet);
    again.expectsNothing();
}

TEST_P(BrokerSubscribe, RefusesForbiddenPublishes) {
    world.access.publishRule = [](const auto&, std::string_view topic) { return topic != "no"; };
    subscriber.subscribes("no", 2);
    publisher.publishes("no", "0", 0);
    publisher.publishes("no", "1", 1);
    publisher.publishes("no", "2", 2);
    const auto code = isV5() ? ReasonCode::NotAuthorized : ReasonCode::Success;
    EXPECT_EQ(publisher.expects<Puback>().code, code);
    EXPECT_EQ(publisher.expects<Pubrec>().code, code);
    subscriber.expectsNothing();
    EXPECT_EQ(world.broker.counters().publishesDenied, 3u);
    EXPECT_EQ(world.broker.gauges().retained, 0u);
}

TEST_P(BrokerSubscribe, EndsAllOfAnIdentityWhoseRightsAreTaken) {
    Connect packet = subscriber.connectPacket("m");
    packet.username = "mallory";
    packet.will = Will{"will", "x", 0, false, {}};
    ScriptedClient mallory(world, GetParam());
    mallory.connects(packet);
    subscriber.subscribes("#");
    EXPECT_EQ(world.broker.disconnectIdentity("mallory", ReasonCode::NotAuthorized), 1u);
    EXPECT_TRUE(mallory.isClosed());
    EXPECT_EQ(world.broker.gauges().sessions, 2u);
    subscriber.expectsNothing();  // the will died with the rights
}

TEST_P(BrokerSubscribeV5, WhoLosesHisRightsInheritsNothingOfASharedSubscription) {
    const auto connects = [](ScriptedClient& client, const char* id) {
        Connect packet = client.connectPacket(id);
        packet.username = "mallory";
        packet.properties.sessionExpiry = 600;
        client.connects(packet);
    };
    ScriptedClient away(world), here(world);
    connects(away, "m1");
    away.subscribes("$share/g/a", 1);
    away.vanishes();
    publisher.publishes("a", "for those who may read", 1);
    connects(here, "m2");
    here.subscribes("$share/g/a", 1);
    world.broker.disconnectIdentity("mallory", ReasonCode::NotAuthorized);
    here.expectsDisconnect(ReasonCode::NotAuthorized);
}

TEST_P(BrokerSubscribeV5, NoLocalSparesTheSenderOnly) {
    subscriber.subscribes(Subscription{"a", 0, true, false, 0});
    publisher.subscribes("a", 0);
    subscriber.publishes("a", "x");
    publisher.expectsMessage("a", "x");
    subscriber.expectsNothing();
}

TEST_P(BrokerSubscribeV5, SendsTheIdentifiersOfAllMatchingSubscriptions) {
    subscriber.subscribes(Subscription{"a/b", 0, false, false, 0}, 1);
    subscriber.subscribes(Subscription{"a/+", 0, false, false, 0}, 268'435'455);
    publisher.publishes("a/b", "x");
    auto ids = subscriber.expectsMessage("a/b", "x").properties.subscriptionIdentifiers;
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(ids, (std::vector<std::uint32_t>{1, 268'435'455}));
}

TEST_P(BrokerSubscribeV5, NoLocalOnASharedSubscriptionIsAProtocolError) {
    subscriber.sends(Subscribe{1, {{"$share/g/a", 0, true, false, 0}}, {}});
    subscriber.expectsDisconnect(ReasonCode::ProtocolError);
}

TEST_P(BrokerSubscribeV5, ASharedSubscriptionGivesEachMessageToOneInTurn) {
    ScriptedClient other(world);
    other.connects("o");
    for (ScriptedClient* each : {&subscriber, &other}) each->subscribes("$share/g/a", 0);
    for (int i = 0; i < 10; ++i) publisher.publishes("a", "x");
    EXPECT_EQ(subscriber.received(), 5u);
    EXPECT_EQ(other.received(), 5u);
}

TEST_P(BrokerSubscribeV5, ASharedSubscriptionPassesOverWhoIsAway) {
    ScriptedClient other(world);
    Connect packet = other.connectPacket("o");
    packet.properties.sessionExpiry = 100;
    other.connects(packet);
    for (ScriptedClient* each : {&subscriber, &other}) each->subscribes("$share/g/a", 1);
    other.vanishes();
    for (int i = 0; i < 4; ++i) publisher.publishes("a", "x", 1);
    EXPECT_EQ(subscriber.received(), 4u);
}

TEST_P(BrokerSubscribeV5, GroupsWithDifferentNamesEachGetACopy) {
    subscriber.sends(Subscribe{1, {{"$share/g/a", 0}, {"$share/h/a", 0}, {"a", 0}}, {}});
    subscriber.expects<Suback>();
    publisher.publishes("a", "x");
    EXPECT_EQ(subscriber.received(), 3u);
}

TEST(BrokerSubscriptions, AreBoundedInBytesPerSession) {
    BrokerLimits limits;
    limits.maxFilterBytes = 10;
    BrokerWorld world{limits};
    ScriptedClient one{world};
    one.connects("one");
    EXPECT_EQ(one.subscribes("12345678")[0], 0);
    EXPECT_EQ(one.subscribes("123")[0], 0x97);
    EXPECT_EQ(one.subscribes("12345678", 1)[0], 1);  // the same again
    one.sends(Unsubscribe{9, {"12345678"}, {}});
    one.expects<Unsuback>();
    EXPECT_EQ(one.subscribes("1234567890")[0], 0);
}

// A thousand filters of 64 KiB each, in many sessions, would take all memory there is.
TEST(BrokerSubscriptions, AreBoundedInBytesPerIdentityAndInAll) {
    BrokerLimits limits;
    limits.maxSubscriptionBytesPerIdentity = 400'000;
    limits.maxSubscriptionBytes = 600'000;
    BrokerWorld world{limits};
    const std::string longText(60'000, 'x');
    const auto isGranted = [&](ScriptedClient& client, const std::string& filter) {
        client.sends(Subscribe{1, {{filter + longText, 1}}, {}});
        return client.expects<Suback>().codes.at(0) < 0x80;
    };
    const auto connects = [](ScriptedClient& client, const char* id, const char* user) {
        Connect packet = client.connectPacket(id);
        packet.username = user;
        client.connects(packet);
    };
    ScriptedClient one{world}, two{world}, other{world}, third{world};
    connects(one, "1", "idler");
    connects(two, "2", "idler");
    connects(other, "3", "somebody else");
    connects(third, "4", "a third");
    EXPECT_TRUE(isGranted(one, "a"));
    EXPECT_TRUE(isGranted(one, "a")) << "the same takes no more";
    EXPECT_TRUE(isGranted(two, "a"));
    EXPECT_FALSE(isGranted(two, "b"));
    EXPECT_TRUE(isGranted(other, "b"));
    EXPECT_FALSE(isGranted(third, "b")) << "that is all there is";
    EXPECT_EQ(world.broker.counters().subscriptionsRefused, 2U);
    one.vanishes();  // and its subscriptions with it
    EXPECT_TRUE(isGranted(two, "b"));
    two.sends(Unsubscribe{2, {"b" + longText}, {}});
    EXPECT_TRUE(isGranted(third, "b"));
}

}  // namespace
