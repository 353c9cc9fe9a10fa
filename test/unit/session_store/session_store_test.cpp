// What a broker still has after kill -9.
#include "test/unit/session_store/store_case.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::ScriptedClient;

namespace {

struct SessionStoreTest : test::Restarts {};

TEST_F(SessionStoreTest, KeepsRetainedMessagesWithAllTheyHave) {
    Publish message{"a", std::string("x\0y", 3), 1, true, false, 1, {}};
    message.properties.contentType = "text/plain";
    message.properties.correlationData = std::string("\xff\x00", 2);
    message.properties.userProperties = {{"k", "1"}, {"k", "2"}};
    auto& publisher = client();
    publisher.connects("p");
    publisher.sends(message);
    publishes("b", "old", 1, true);
    publishes("b", "new", 1, true);
    publishes("c", "x", 1, true);
    publishes("c", "", 1, true);
    restart();
    auto& reader = client();
    reader.connects("r");
    reader.subscribes("#", 1);
    Publish back = reader.expectsMessage("a", message.payload);
    EXPECT_TRUE(back.retain);
    EXPECT_EQ(back.properties, message.properties);
    reader.expectsMessage("b", "new");
    reader.expectsNothing();
}

TEST_F(SessionStoreTest, KeepsSubscriptionsWithTheirOptions) {
    auto& one = client();
    connects(one, "c");
    one.sends(Subscribe{1, {{"a/+", 2, true, true, 0}}, {}});
    one.sends(Subscribe{2, {{"gone", 1}}, {}});
    one.sends(Unsubscribe{3, {"gone"}, {}});
    restart();
    auto& back = client();
    EXPECT_TRUE(connects(back, "c"));
    back.sends(Publish{"a/x", "own", 0, false, false, 0, {}});
    publishes("gone", "x", 1);
    publishes("a/x", "other", 1, true);
    broker_->settles();
    const Publish message = back.expectsMessage("a/x", "other");  // No Local, Retain As Published
    EXPECT_TRUE(message.retain);
    back.expectsNothing();
}

TEST_F(SessionStoreTest, KeepsQueuesInOrderAndPacketIds) {
    auto& one = client();
    connects(one, "c", 1);
    subscribes(one, "a", 2);
    for (const int i : {1, 2, 3, 4}) publishes("a", std::to_string(i), i % 2 == 0 ? 2 : 1);
    broker_->settles();
    EXPECT_EQ(one.expectsMessage("a", "1").packetId, 1);  // not acknowledged
    restart();
    auto& back = client();
    EXPECT_TRUE(connects(back, "c"));
    for (std::uint16_t i = 1; i <= 4; ++i) {
        const Publish message = back.expectsMessage("a", std::to_string(i));
        EXPECT_EQ(message.packetId, i);
        EXPECT_TRUE(message.dup);  // who knows what was sent
    }
}

TEST_F(SessionStoreTest, KnowsWhatWasNeverSentToWhoWasAway) {
    auto& one = client();
    connects(one, "c");
    subscribes(one, "a", 1);
    publishes("a", "sent", 1);
    one.expectsMessage("a", "sent");
    one.vanishes();
    publishes("a", "waits", 1);
    restart();
    auto& back = client();
    connects(back, "c");
    EXPECT_TRUE(back.expectsMessage("a", "sent").dup);
    EXPECT_FALSE(back.expectsMessage("a", "waits").dup);
}

TEST_F(SessionStoreTest, ForgetsWhatWasAcknowledged) {
    auto& one = client();
    connects(one, "c");
    subscribes(one, "a", 2);
    publishes("a", "1", 1);
    one.sends(Puback{one.expectsMessage("a", "1").packetId, ReasonCode::Success, {}});
    publishes("a", "2", 2);
    const std::uint16_t id = one.expectsMessage("a", "2").packetId;
    one.sends(Pubrec{id, ReasonCode::Success, {}});
    broker_->settles();
    one.expects<Pubrel>();
    one.sends(Pubcomp{id, ReasonCode::Success, {}});
    restart();
    auto& back = client();
    EXPECT_TRUE(connects(back, "c"));
    back.expectsNothing();
}

TEST_F(SessionStoreTest, GoesOnWithPubrelForWhatWasReceived) {
    auto& one = client();
    connects(one, "c");
    subscribes(one, "a", 2);
    publishes("a", "1", 1);
    publishes("a", "2", 2);
    one.expectsMessage("a", "1");
    const std::uint16_t id = one.expectsMessage("a", "2").packetId;
    one.sends(Pubrec{id, ReasonCode::Success, {}});
    restart();
    publishes("a", "3", 1);
    auto& back = client();
    connects(back, "c");
    back.expectsMessage("a", "1");
    EXPECT_EQ(back.expectsMessage("a", "3").packetId, id + 1);
    broker_->settles();
    EXPECT_EQ(back.expects<Pubrel>().packetId, id);
}

TEST_F(SessionStoreTest, TakesAReleasedIdAsNewAndAnUnreleasedOneAsSeen) {
    auto& watcher = client();
    watcher.connects("w");
    watcher.subscribes("a", 0);
    auto& one = client();
    connects(one, "p");
    one.sends(Publish{"a", "1", 2, false, false, 1, {}});
    one.sends(Publish{"a", "2", 2, false, false, 2, {}});
    one.sends(Pubrel{2, ReasonCode::Success, {}});
    restart();
    auto& reader = client();
    reader.connects("w");
    reader.subscribes("a", 0);
    auto& back = client();
    EXPECT_TRUE(connects(back, "p"));
    back.sends(Publish{"a", "1", 2, false, true, 1, {}});
    back.sends(Publish{"a", "3", 2, false, false, 2, {}});
    reader.expectsMessage("a", "3");
    reader.expectsNothing();
}

TEST_F(SessionStoreTest, EndsSessionsWhoseTimeIsOver) {
    auto& one = client();
    connects(one, "short", 0, 10);
    subscribes(one, "a", 1);
    one.vanishes();
    auto& other = client();
    connects(other, "long", 0, 1000);
    broker_->world().after(5s);
    restart();
    broker_->world().after(6s);
    EXPECT_FALSE(connects(client(), "short"));
    EXPECT_TRUE(connects(client(), "long"));
}

TEST_F(SessionStoreTest, PublishesWillsOfConnectionsThatBrokeWithTheProcess) {
    auto& waiting = client();
    connects(waiting, "waiting");
    subscribes(waiting, "will/#", 1);
    for (const std::uint32_t delay : {0u, 10u}) {
        auto& one = client();
        Connect packet = one.connectPacket("c" + std::to_string(delay));
        packet.will = Will{"will/" + std::to_string(delay), "gone", 1, true, {}};
        packet.properties.sessionExpiry = delay == 0 ? 0 : 100;
        if (delay != 0) packet.will->properties.willDelay = delay;
        one.connects(packet);
    }
    restart();
    auto& back = client();
    connects(back, "waiting");
    broker_->settles();
    EXPECT_EQ(back.expectsMessage("will/0", "gone").retain, false);
    back.expectsNothing();
    broker_->world().after(11s);
    broker_->settles();
    back.expectsMessage("will/10", "gone");
    auto& reader = client();
    reader.connects("r");
    reader.subscribes("will/#", 0);
    EXPECT_TRUE(reader.expectsMessage("will/0", "gone").retain);
}

TEST_F(SessionStoreTest, KeepsNoSessionThatEndsWithItsConnection) {
    auto& one = client();
    one.connects("c");
    one.subscribes("a", 1);
    auto& other = client();
    connects(other, "d");
    subscribes(other, "a", 1);
    auto& clean = client();
    clean.sends(clean.connectPacket("d"));
    broker_->settles();
    clean.expects<Connack>();
    restart();
    EXPECT_FALSE(connects(client(), "c"));
    EXPECT_FALSE(connects(client(), "d"));
}

TEST_F(SessionStoreTest, DropsMessagesThatExpiredMeanwhile) {
    auto& one = client();
    connects(one, "c");
    subscribes(one, "a", 1);
    one.vanishes();
    auto& publisher = client();
    publisher.connects("p");
    for (const std::uint32_t expiry : {5u, 500u}) {
        Publish message{"a", std::to_string(expiry), 1, false, false, 1, {}};
        message.properties.messageExpiry = expiry;
        publisher.sends(message);
        message.topic = "r/" + message.payload;
        message.retain = true;
        publisher.sends(message);
    }
    restart();
    broker_->world().after(6s);
    auto& back = client();
    connects(back, "c");
    const auto left = back.expectsMessage("a", "500").properties.messageExpiry;
    EXPECT_TRUE(left && *left <= 494);
    back.expectsNothing();
    auto& reader = client();
    reader.connects("r");
    reader.subscribes("r/#", 0);
    reader.expectsMessage("r/500", "500");
    reader.expectsNothing();
}

TEST_F(SessionStoreTest, KeepsOneCopyForManyReceiversAndForgetsItWithTheLast) {
    for (int i = 0; i < 3; ++i) {
        auto& one = client();
        connects(one, "c" + std::to_string(i));
        subscribes(one, "a", 1);
    }
    publishes("a", "x", 1);
    restart();
    for (int i = 0; i < 3; ++i) {
        auto& back = client();
        connects(back, "c" + std::to_string(i));
        back.sends(Puback{back.expectsMessage("a", "x").packetId, ReasonCode::Success, {}});
    }
    restart();
    for (int i = 0; i < 3; ++i) {
        auto& back = client();
        connects(back, "c" + std::to_string(i));
        back.expectsNothing();
    }
}

TEST_F(SessionStoreTest, DealsWhatASharedSubscriptionsMemberLeftToAnother) {
    auto& one = client();
    connects(one, "one");
    subscribes(one, "$share/g/a", 1);
    publishes("a", "x", 1);
    one.expectsMessage("a", "x");
    restart();
    auto& two = client();
    connects(two, "two");
    subscribes(two, "$share/g/a", 1);
    auto& clean = client();
    clean.sends(clean.connectPacket("one"));  // ends the session of who had it
    broker_->settles();
    two.expectsMessage("a", "x");
}

TEST_F(SessionStoreTest, ShowsWhatIsRetainedByWhoGetsTheNameOfOneThatIsNotKnownAnyMore) {
    const auto publishes = [this](const char* payload) {
        auto& one = client();
        Connect packet = one.connectPacket("c");
        packet.username = "revoked";
        one.connects(packet);
        one.publishes("his", payload, 0, true);
    };
    publishes("old");
    restart("revoked");
    publishes("new");
    auto& reader = client();
    reader.connects("r");
    reader.subscribes("#", 1);
    reader.expectsMessage("his", "new");
}

// MQTT 5, 4.8.2-4, -5: who may have it finishes it, or nobody.
TEST_F(SessionStoreTest, DealsNoQos2MessageTwiceThatAnEarlierProcessHasSent) {
    auto& one = client();
    connects(one, "one");
    subscribes(one, "$share/g/a", 2);
    publishes("a", "x", 2);
    one.expectsMessage("a", "x");
    restart();
    auto& two = client();
    connects(two, "two");
    subscribes(two, "$share/g/a", 2);
    auto& clean = client();
    clean.sends(clean.connectPacket("one"));
    broker_->settles();
    two.expectsNothing();
}

// MQTT 5, 4.3.3-7: its id would be in use for ever, and what comes next under it a duplicate.
TEST_F(SessionStoreTest, FinishesAQos2MessageThatHasExpiredButWasSent) {
    auto& one = client();
    connects(one, "c");
    subscribes(one, "a", 2);
    auto& publisher = client();
    publisher.connects("p");
    Publish message{"a", "x", 2, false, false, 1, {}};
    message.properties.messageExpiry = 5;
    publisher.sends(message);
    broker_->settles();
    const std::uint16_t id = one.expectsMessage("a", "x").packetId;
    restart();
    broker_->world().after(6s);
    auto& back = client();
    connects(back, "c");
    EXPECT_EQ(back.expectsMessage("a", "x").packetId, id);
}

TEST_F(SessionStoreTest, KeepsWhatIsLeftOfALifeWhoeverSetsTheClock) {
    for (const auto by : {std::chrono::hours(1000), std::chrono::hours(-5000)}) {
        auto& one = client();
        connects(one, "c", 0, 3600);
        subscribes(one, "a", 1);
        one.vanishes();
        auto& publisher = client();
        publisher.connects("p");
        for (const bool isRetained : {false, true}) {
            Publish message{isRetained ? "r" : "a", "x", 1, isRetained, false, 1, {}};
            message.properties.messageExpiry = 100;
            publisher.sends(message);
        }
        broker_->settles();
        jump(by);
        broker_->loop().advance(10s);  // it looks by itself
        restart();
        broker_->world().after(50s);
        auto& back = client();
        EXPECT_TRUE(connects(back, "c"));
        const Publish queued = back.expectsMessage("a", "x");
        EXPECT_NEAR(queued.properties.messageExpiry.value_or(0), 50, 15);
        back.sends(Puback{queued.packetId, ReasonCode::Success, {}});
        auto& reader = client();
        reader.connects("r");
        reader.subscribes("r", 0);
        reader.expectsMessage("r", "x");
        broker_->world().after(60s);
        auto& later = client();
        later.connects("l");
        later.subscribes("r", 0);
        later.expectsNothing();
        back.vanishes();
    }
}

TEST_F(SessionStoreTest, EndsSessionsOfWhoIsNotKnownAnyMore) {
    auto& one = client();
    Connect packet = one.connectPacket("c");
    packet.username = "revoked";
    packet.cleanStart = false;
    packet.properties.sessionExpiry = 3600;
    packet.will = Will{"will", "x", 1, true, {}};
    one.connects(packet);
    one.publishes("his", "x", 0, true);
    restart("revoked");
    auto& reader = client();
    reader.connects("r");
    reader.subscribes("#", 1);
    reader.expectsNothing();
    EXPECT_FALSE(connects(client(), "c"));
}

}  // namespace
