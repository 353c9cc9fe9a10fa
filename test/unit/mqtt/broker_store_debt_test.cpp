// Who waits because the store has yet to write what he, or another one of his name, caused.
#include "master/mqtt/codec.hpp"
#include "test/support/manual_session_store.hpp"
#include "test/support/scripted_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ScriptedClient;

namespace {

constexpr std::size_t kMost = 4U << 20;       // of a name, for those of its clients who write
constexpr std::size_t kMostOfAll = 8U << 20;  // of a name, for all of its clients
constexpr std::size_t kLarge = 900U << 10;    // of a message: five are more than kMost

struct BrokerStoreDebt : ::testing::Test {
    BrokerStoreDebt() { EXPECT_TRUE(world.broker.restore(store, world.now)); }

    static Connect of(const std::string& user, ScriptedClient& client, std::string id) {
        Connect packet = client.connectPacket(std::move(id));
        packet.username = user;
        return packet;
    }
    static void writes(ScriptedClient& client, std::size_t times = 1) {
        for (std::size_t i = 0; i < times; ++i)
            client.sends(Publish{"a", std::string(kLarge, 'x'), 0, true, false, 0, {}});
    }
    std::size_t owed() const {
        std::size_t sum = 0;
        for (std::size_t i = store.committed(); i < store.changes.size(); ++i)
            sum += bytesOf(store.changes[i]);
        return sum;
    }
    std::uint64_t pauses() { return world.broker.counters().storePauses; }
    static bool isRead(ScriptedClient& client) { return client.connection().wantsInput(); }

    test::ManualSessionStore store;  // outlives the broker
    BrokerWorld world;
    ScriptedClient publisher{world};
    ScriptedClient sibling{world};
    ScriptedClient other{world};
};

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
    Publish first{std::string(60'000, 't'), "x", 0, true, false, 0, {}};
    first.properties.topicAlias = 1;
    Publish next{"", "y", 0, true, false, 0, {}};
    next.properties.topicAlias = 1;
    std::string bytes;
    encode(first, Version::V5, bytes);
    for (std::size_t i = 1; i < kTimes; ++i) encode(next, Version::V5, bytes);
    encode(Pingreq{}, Version::V5, bytes);
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

TEST_F(BrokerStoreDebt, CountsWillsOfThoseWhoComeAndGo) {
    for (int i = 0; i < 100; ++i) {
        ScriptedClient client{world};
        Connect packet = of("p", client, "1");
        packet.will = Will{"state/p", std::string(60'000, 'x'), 1, true, {}};
        client.connects(packet);
        client.vanishes();
    }
    sibling.connects(of("p", sibling, "2"));
    EXPECT_FALSE(isRead(sibling));
    other.connects(of("o", other, "3"));
    EXPECT_TRUE(isRead(other));
    store.commits();
    EXPECT_TRUE(isRead(sibling));
}

TEST_F(BrokerStoreDebt, CountsRetainedMessagesThatASubscriptionBrings) {
    other.connects(of("o", other, "3"));
    for (int i = 0; i < 200; ++i)
        other.publishes("r/" + std::to_string(i), std::string(50'000, 'x'), 1, true);
    store.commits();
    Connect packet = of("p", publisher, "1");
    packet.cleanStart = false;
    packet.properties.sessionExpiry = 3600;
    publisher.connects(packet);
    publisher.sends(Subscribe{1, {{"r/#", 1}}, {}});
    for (int i = 0; i < 400; ++i) {  // it reads, and does not acknowledge
        (void)publisher.received();
        publisher.connection().drained(world.now);
        world.broker.work(world.now);
    }
    EXPECT_GT(store.count<change::PutDelivery>(), 100U);
    EXPECT_FALSE(isRead(publisher));
    store.commits();
    EXPECT_TRUE(isRead(publisher));
}

TEST_F(BrokerStoreDebt, ReadsOnWhenTheStoreFails) {
    publisher.connects(of("p", publisher, "1"));
    writes(publisher, 5);
    EXPECT_FALSE(isRead(publisher));
    std::size_t before = publisher.wakeups();
    store.fails();
    EXPECT_GT(publisher.wakeups(), before);
    EXPECT_TRUE(isRead(publisher)) << "it is to hear that nothing is kept";
    EXPECT_EQ(pauses(), 1U);
    store.recovers();
    EXPECT_FALSE(isRead(publisher));
    EXPECT_EQ(pauses(), 2U);
    before = publisher.wakeups();
    store.commits();
    EXPECT_TRUE(isRead(publisher));
    EXPECT_GT(publisher.wakeups(), before);
}

TEST_F(BrokerStoreDebt, TakesNobodyForSilentWhileItDoesNotRead) {
    Connect packet = of("p", publisher, "1");
    packet.keepAlive = 10;
    publisher.connects(packet);
    writes(publisher, 5);
    world.after(60s);
    EXPECT_FALSE(publisher.isClosed());
    store.commits();
    world.after(14s);
    EXPECT_FALSE(publisher.isClosed());
    world.after(2s);
    EXPECT_TRUE(publisher.isClosed());
}

// A DISCONNECT that is here and waits is a goodbye, whatever ends behind it.
TEST_F(BrokerStoreDebt, KeepsAnEndBehindTheInputThatIsLeft) {
    publisher.connects(of("p", publisher, "1"));
    EXPECT_FALSE(publisher.connection().hasInputLeft());
    writes(publisher, 5);
    EXPECT_FALSE(publisher.connection().hasInputLeft());
    publisher.sends(Disconnect{});
    EXPECT_TRUE(publisher.connection().hasInputLeft());
    EXPECT_FALSE(publisher.isClosed());
    store.commits();
    EXPECT_FALSE(publisher.connection().hasInputLeft());
    EXPECT_TRUE(publisher.isClosed() && publisher.connection().hasPeerLeft());
}

}  // namespace
