#include "test/support/scripted_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ScriptedClient;

namespace {

Connect persistent(const ScriptedClient& client, std::string id, std::uint32_t expiry = 3600) {
    Connect packet = client.connectPacket(std::move(id));
    packet.cleanStart = false;
    if (packet.version == Version::V5) packet.properties.sessionExpiry = expiry;
    return packet;
}

struct DropCounter final : BrokerObserver {
    void messageDropped(std::string_view, std::string_view) override { ++told; }
    int told = 0;
};

struct BrokerSession : ::testing::TestWithParam<Version> {
    BrokerWorld world;
    ScriptedClient client{world, GetParam()};
    ScriptedClient again{world, GetParam()};
    ScriptedClient publisher{world, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(AllVersions, BrokerSession,
                         ::testing::Values(Version::V31, Version::V311, Version::V5),
                         test::versionName);

TEST(BrokerSession, WhatHasExpiredTakesNoRoomInAQueue) {
    BrokerLimits limits;
    limits.maxQueuedMessages = 3;
    BrokerWorld world{limits};
    ScriptedClient client{world}, again{world}, publisher{world};
    client.connects(persistent(client, "c"));
    client.subscribes("a", 1);
    client.vanishes();
    publisher.connects("p");
    for (const std::string payload : {"1", "2", "3"}) {
        Publish packet{"a", payload, 1, false, false, 1, {}};
        packet.properties.messageExpiry = payload == "2" ? 60 : 5;
        publisher.sends(packet);
    }
    world.after(6s);
    EXPECT_EQ(world.broker.counters().droppedExpired, 2u);
    publisher.sends(Publish{"a", "4", 1, false, false, 1, {}});
    again.connects(persistent(again, "c"));
    again.expectsMessage("a", "2");
    again.expectsMessage("a", "4");
    again.expectsNothing();
}

TEST_P(BrokerSession, KeepsSubscriptionsAndQos1And2MessagesWhileAway) {
    client.connects(persistent(client, "c"));
    client.subscribes("a", 2);
    client.vanishes();
    publisher.connects("p");
    for (const int qos : {0, 1, 2}) publisher.publishes("a", std::to_string(qos), qos);
    const Connack connack = again.connects(persistent(again, "c"));
    EXPECT_EQ(connack.sessionPresent, GetParam() != Version::V31);  // 3.1 has no such flag
    EXPECT_EQ(again.expectsMessage("a", "1").qos, 1);
    EXPECT_EQ(again.expectsMessage("a", "2").qos, 2);
    again.expectsNothing();
}

TEST_P(BrokerSession, ForgetsEverythingAtACleanStart) {
    client.connects(persistent(client, "c"));
    client.subscribes("a", 1);
    client.vanishes();
    EXPECT_FALSE(again.connects("c").sessionPresent);
    publisher.connects("p");
    publisher.publishes("a", "x", 1);
    again.expectsNothing();
}

TEST_P(BrokerSession, SendsAgainNoMoreThanTheConnectionHasRoomFor) {
    constexpr std::size_t kPayload = 200 << 10;
    constexpr int kMessages = 20;
    client.connects(persistent(client, "c"));
    client.subscribes("a", 1);
    publisher.connects("p");
    for (int i = 0; i < kMessages; ++i) publisher.publishes("a", std::string(kPayload, 'x'), 1);
    client.vanishes();
    again.sends(persistent(again, "c"));
    EXPECT_LT(again.connection().output().bytes(), world.broker.limits().pumpBytes + 2 * kPayload);
    EXPECT_EQ(again.received(), 1U + kMessages);  // CONNACK; reading makes room
}

TEST_P(BrokerSession, SendsUnacknowledgedMessagesAgainInOrderAndAsDuplicates) {
    client.connects(persistent(client, "c"));
    client.subscribes("a", 2);
    publisher.connects("p");
    for (const int i : {1, 2, 3}) publisher.publishes("a", std::to_string(i), i == 2 ? 2 : 1);
    std::vector<std::uint16_t> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(client.expects<Publish>().packetId);
    client.vanishes();
    again.connects(persistent(again, "c"));
    for (std::size_t i = 0; i < 3; ++i) {
        const Publish message = again.expectsMessage("a", std::to_string(i + 1));
        EXPECT_TRUE(message.dup);
        EXPECT_EQ(message.packetId, ids[i]);
    }
    again.expectsNothing();
}

TEST_P(BrokerSession, SendsPubrelAgainForWhatWasReceived) {
    client.connects(persistent(client, "c"));
    client.subscribes("a", 2);
    publisher.connects("p");
    publisher.publishes("a", "x", 2);
    const std::uint16_t id = client.expects<Publish>().packetId;
    client.sends(Pubrec{id, ReasonCode::Success, {}});
    client.expects<Pubrel>();
    client.vanishes();
    again.connects(persistent(again, "c"));
    EXPECT_EQ(again.expects<Pubrel>().packetId, id);
    again.sends(Pubcomp{id, ReasonCode::Success, {}});
    again.expectsNothing();
}

TEST_P(BrokerSession, RemembersUnreleasedQos2IdsOverAResume) {
    ScriptedClient subscriber(world, GetParam());
    subscriber.connects("s");
    subscriber.subscribes("a", 0);
    client.connects(persistent(client, "c"));
    Publish packet;
    packet.topic = "a";
    packet.qos = 2;
    packet.packetId = 5;
    client.sends(packet);
    client.vanishes();
    again.connects(persistent(again, "c"));
    packet.dup = true;
    again.sends(packet);
    again.expects<Pubrec>();
    EXPECT_EQ(subscriber.received(), 1u);
}

TEST_P(BrokerSession, SendsTheOlderConnectionAway) {
    client.connects("c");
    again.connects("c");
    if (GetParam() == Version::V5) {
        client.expectsDisconnect(ReasonCode::SessionTakenOver);
    } else {
        client.expectsClosed();
    }
    EXPECT_FALSE(again.isClosed());
    EXPECT_EQ(world.broker.counters().takeOvers, 1u);
}

TEST_P(BrokerSession, ResumesASessionThatItTakesOver) {
    client.connects(persistent(client, "c"));
    client.subscribes("a", 1);
    again.connects(persistent(again, "c"));
    publisher.connects("p");
    publisher.publishes("a", "x", 1);
    again.expectsMessage("a", "x");
}

TEST_P(BrokerSession, DoesNotGiveASessionToAnotherIdentity) {
    Connect mine = persistent(client, "c");
    mine.username = "alice";
    client.connects(mine);
    Connect theirs = again.connectPacket("c");
    theirs.username = "mallory";
    again.sends(theirs);
    const Connack answer = again.expects<Connack>();
    EXPECT_EQ(answer.code, GetParam() == Version::V5 ? 0x85 : 2);
    again.expectsClosed();
    EXPECT_FALSE(client.isClosed());
    client.vanishes();  // and not to take an absent client's either
    ScriptedClient third(world, GetParam());
    third.sends(theirs);
    EXPECT_NE(third.expects<Connack>().code, 0);
}

TEST_P(BrokerSession, TellsRarelyOfAQueueThatIsFullTimeAndAgain) {
    BrokerLimits limits;
    limits.maxInFlight = 1;
    limits.maxQueuedMessages = 1;
    DropCounter drops;
    BrokerWorld small(limits, &drops);
    ScriptedClient slow(small, GetParam()), sender(small, GetParam());
    slow.connects("slow");
    slow.subscribes("a", 1);
    sender.connects("p");
    for (const int told : {1, 2}) {
        for (int i = 0; i < 20; ++i) {
            for (int message = 0; message < 3; ++message) sender.publishes("a", "x", 1);
            slow.sends(Puback{slow.expectsMessage("a", "x").packetId, ReasonCode::Success, {}});
        }
        EXPECT_EQ(drops.told, told);
        small.after(10s);
    }
    EXPECT_GE(small.broker.counters().droppedQueueFull, 40u);
}

TEST_P(BrokerSession, BoundsTheQueueOfAnAbsentClientAndCountsWhatItDrops) {
    BrokerLimits limits;
    limits.maxQueuedMessages = 10;
    BrokerWorld small(limits);
    ScriptedClient sleeper(small, GetParam()), sender(small, GetParam());
    sleeper.connects(persistent(sleeper, "c"));
    sleeper.subscribes("a", 1);
    sleeper.vanishes();
    sender.connects("p");
    for (int i = 0; i < 15; ++i) sender.publishes("a", std::to_string(i), 1);
    EXPECT_EQ(small.broker.counters().droppedQueueFull, 5u);
    ScriptedClient back(small, GetParam());
    back.connects(persistent(back, "c"));
    EXPECT_EQ(back.received(), 10u);
    back.expectsMessage("a", "0");
}

TEST(BrokerExpiry, EndsASessionWhenItsTimeIsOver) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects(persistent(client, "c", 10));
    client.vanishes();
    EXPECT_EQ(world.broker.gauges().sessions, 1u);
    world.after(9s);
    EXPECT_EQ(world.broker.gauges().sessions, 1u);
    world.after(2s);
    EXPECT_EQ(world.broker.gauges().sessions, 0u);
    ScriptedClient again(world);
    EXPECT_FALSE(again.connects(persistent(again, "c", 10)).sessionPresent);
}

TEST(BrokerExpiry, EndsASessionWithoutExpiryWithItsConnection) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects("c");
    client.subscribes("a", 1);
    client.sends(Disconnect{});
    EXPECT_EQ(world.broker.gauges().sessions, 0u);
    EXPECT_EQ(world.broker.gauges().subscriptions, 0u);
}

TEST(BrokerExpiry, TakesANewExpiryFromDisconnect) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects(persistent(client, "c", 10));
    Disconnect packet;
    packet.properties.sessionExpiry = 100;
    client.sends(packet);
    world.after(50s);
    EXPECT_EQ(world.broker.gauges().sessions, 1u);
    world.after(51s);
    EXPECT_EQ(world.broker.gauges().sessions, 0u);
}

TEST(BrokerExpiry, RefusesToRaiseAnExpiryOfZeroAtDisconnect) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects("c");
    Disconnect packet;
    packet.properties.sessionExpiry = 100;
    client.sends(packet);
    client.expectsDisconnect(ReasonCode::ProtocolError);
}

TEST(BrokerExpiry, CutsAnExpiryToTheServersMaximumAndSaysSo) {
    BrokerLimits limits;
    limits.maxSessionExpiry = 60;
    BrokerWorld world(limits);
    ScriptedClient client(world);
    EXPECT_EQ(client.connects(persistent(client, "c", 3600)).properties.sessionExpiry, 60u);
    client.vanishes();
    world.after(61s);
    EXPECT_EQ(world.broker.gauges().sessions, 0u);
}

TEST(BrokerExpiry, DropsQueuedMessagesWhoseTimeIsOverAndSendsWhatIsLeftOfOthers) {
    BrokerWorld world;
    ScriptedClient client(world), publisher(world);
    client.connects(persistent(client, "c"));
    client.subscribes("a", 1);
    client.vanishes();
    publisher.connects("p");
    Publish packet;
    packet.topic = "a";
    packet.qos = 1;
    for (const std::uint32_t seconds : {5u, 60u}) {
        packet.packetId = static_cast<std::uint16_t>(seconds);
        packet.payload = std::to_string(seconds);
        packet.properties.messageExpiry = seconds;
        publisher.sends(packet);
    }
    world.after(20s);
    ScriptedClient again(world);
    again.connects(persistent(again, "c"));
    EXPECT_EQ(again.expectsMessage("a", "60").properties.messageExpiry, 40u);
    again.expectsNothing();
}

TEST(BrokerExpiry, RefusesMoreSessionsThanItsLimit) {
    BrokerLimits limits;
    limits.maxSessions = 2;
    BrokerWorld world(limits);
    ScriptedClient one(world), two(world), three(world);
    one.connects("1");
    two.connects("2");
    three.sends(three.connectPacket("3"));
    EXPECT_EQ(three.expects<Connack>().code, static_cast<int>(ReasonCode::QuotaExceeded));
    three.expectsClosed();
}

TEST(BrokerSessions, OfOneIdentityAreBounded) {
    BrokerLimits limits;
    limits.maxSessionsPerIdentity = 1;
    BrokerWorld world{limits};
    ScriptedClient first{world}, second{world}, other{world}, later{world};
    first.connects("1");
    second.sends(second.connectPacket("2"));
    EXPECT_EQ(second.expects<Connack>().code, static_cast<std::uint8_t>(ReasonCode::QuotaExceeded));
    Connect packet = other.connectPacket("3");
    packet.username = "somebody else";
    other.connects(packet);
    first.vanishes();
    later.connects("2");
}

// Anybody may look, and leave sessions that nobody reads.
TEST(BrokerSessions, OfOneIdentityLeaveRoomInQueuesForOthers) {
    BrokerLimits limits;
    limits.maxQueuedBytesTotal = 100'000;
    limits.maxQueuedBytesPerIdentity = 50'000;
    BrokerWorld world{limits};
    const auto leaves = [&](const char* id, const char* user) {
        ScriptedClient client{world};
        Connect packet = client.connectPacket(id);
        packet.username = user;
        packet.properties.sessionExpiry = 3600;
        client.connects(packet);
        client.subscribes("t", 1);
        client.vanishes();
    };
    for (const char* id : {"1", "2", "3", "4"}) leaves(id, "idler");
    leaves("5", "somebody else");
    ScriptedClient publisher{world};
    publisher.connects("publisher");
    for (int i = 0; i < 20; ++i) publisher.publishes("t", std::string(1'000, 'x'), 1);
    const auto queued = [&](const char* id) {
        return world.broker.sessions().at(id)->queuedMessages();
    };
    EXPECT_EQ(queued("5"), 20U);
    EXPECT_LT(queued("1") + queued("2") + queued("3") + queued("4"), 50U);
    leaves("1", "idler");  // what it had is free again, and it may stay
    EXPECT_LE(world.broker.gauges().queuedBytes, limits.maxQueuedBytesTotal);
}

}  // namespace
