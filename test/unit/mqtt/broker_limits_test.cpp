// Every bound of the broker: it holds, it is counted, and it hurts nobody else.
#include "test/support/scripted_client.hpp"

#include <gmock/gmock.h>

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ScriptedClient;

namespace {

BrokerLimits with(void (*change)(BrokerLimits&)) {
    BrokerLimits limits;
    change(limits);
    return limits;
}

TEST(BrokerLimits, BoundConnectionsAllInAll) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.maxConnections = 2; }));
    ScriptedClient first(world), second(world);
    EXPECT_FALSE(world.broker.admits("10.0.0.1:1"));
    EXPECT_EQ(world.broker.counters().connectionsRefused, 1U);
}

TEST(BrokerLimits, BoundConnectionsOfOneAddress) {
    // Scripted clients come from 192.0.2.1.
    BrokerWorld world(with([](BrokerLimits& limits) { limits.maxConnectionsPerAddress = 1; }));
    const std::string peer = "192.0.2.1:99";
    EXPECT_TRUE(world.broker.admits(peer));
    {
        ScriptedClient client(world);
        EXPECT_FALSE(world.broker.admits(peer));
        EXPECT_TRUE(world.broker.admits("192.0.2.2:99")) << "others are not hurt";
    }
    EXPECT_TRUE(world.broker.admits(peer)) << "it left";
    EXPECT_EQ(world.broker.counters().addressRefused, 1U);
}

TEST(BrokerLimits, CloseTheOldestHalfOpenConnectionForANewOne) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.maxHalfOpen = 2; }));
    ScriptedClient oldest(world), next(world), good(world);
    EXPECT_TRUE(oldest.isClosed());
    EXPECT_FALSE(next.isClosed());
    good.connects("good");
    EXPECT_EQ(world.broker.counters().halfOpenClosed, 1U);
    EXPECT_EQ(world.broker.gauges().halfOpen, 1U);
}

TEST(BrokerLimits, NeverCloseASessionForHalfOpenConnections) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.maxHalfOpen = 1; }));
    ScriptedClient good(world);
    good.connects("good");
    std::vector<std::unique_ptr<ScriptedClient>> flood;
    for (int i = 0; i < 5'000; ++i) flood.push_back(std::make_unique<ScriptedClient>(world));
    good.sends(Pingreq{});
    good.expects<Pingresp>();
    ScriptedClient late(world);
    late.connects("late");
}

TEST(BrokerLimits, BoundSessions) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.maxSessions = 1; }));
    ScriptedClient first(world), second(world);
    first.connects("first");
    second.sends(second.connectPacket("second"));
    EXPECT_EQ(second.expects<Connack>().code, static_cast<std::uint8_t>(ReasonCode::QuotaExceeded));
    EXPECT_EQ(world.broker.counters().sessionsRefused, 1U);
}

TEST(BrokerLimits, BoundSubscriptionsOfOneClient) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.maxSubscriptions = 1; }));
    ScriptedClient client(world), other(world);
    client.connects("c");
    other.connects("o");
    EXPECT_THAT(client.subscribes("a"), testing::ElementsAre(0));
    EXPECT_THAT(client.subscribes("b"), testing::ElementsAre(0x97));
    EXPECT_THAT(client.subscribes("a"), testing::ElementsAre(0)) << "it has this one";
    EXPECT_THAT(other.subscribes("b"), testing::ElementsAre(0));
    EXPECT_EQ(world.broker.counters().subscriptionsRefused, 1U);
}

TEST(BrokerLimits, BoundTheLevelsOfTopicsAndFilters) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.maxTopicLevels = 3; }));
    ScriptedClient client(world);
    client.connects("c");
    EXPECT_THAT(client.subscribes("a/b/c"), testing::ElementsAre(0));
    EXPECT_THAT(client.subscribes("a/b/c/#"), testing::ElementsAre(0x8F));
    client.publishes("a/b/c", "x");
    client.expectsMessage("a/b/c", "x");
    client.publishes("a/b/c/d", "x");
    client.expectsDisconnect(ReasonCode::TopicNameInvalid);
    EXPECT_EQ(world.broker.counters().topicsTooDeep, 2U);
}

TEST(BrokerLimits, CountTopicsBeyondWhatNobodyMayAllow) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects("c");
    client.publishes(std::string(kMaxTopicLevels, '/'), "x");
    client.expectsDisconnect(ReasonCode::TopicNameInvalid);
    EXPECT_EQ(world.broker.counters().topicsTooDeep, 1U);
}

TEST(BrokerLimits, BoundTheConnectPacketBeforeAnythingIsKnown) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.decode.maxConnectSize = 100; }));
    ScriptedClient client(world);
    Connect packet = client.connectPacket("c");
    packet.username = std::string(100, 'u');
    client.sends(packet);
    EXPECT_TRUE(client.isClosed());
    EXPECT_EQ(world.broker.counters().packetsTooLarge, 1U);
}

TEST(BrokerLimits, BoundUserProperties) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.decode.maxUserProperties = 2; }));
    ScriptedClient client(world);
    client.connects("c");
    Publish publish;
    publish.topic = "t";
    publish.properties.userProperties = {{"a", "1"}, {"b", "2"}};
    client.sends(publish);
    EXPECT_FALSE(client.isClosed());
    publish.properties.userProperties.emplace_back("c", "3");
    client.sends(publish);
    client.expectsDisconnect(ReasonCode::PacketTooLarge);
    EXPECT_EQ(world.broker.counters().packetsTooLarge, 1U);
}

TEST(BrokerLimits, PauseReadingFromWhoSendsTooManyMessagesAndLoseNone) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.rate.messagesPerSecond = 4; }));
    ScriptedClient fast(world), other(world);
    fast.connects("fast");
    fast.subscribes("t");
    other.connects("other");
    for (int i = 0; i < 8; ++i) fast.publishes("t", std::to_string(i));
    EXPECT_FALSE(fast.connection().wantsInput());
    EXPECT_TRUE(other.connection().wantsInput());
    for (int i = 0; i < 8; ++i) fast.expectsMessage("t", std::to_string(i));
    world.after(500ms);
    EXPECT_FALSE(fast.connection().wantsInput()) << "4 of debt take a second";
    world.after(750ms);
    EXPECT_TRUE(fast.connection().wantsInput());
    EXPECT_EQ(world.broker.counters().ratePauses, 1U);
}

TEST(BrokerLimits, PauseReadingFromWhoSendsTooManyBytes) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.rate.bytesPerSecond = 1'000; }));
    ScriptedClient client(world);
    client.connects("c");
    client.publishes("t", std::string(3'000, 'x'));
    EXPECT_FALSE(client.connection().wantsInput());
    world.after(3s);
    EXPECT_TRUE(client.connection().wantsInput());
}

TEST(BrokerLimits, DoNotTakeAPausedClientForASilentOne) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.rate.bytesPerSecond = 100; }));
    ScriptedClient client(world);
    Connect packet = client.connectPacket("c");
    packet.keepAlive = 2;
    client.connects(packet);
    client.publishes("t", std::string(2'000, 'x'));
    world.after(15s);
    EXPECT_FALSE(client.isClosed());
}

TEST(BrokerLimits, AnnounceAndEnforceAShorterKeepAlive) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.maxKeepAlive = 10; }));
    for (const std::uint16_t wish : {std::uint16_t{0}, std::uint16_t{600}}) {
        ScriptedClient client(world);
        Connect packet = client.connectPacket("c");
        packet.keepAlive = wish;
        EXPECT_EQ(client.connects(packet).properties.serverKeepAlive, 10);
        world.after(14s);
        EXPECT_FALSE(client.isClosed());
        world.after(2s);
        client.expectsDisconnect(ReasonCode::KeepAliveTimeout);
    }
}

TEST(BrokerLimits, LeaveAShortKeepAliveAsItIs) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.maxKeepAlive = 10; }));
    ScriptedClient client(world);
    Connect packet = client.connectPacket("c");
    packet.keepAlive = 10;
    EXPECT_FALSE(client.connects(packet).properties.serverKeepAlive);
}

TEST(BrokerLimits, HoldClientsOf311ToTheKeepAliveThatTheyCannotBeToldOf) {
    BrokerWorld world(with([](BrokerLimits& limits) { limits.maxKeepAlive = 10; }));
    ScriptedClient client(world, Version::V311);
    client.connects("c");
    world.after(16s);
    EXPECT_TRUE(client.isClosed());
    EXPECT_EQ(world.broker.counters().keepAliveTimeouts, 1U);
}

struct SlowConsumers : testing::Test {
    SlowConsumers() {
        slow.connects("slow");
        slow.subscribes("t", 1);
        good.connects("good");
        good.subscribes("t", 1);
        slow.stopsReading();
    }
    /// More than may be unsent; the good client reads and acknowledges.
    void flood() {
        for (int i = 0; i < 30; ++i) good.publishes("t", std::string(100'000, 'x'), 1);
        while (good.received() > 0) {
            const auto packet = good.take();
            if (const auto* message = std::get_if<Publish>(&packet)) {
                Puback ack;
                ack.packetId = message->packetId;
                good.sends(ack);
            }
        }
    }
    BrokerWorld world{with([](BrokerLimits& limits) { limits.slowConsumerTimeout = 20s; })};
    ScriptedClient slow{world}, good{world};
};

TEST_F(SlowConsumers, AreSentAwayWithTheReason) {
    flood();
    world.after(19s);
    EXPECT_FALSE(slow.isClosed());
    world.after(2s);
    EXPECT_TRUE(slow.isClosed());
    slow.readsAgain();
    while (slow.received() > 1) (void)slow.take();
    slow.expectsDisconnect(ReasonCode::QuotaExceeded);
    EXPECT_EQ(world.broker.counters().slowConsumersClosed, 1U);
    EXPECT_FALSE(good.isClosed());
}

TEST_F(SlowConsumers, StayWhileTheyReadOn) {
    flood();
    for (int i = 0; i < 10; ++i) {
        world.after(10s);
        slow.readsAgain();
        slow.stopsReading();
        flood();
    }
    EXPECT_FALSE(slow.isClosed());
}

TEST(RateLimit, SavesUpForOneSecondOnly) {
    const TimePoint start{1h};
    RateLimit rate({10, 0}, start);
    rate.refill(start + 1h);
    for (int i = 0; i < 10; ++i) rate.takeMessage();
    EXPECT_FALSE(rate.isInDebt());
    rate.takeMessage();
    EXPECT_TRUE(rate.isInDebt());
}

TEST(Admission, KnowsTheAddressOfBothFamilies) {
    EXPECT_EQ(Admission::addressOf("192.0.2.1:80"), "192.0.2.1");
    EXPECT_EQ(Admission::addressOf("[::1]:80"), "[::1]");
}

}  // namespace
