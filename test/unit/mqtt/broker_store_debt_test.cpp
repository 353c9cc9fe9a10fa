// Who waits because the store has yet to write what he, or another one of his name, caused.
#include "test/unit/mqtt/store_debt_fixture.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerStoreDebt;
using test::kLarge;
using test::kMost;
using test::kMostOfAll;
using test::ScriptedClient;

namespace {

TEST_F(BrokerStoreDebt, StopsWhoWritesAndNotOthers) {
    publisher.connects(of("p", publisher, "1"));
    sibling.connects(of("p", sibling, "2"));
    other.connects(of("o", other, "3"));
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(isRead(publisher)) << i;
        writes(publisher);
    }
    EXPECT_FALSE(isRead(publisher));
    EXPECT_FALSE(isRead(publisher));
    EXPECT_EQ(pauses(), 1U);
    EXPECT_TRUE(isRead(sibling)) << "it wrote nothing";
    sibling.publishes("b", "x", 0, true);
    EXPECT_FALSE(isRead(sibling)) << "it did";
    other.publishes("c", "x", 0, true);
    EXPECT_TRUE(isRead(other));
    const std::size_t before = publisher.wakeups();
    store.commits();
    EXPECT_GT(publisher.wakeups(), before) << "nothing else tells the socket to go on";
    EXPECT_TRUE(isRead(publisher) && isRead(sibling));
    writes(publisher);
    EXPECT_TRUE(isRead(publisher)) << "what is kept does not count any more";
}

TEST_F(BrokerStoreDebt, LetsASteadyWriterGoOnWhileTheStoreKeepsUp) {
    publisher.connects(of("p", publisher, "1"));
    for (int i = 0; i < 50; ++i) {
        const StorePosition before = store.recorded();
        writes(publisher);
        ASSERT_TRUE(isRead(publisher)) << i;
        store.commits(before);  // never all of it
    }
    EXPECT_EQ(pauses(), 0U);
}

// Nine bytes each that the store has to write sixty thousand for.
TEST_F(BrokerStoreDebt, CountsWhatTheStoreWritesAndNotWhatCame) {
    constexpr std::size_t kTimes = 1'000;
    publisher.connects(of("p", publisher, "1"));
    const std::string bytes = aliasedBytes(kTimes) + bytesOf(Pingreq{});
    publisher.sendsBytes(bytes);
    std::size_t turns = 0;
    for (; publisher.received() == 0 && turns < kTimes; ++turns) {
        EXPECT_FALSE(isRead(publisher));
        EXPECT_LE(owed(), kMost + 61'000);
        store.commits();  // no bytes come: the rest of the read is here
    }
    EXPECT_EQ(turns, kTimes * 60'000 / kMost);
    publisher.expects<Pingresp>();
    EXPECT_EQ(store.count<change::PutRetained>(), kTimes);
    EXPECT_EQ(pauses(), turns);
}

TEST_F(BrokerStoreDebt, IsTheSameOnANewConnection) {
    publisher.connects(of("p", publisher, "1"));
    writes(publisher, 5);
    publisher.vanishes();
    world.after(1s);
    sibling.connects(of("p", sibling, "2"));
    EXPECT_TRUE(isRead(sibling));
    writes(sibling);
    EXPECT_FALSE(isRead(sibling));
    store.commits();
    EXPECT_TRUE(isRead(sibling));
}

TEST_F(BrokerStoreDebt, IsBoundedHoweverManyConnectionsANameHas) {
    constexpr std::size_t kClients = 40;
    std::vector<std::unique_ptr<ScriptedClient>> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
        clients.push_back(std::make_unique<ScriptedClient>(world));
        clients.back()->connects(of("p", *clients.back(), std::to_string(i)));
    }
    other.connects(of("o", other, "other"));
    for (auto& client : clients) writes(*client, 2);
    EXPECT_LE(owed(), kMostOfAll + kLarge + 1'000);
    EXPECT_FALSE(isRead(*clients.back()));
    EXPECT_TRUE(isRead(other));
    for (std::size_t i = 0; i < 2 * kClients; ++i) {
        store.commits();
        EXPECT_LE(owed(), kMostOfAll + kLarge + 1'000);
    }
    EXPECT_EQ(store.count<change::PutRetained>(), 2 * kClients);
    EXPECT_TRUE(isRead(*clients.front()) && isRead(*clients.back()));
}

TEST_F(BrokerStoreDebt, BoundsWillsOfThoseWhoComeAndGo) {
    sibling.connects(of("p", sibling, "2"));
    for (int i = 0; i < 200; ++i) {
        ScriptedClient client{world};
        Connect packet = of("p", client, "1");
        packet.will = Will{"state/p", std::string(60'000, 'x'), 1, true, {}};
        client.sends(packet);
        client.vanishes();
    }
    EXPECT_GT(owed(), kMostOfAll);
    EXPECT_LT(owed(), kMostOfAll + 200'000);
    EXPECT_FALSE(isRead(sibling));
    other.connects(of("o", other, "3"));
    EXPECT_TRUE(isRead(other));
    publisher.sends(of("p", publisher, "4"));
    publisher.expectsNothing();
    store.commits();
    EXPECT_EQ(publisher.expects<Connack>().code, 0);
    EXPECT_TRUE(isRead(sibling));
}

TEST_F(BrokerStoreDebt, LetsInWhoWaitedIfHeStillHasTheRight) {
    sibling.connects(of("p", sibling, "2"));
    for (int i = 0; i < 10; ++i) {
        ScriptedClient client{world};
        client.connects(of("p", client, std::to_string(i)));
        writes(client);
    }
    ASSERT_GT(owed(), kMostOfAll);
    publisher.sends(of("p", publisher, "late"));
    publisher.expectsNothing();
    world.access.revoked = "p";
    store.commits();
    EXPECT_NE(publisher.expects<Connack>().code, 0);
}

/// A link that says nothing.
struct SilentLinks final : LinkObserver {
    void onOpen(Link&) override {}
    void onMessage(Link&, std::string_view, std::string_view) override {}
    void onClose(Link&, std::string_view) override {}
};

// Whether they are of another protocol is decided by their first packet, which is a message.
TEST_F(BrokerStoreDebt, CountsTheFirstMessageOfWhoeverMightBeForeign) {
    SilentLinks links;
    world.broker.setForeignProtocol({{"register"}, &links});
    std::vector<std::unique_ptr<ScriptedClient>> clients;
    for (int i = 0; i < 30; ++i) {
        auto& client =
            *clients.emplace_back(std::make_unique<ScriptedClient>(world, Version::V311));
        Connect connect = client.connectPacket(std::to_string(i));
        connect.keepAlive = 0;
        std::string bytes;
        encode(connect, Version::V311, bytes);
        encode(Publish{"a", std::string(3U << 20, 'x'), 0, true, false, 0, {}}, Version::V311,
               bytes);
        client.sendsBytes(bytes);
    }
    EXPECT_GT(store.count<change::PutRetained>(), 1U);
    EXPECT_LE(owed(), kMostOfAll + (3U << 20) + 10'000);
    for (int i = 0; i < 30; ++i) store.commits();
    EXPECT_EQ(store.count<change::PutRetained>(), 30U);
}

TEST_F(BrokerStoreDebt, BoundsRetainedMessagesThatSubscriptionsBring) {
    constexpr std::size_t kMessages = 200, kClients = 5;
    other.connects(of("o", other, "3"));
    for (std::size_t i = 0; i < kMessages; ++i) {
        other.sends(
            Publish{"r/" + std::to_string(i), std::string(50'000, 'x'), 1, true, false, 7, {}});
        store.commits();
    }
    std::vector<std::unique_ptr<ScriptedClient>> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
        auto& client = *clients.emplace_back(std::make_unique<ScriptedClient>(world));
        Connect packet = of("p", client, "c" + std::to_string(i));
        packet.cleanStart = false;
        packet.properties.sessionExpiry = 3600;
        client.sends(packet);
        client.sends(Subscribe{1, {{"r/#", 1}}, {}});
    }
    for (int turn = 0; turn < 100; ++turn) {  // they read, and do not acknowledge
        for (int i = 0; i < 20; ++i) {
            for (auto& client : clients) {
                (void)client->received();
                client->connection().drained(world.now);
            }
            world.broker.work(world.now);
        }
        ASSERT_LE(owed(), kMost + 100'000);
        store.commits();
    }
    for (auto& client : clients) EXPECT_EQ(client->received(), 2 + kMessages);
}

TEST_F(BrokerStoreDebt, WritesNoMessageAnewThatIsDealtToAnotherMember) {
    const auto joins = [&](ScriptedClient& client, std::string id) {
        Connect packet = of("p", client, std::move(id));
        packet.cleanStart = false;
        packet.properties.sessionExpiry = 3600;
        packet.properties.receiveMaximum = 1;
        client.sends(packet);
        client.sends(Subscribe{1, {{"$share/g/x", 1}}, {}});
        store.commits();
    };
    joins(publisher, "1");
    joins(sibling, "2");
    other.connects(of("o", other, "3"));
    for (int i = 0; i < 10; ++i) other.publishes("x", std::string(100'000, 'x'), 0);
    for (int i = 0; i < 10; ++i)
        other.sends(Publish{"x", std::string(100'000, 'x'), 1, false, false, 7, {}});
    const std::size_t before = store.count<change::PutMessage>();
    EXPECT_EQ(before, 10U);
    publisher.vanishes();
    EXPECT_GT(world.broker.counters().redealt, 0U);
    EXPECT_EQ(store.count<change::PutMessage>(), before);
}

TEST_F(BrokerStoreDebt, WritesNothingOfWhatAFullQueueDrops) {
    Connect packet = of("p", publisher, "1");
    packet.cleanStart = false;
    packet.properties.sessionExpiry = 3600;
    publisher.connects(packet);
    publisher.sends(Subscribe{1, {{"x", 1}}, {}});
    publisher.vanishes();
    other.connects(of("o", other, "3"));
    for (int i = 0; i < 30; ++i)
        other.sends(Publish{"x", std::string(kLarge, 'x'), 1, false, false, 7, {}});
    for (int i = 0; i < 30; ++i) store.commits();
    EXPECT_GT(world.broker.counters().droppedQueueFull, 0U);
    EXPECT_EQ(store.count<change::PutMessage>(), store.count<change::PutDelivery>());
}

}  // namespace
