// What waits for the store, and what does not.
#include "test/support/manual_session_store.hpp"
#include "test/support/scripted_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ScriptedClient;

namespace {

struct BrokerStore : ::testing::TestWithParam<Version> {
    BrokerStore() { EXPECT_TRUE(world.broker.restore(store, world.now)); }

    Connect persistent(std::string id) {
        Connect packet = client.connectPacket(std::move(id));
        packet.cleanStart = false;
        if (packet.version == Version::V5) packet.properties.sessionExpiry = 3600;
        return packet;
    }
    /// A persistent client with a subscription, who is away.
    void leaves(std::string filter, int qos) {
        client.connects(persistent("c"));
        client.sends(Subscribe{7, {{std::move(filter), static_cast<std::uint8_t>(qos)}}, {}});
        store.commits();
        client.expects<Suback>();
        client.vanishes();
        store.commits();
    }

    test::ManualSessionStore store;  // outlives the broker
    BrokerWorld world;
    ScriptedClient client{world, GetParam()};
    ScriptedClient again{world, GetParam()};
    ScriptedClient publisher{world, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(AllVersions, BrokerStore,
                         ::testing::Values(Version::V31, Version::V311, Version::V5),
                         test::versionName);

TEST_P(BrokerStore, AcknowledgesASubscriptionOfAPersistentSessionOnceItIsKept) {
    client.connects(persistent("c"));
    client.sends(Subscribe{1, {{"a", 1}}, {}});
    client.expectsNothing();
    store.commits();
    EXPECT_EQ(client.expects<Suback>().packetId, 1);
    client.sends(Unsubscribe{2, {"a"}, {}});
    client.expectsNothing();
    store.commits();
    EXPECT_EQ(client.expects<Unsuback>().packetId, 2);
}

TEST_P(BrokerStore, AcknowledgesWhatIsForWhoIsAwayOnceItIsKept) {
    leaves("a", 1);
    publisher.connects("p");
    publisher.sends(Publish{"a", "x", 1, false, false, 1, {}});
    publisher.sends(Publish{"b", "x", 1, false, false, 2, {}});
    publisher.expectsNothing();  // the second waits for its turn
    store.commits();
    EXPECT_EQ(publisher.expects<Puback>().packetId, 1);
    EXPECT_EQ(publisher.expects<Puback>().packetId, 2);
    publisher.sends(Publish{"a", "y", 2, false, false, 3, {}});
    publisher.expectsNothing();
    store.commits();
    EXPECT_EQ(publisher.expects<Pubrec>().packetId, 3);
}

TEST_P(BrokerStore, NeverTouchesTheStoreForQos0AndSessionsThatEnd) {
    client.connects("c");
    client.subscribes("a", 2);
    publisher.connects("p");
    for (const int qos : {0, 1, 2}) publisher.publishes("a", "x", qos);
    EXPECT_EQ(store.recorded(), 0u);
    EXPECT_EQ(client.received(), 3u);
}

TEST_P(BrokerStore, AcknowledgesARetainedMessageOnceItIsKept) {
    publisher.connects("p");
    publisher.sends(Publish{"a", "x", 1, true, false, 1, {}});
    publisher.expectsNothing();
    store.commits();
    EXPECT_EQ(publisher.expects<Puback>().packetId, 1);
    publisher.sends(Publish{"a", "", 1, true, false, 2, {}});
    publisher.expectsNothing();
    store.commits();
    publisher.expects<Puback>();
    EXPECT_EQ(store.count<change::EraseRetained>(), 1u);
}

TEST_P(BrokerStore, KeepsARetainedMessageOfQos0WithoutWaiting) {
    publisher.connects("p");
    publisher.publishes("a", "x", 0, true);
    EXPECT_EQ(store.count<change::PutRetained>(), 1u);
}

TEST_P(BrokerStore, DeliversQos2OnlyWhenItsPacketIdIsKept) {
    client.connects(persistent("c"));
    client.sends(Subscribe{1, {{"a", 2}}, {}});
    store.commits();
    client.expects<Suback>();
    publisher.connects("p");
    publisher.sends(Publish{"a", "x", 2, false, false, 1, {}});
    client.expectsNothing();
    store.commits();
    const Publish message = client.expectsMessage("a", "x");
    client.sends(Pubrec{message.packetId, ReasonCode::Success, {}});
    client.expectsNothing();  // PUBREL makes the id free: not before the PUBREC is kept
    store.commits();
    EXPECT_EQ(client.expects<Pubrel>().packetId, message.packetId);
    client.sends(Pubcomp{message.packetId, ReasonCode::Success, {}});
    client.expectsNothing();
    EXPECT_EQ(store.count<change::EraseDelivery>(), 1u);
    EXPECT_EQ(store.count<change::EraseMessage>(), 1u);
}

TEST_P(BrokerStore, ReleasesAnIncomingQos2MessageOnceThatIsKept) {
    publisher.connects(persistent("p"));
    publisher.sends(Publish{"a", "x", 2, false, false, 9, {}});
    publisher.expectsNothing();
    publisher.sends(Publish{"a", "x", 2, false, true, 9, {}});
    publisher.expectsNothing();
    store.commits();
    EXPECT_EQ(publisher.expects<Pubrec>().packetId, 9);
    EXPECT_EQ(publisher.expects<Pubrec>().packetId, 9);
    publisher.sends(Pubrel{9, ReasonCode::Success, {}});
    publisher.expectsNothing();
    store.commits();
    EXPECT_EQ(publisher.expects<Pubcomp>().packetId, 9);
    EXPECT_EQ(world.broker.counters().messagesReceived, 2u);
}

TEST_P(BrokerStore, TellsOfACleanStartOnceTheOldSessionIsGoneForGood) {
    leaves("a", 1);
    again.sends(again.connectPacket("c"));
    EXPECT_EQ(store.count<change::EraseSession>(), 1u);
    again.sends(Subscribe{1, {{"b", 0}}, {}});
    again.expectsNothing();
    store.commits();
    EXPECT_EQ(again.expects<Connack>().code, 0);
    EXPECT_EQ(again.expects<Suback>().packetId, 1);
}

TEST_P(BrokerStore, GoesOnWithTheRestWhileTheStoreFails) {
    leaves("a", 1);
    again.connects("other");
    again.subscribes("b", 1);
    publisher.connects("p");
    store.fails();
    publisher.publishes("b", "0", 0);
    again.expectsMessage("b", "0");
    publisher.sends(Publish{"b", "1", 1, false, false, 1, {}});
    publisher.expects<Puback>();
    again.expectsMessage("b", "1");
    store.commits();
    publisher.sends(Publish{"a", "x", 1, false, false, 2, {}});
    store.commits();
    EXPECT_EQ(publisher.expects<Puback>().packetId, 2);
}

// 3.x has no reason codes: who is not acknowledged sends it again after a reconnect.
TEST_P(BrokerStore, RefusesWhatItCannotKeep) {
    leaves("a", 1);
    store.fails();
    for (const bool isRetained : {false, true}) {
        ScriptedClient other{world, GetParam()};
        other.connects(isRetained ? "r" : "n");
        other.sends(Publish{isRetained ? "b" : "a", "x", 1, isRetained, false, 1, {}});
        if (GetParam() == Version::V5) {
            EXPECT_EQ(other.expects<Puback>().code, ReasonCode::QuotaExceeded);
            EXPECT_FALSE(other.isClosed());
        } else {
            other.expectsClosed();
        }
    }
    EXPECT_EQ(world.broker.counters().storeRefused, 2u);
    EXPECT_EQ(store.count<change::PutRetained>() + store.count<change::PutDelivery>(), 0u);
}

TEST_P(BrokerStore, TellsPublishersWhoWaitThatItCannotBeKept) {
    leaves("a", 1);
    publisher.connects("p");
    publisher.sends(Publish{"a", "x", 1, false, false, 1, {}});
    publisher.expectsNothing();
    store.fails();
    if (GetParam() == Version::V5) {
        EXPECT_EQ(publisher.expects<Puback>().code, ReasonCode::QuotaExceeded);
    } else {
        publisher.expectsClosed();
    }
}

TEST_P(BrokerStore, RefusesNewPersistentSessionsWhileTheStoreFails) {
    leaves("a", 1);
    store.fails();
    publisher.sends(persistent("new"));
    const Connack refused = publisher.expects<Connack>();
    EXPECT_EQ(refused.code, GetParam() == Version::V5 ? 0x88 : 3);
    EXPECT_TRUE(again.connects(persistent("c")).sessionPresent || GetParam() == Version::V31);
}

TEST_P(BrokerStore, ReadsNoMoreWhileTheStoreIsBehind) {
    publisher.connects("p");
    EXPECT_TRUE(publisher.connection().wantsInput());
    store.isNow(true);
    EXPECT_FALSE(publisher.connection().wantsInput());
    store.isNow(false);
    EXPECT_TRUE(publisher.connection().wantsInput());
}

TEST_P(BrokerStore, TakesNobodyForSilentWhileItDoesNotRead) {
    Connect packet = publisher.connectPacket("p");
    packet.keepAlive = 10;
    publisher.connects(packet);
    store.isNow(true);
    world.after(60s);
    EXPECT_FALSE(publisher.isClosed());
    store.isNow(false);
    world.after(14s);
    EXPECT_FALSE(publisher.isClosed());
    world.after(2s);
    EXPECT_TRUE(publisher.isClosed());
}

// Its PUBREC got lost. Were it refused now, the client would use the id for another message, and
// that would count as seen.
TEST_P(BrokerStore, RefusesNoQos2MessageThatItHasTakenBefore) {
    publisher.connects(persistent("p"));
    publisher.sends(Publish{"a", "x", 2, false, false, 9, {}});
    store.commits();
    publisher.expects<Pubrec>();
    publisher.vanishes();
    store.commits();
    again.connects(persistent("p"));
    store.commits();
    store.fails();
    again.sends(Publish{"a", "x", 2, false, true, 9, {}});
    EXPECT_LT(again.expects<Pubrec>().code, ReasonCode::UnspecifiedError);
}

// What an earlier connection did may not be kept yet: that nothing is left to do promises the same.
TEST_P(BrokerStore, RepeatsAnAnswerOnceWhatItSaysIsKept) {
    client.connects(persistent("c"));
    client.sends(Subscribe{1, {{"a", 1}}, {}});
    client.sends(Publish{"b", "x", 2, false, false, 9, {}});
    store.commits();
    client.expects<Suback>();
    client.expects<Pubrec>();
    client.sends(Unsubscribe{2, {"a"}, {}});
    client.sends(Pubrel{9, ReasonCode::Success, {}});
    client.vanishes();
    again.connects(persistent("c"));
    again.sends(Unsubscribe{2, {"a"}, {}});
    again.sends(Pubrel{9, ReasonCode::Success, {}});
    again.expectsNothing();
    store.commits();
    EXPECT_EQ(again.expects<Unsuback>().packetId, 2);
    EXPECT_EQ(again.expects<Pubcomp>().packetId, 9);
}

TEST_P(BrokerStore, AcknowledgesARemovalOfNothingOnceAnEarlierRemovalIsKept) {
    publisher.connects("p");
    publisher.sends(Publish{"a", "x", 1, true, false, 1, {}});
    store.commits();
    publisher.expects<Puback>();
    publisher.sends(Publish{"a", "", 1, true, false, 2, {}});
    again.connects("q");
    again.sends(Publish{"a", "", 1, true, false, 1, {}});
    again.expectsNothing();
    store.commits();
    again.expects<Puback>();
}

TEST_P(BrokerStore, HoldsNothingOfSessionsThatAreNotKeptWhileItFails) {
    leaves("a", 1);
    again.connects("subscriber");
    again.subscribes("b", 2);
    publisher.connects("p");
    publisher.sends(Publish{"a", "x", 1, false, false, 1, {}});  // fails, and goes on failing
    store.fails();
    ScriptedClient other{world, GetParam()};
    other.connects("other");
    other.sends(Publish{"b", "x", 2, false, false, 1, {}});
    other.expects<Pubrec>();
    other.sends(Publish{"b", "x", 2, false, true, 1, {}});
    other.expects<Pubrec>();
    const std::uint16_t id = again.expectsMessage("b", "x").packetId;
    again.sends(Pubrec{id, ReasonCode::Success, {}});
    EXPECT_EQ(again.expects<Pubrel>().packetId, id);
    again.sends(Unsubscribe{2, {"none"}, {}});
    again.expects<Unsuback>();
}

TEST_P(BrokerStore, DoesNotHoldWhatIsLivingBehindWhatWaitsForTheDisk) {
    client.connects(persistent("c"));
    client.sends(Subscribe{1, {{"a", 1}}, {}});
    store.commits();
    client.expects<Suback>();
    again.connects("r");
    again.subscribes("live", 1);
    client.sends(Unsubscribe{2, {"a"}, {}});
    store.fails();
    client.sends(Publish{"live", "x", 1, false, false, 3, {}});
    const Puback ack = client.expects<Puback>();
    EXPECT_EQ(ack.packetId, 3);
    EXPECT_EQ(ack.code, ReasonCode::Success);
    again.expectsMessage("live", "x");
    store.commits();
    client.expects<Unsuback>();
}

TEST_P(BrokerStore, LetsNobodyAddToWhatCannotBeWritten) {
    leaves("a", 1);
    Connect withWill = again.connectPacket("w");
    withWill.will = Will{"state/w", "gone", 1, true, {}};
    store.fails();
    again.connects(withWill);
    again.vanishes();
    store.isNowFull();
    const std::size_t before = store.changes.size();
    for (const Connect& packet : {withWill, persistent("c")}) {
        ScriptedClient other{world, GetParam()};
        other.sends(packet);
        EXPECT_EQ(other.expects<Connack>().code, GetParam() == Version::V5 ? 0x88 : 3);
    }
    publisher.connects("adds nothing");
    EXPECT_EQ(store.changes.size(), before);
}

TEST_P(BrokerStore, KeepsTheWillThatWouldCorrectARetainedMessage) {
    Connect packet = client.connectPacket("c");
    packet.will = Will{"state/c", "gone", 1, true, {}};
    client.connects(packet);
    EXPECT_EQ(store.count<change::PutSession>(), 1u);
    client.vanishes();
    EXPECT_EQ(store.count<change::PutRetained>(), 1u);
    EXPECT_EQ(store.count<change::EraseSession>(), 1u);
}

}  // namespace
