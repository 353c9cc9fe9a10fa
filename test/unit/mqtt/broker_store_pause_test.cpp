// How those who wait for the store go on, and how they end.
#include "test/unit/mqtt/store_debt_fixture.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::kLarge;
using test::ScriptedClient;

namespace {

struct BrokerStorePause : test::BrokerStoreDebt {
    static constexpr std::size_t kTimes = 200;  // what a store has 12 MB to write for

    /// Connected with a will.
    void connectsWithWill() {
        Connect packet = of("p", publisher, "1");
        packet.will = Will{"state/p", "gone", 0, false, {}};
        publisher.connects(packet);
    }
    std::uint64_t wills() { return world.broker.counters().willsPublished; }
    std::uint64_t messages() { return world.broker.counters().messagesReceived; }
    void commitsAll() {
        for (int i = 0; i < 10; ++i) store.commits();
    }
};

TEST_F(BrokerStorePause, ReadsOnWhenTheStoreFails) {
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

TEST_F(BrokerStorePause, TakesNobodyForSilentWhileItDoesNotRead) {
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
TEST_F(BrokerStorePause, KeepsAnEndBehindTheInputThatIsLeft) {
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

TEST_F(BrokerStorePause, GoesOnWithWhatIsHereWhenTheStoreFails) {
    publisher.connects(of("p", publisher, "1"));
    publisher.sendsBytes(aliasedBytes(kTimes) + bytesOf(Pingreq{}));
    EXPECT_LT(messages(), kTimes);
    publisher.expectsNothing();
    store.fails();
    publisher.expects<Pingresp>();
    EXPECT_EQ(messages(), kTimes);
}

// A script that publishes, says goodbye and starts again.
TEST_F(BrokerStorePause, EndsAConnectionInOrderBeforeItsClientIdConnectsAnew) {
    connectsWithWill();
    publisher.sendsBytes(aliasedBytes(kTimes) + bytesOf(Disconnect{}));
    sibling.sends(of("p", sibling, "1"));
    sibling.expectsNothing();
    commitsAll();
    EXPECT_EQ(sibling.expects<Connack>().code, 0);
    EXPECT_EQ(messages(), kTimes);
    EXPECT_EQ(wills(), 0U);
    EXPECT_EQ(world.broker.counters().takeOvers, 0U);
}

TEST_F(BrokerStorePause, TakesAGoodbyeThatIsHereForOneWhenTheNetworkFails) {
    connectsWithWill();
    publisher.sendsBytes(aliasedBytes(kTimes) + bytesOf(Disconnect{}));
    publisher.vanishes();
    EXPECT_EQ(wills(), 0U);
}

TEST_F(BrokerStorePause, PublishesTheWillOfWhoDidNotSayGoodbyeBeforeTheNetworkFailed) {
    for (const bool hasAskedForIt : {false, true}) {
        ScriptedClient client{world};
        Connect packet = of("p", client, "1");
        packet.will = Will{"state/p", "gone", 0, false, {}};
        client.connects(packet);
        const Disconnect asking{ReasonCode::DisconnectWithWill, {}};
        client.sendsBytes(aliasedBytes(kTimes) + (hasAskedForIt ? bytesOf(asking) : ""));
        EXPECT_TRUE(client.connection().hasInputLeft());
        client.vanishes();
        EXPECT_EQ(wills(), hasAskedForIt ? 2U : 1U);
        commitsAll();
    }
}

TEST_F(BrokerStorePause, LetsInWhoWaitsWhenTheStoreFails) {
    sibling.connects(of("p", sibling, "2"));
    for (int i = 0; i < 10; ++i) {
        ScriptedClient client{world};
        client.connects(of("p", client, std::to_string(i)));
        writes(client);
    }
    publisher.sends(of("p", publisher, "late"));
    publisher.expectsNothing();
    store.fails();
    EXPECT_EQ(publisher.expects<Connack>().code, 0);
}

TEST_F(BrokerStorePause, IsSharedFairlyAmongTheClientsOfAName) {
    constexpr std::size_t kClients = 40, kEach = 6;
    std::vector<std::unique_ptr<ScriptedClient>> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
        auto& client = *clients.emplace_back(std::make_unique<ScriptedClient>(world));
        client.connects(of("p", client, std::to_string(i)));
    }
    for (std::size_t i = 0; i < kClients; ++i)
        for (std::size_t k = 0; k < kEach; ++k)
            clients[i]->sends(
                Publish{std::to_string(i), std::string(kLarge, 'x'), 0, true, false, 0, {}});
    for (std::size_t i = 0; i < kClients; ++i) store.commits();  // five messages each
    std::map<std::string, std::size_t> served;
    for (const StoreChange& one : store.changes)
        if (const auto* put = std::get_if<change::PutRetained>(&one)) ++served[put->content->topic];
    EXPECT_EQ(served.size(), kClients);
    for (const auto& [topic, times] : served) EXPECT_GE(times, 3U) << topic;
}

}  // namespace
