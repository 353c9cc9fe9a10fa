#include "master/mqtt/embedded_client.hpp"

#include "master/mqtt/broker_ticker.hpp"
#include "test/support/manual_loop.hpp"
#include "test/support/manual_session_store.hpp"
#include "test/support/scripted_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ManualLoop;
using test::ScriptedClient;

namespace {

struct Events final : ClientObserver {
    void onConnected(bool sessionPresent) override {
        log += sessionPresent ? "resumed;" : "connected;";
    }
    void onMessage(const Message& message) override {
        last = message;
        log += message.topic + "=" + message.payload + ";";
    }
    void onLost(std::string_view, bool refused) override { log += refused ? "refused;" : "lost;"; }
    std::string log;
    Message last;
};

struct EmbeddedClientTest : ::testing::Test {
    BrokerWorld world;
    ManualLoop loop;
    BrokerTicker ticker{loop, world.broker};
    Events events;
    EmbeddedClient client{loop, world.broker, {"master", 0, ""}};
    ConnectOptions options;

    void connect() {
        world.now = loop.now();
        options.clientId = "leader";
        client.connect(options, events);
        loop.run();
        events.log.clear();
    }
    static Message message(std::string topic, std::string payload, int qos = 0) {
        Message result;
        result.topic = std::move(topic);
        result.payload = std::move(payload);
        result.qos = qos;
        return result;
    }
};

TEST_F(EmbeddedClientTest, ConnectsOnItsLoop) {
    options.clientId = "leader";
    client.connect(options, events);
    EXPECT_EQ(events.log, "");
    loop.run();
    EXPECT_EQ(events.log, "connected;");
}

TEST_F(EmbeddedClientTest, IsToldOfWhatIsNotKeptWhileTheStoreFails) {
    test::ManualSessionStore store;
    BrokerWorld kept;
    ASSERT_TRUE(kept.broker.restore(store, kept.now));
    EmbeddedClient one{loop, kept.broker, {"master", 0, ""}};
    options.clientId = "leader";
    one.connect(options, events);
    loop.run();
    ScriptedClient publisher{kept};
    publisher.connects("p");
    publisher.publishes("a", "x", 0, true);  // waits for the disk
    store.fails();
    bool isTold = false;
    one.publish(message("b", "x", 1), [&](Result<PublishOutcome> outcome) { isTold = !!outcome; });
    loop.run();
    EXPECT_TRUE(isTold);
}

TEST_F(EmbeddedClientTest, IsNotSentAwayByAnAdministrator) {
    connect();
    EXPECT_FALSE(world.broker.disconnectClient("leader"));
    EXPECT_TRUE(world.broker.sessions().at("leader")->isConnected());
}

TEST_F(EmbeddedClientTest, ReceivesWhatItPublishes) {
    for (const int qos : {0, 1, 2}) client.subscribe("a/" + std::to_string(qos), qos);
    connect();
    for (const int qos : {0, 1, 2})
        client.publish(message("a/" + std::to_string(qos), std::to_string(qos), qos));
    EXPECT_EQ(events.log, "");  // never from within the call
    loop.run();
    EXPECT_EQ(events.log, "a/0=0;a/1=1;a/2=2;");
    EXPECT_EQ(events.last.qos, 2);
}

TEST_F(EmbeddedClientTest, TellsHowAPublishEnded) {
    connect();
    std::vector<PublishOutcome> outcomes;
    const auto note = [&](Result<PublishOutcome> result) { outcomes.push_back(*result); };
    client.publish(message("a", "x", 1), note);
    client.subscribe("a", 1);
    client.publish(message("a", "x", 1), note);
    EXPECT_TRUE(outcomes.empty());
    loop.run();
    EXPECT_EQ(outcomes, (std::vector{PublishOutcome::NoSubscriber, PublishOutcome::Delivered}));
}

TEST_F(EmbeddedClientTest, ReportsErrorsOfAPublish) {
    std::vector<Errc> errors;
    const auto note = [&](Result<PublishOutcome> result) {
        errors.push_back(result ? Errc::Failed : result.error().code());
    };
    client.publish(message("a", "x"), note);
    loop.run();
    connect();
    client.publish(message("a/#", "x"), note);
    world.access.publishRule = [](const auto&, std::string_view) { return false; };
    client.publish(message("a", "x"), note);
    loop.run();
    EXPECT_EQ(errors, (std::vector{Errc::Closed, Errc::BadMessage, Errc::Denied}));
}

TEST_F(EmbeddedClientTest, TalksWithClientsOnTheNetworkWithAllProperties) {
    connect();
    client.subscribe("ask", 1);
    loop.run();
    ScriptedClient network(world);
    network.connects("n");
    network.subscribes("reply/n/#", 1);
    Publish packet;
    packet.topic = "ask";
    packet.payload = "?";
    packet.properties.responseTopic = "reply/n/r";
    packet.properties.correlationData = "42";
    network.sends(packet);
    loop.run();
    EXPECT_EQ(events.last.responseTopic, "reply/n/r");
    Message answer = message(events.last.responseTopic, "!", 1);
    answer.correlationData = events.last.correlationData;
    answer.expiry = 30s;
    answer.userProperties = {{"a", "b"}};
    client.publish(answer);
    const Publish got = network.expectsMessage("reply/n/r", "!");
    EXPECT_EQ(got.properties.correlationData, "42");
    EXPECT_EQ(got.properties.messageExpiry, 30u);
    EXPECT_EQ(got.properties.userProperties, answer.userProperties);
}

TEST_F(EmbeddedClientTest, LeavesItsWillWhenItIsTakenOverAndComesBack) {
    options.will = message("will", "gone");
    client.subscribe("a", 0);
    connect();
    ScriptedClient watcher(world);
    watcher.connects("w");
    watcher.subscribes("will");
    ScriptedClient thief(world);
    Connect packet = thief.connectPacket("leader");
    packet.username = "master";
    thief.connects(packet);
    loop.run();
    watcher.expectsMessage("will", "gone");
    EXPECT_EQ(events.log, "lost;");
    loop.advance(1s);
    EXPECT_EQ(events.log, "lost;connected;");
    EXPECT_TRUE(thief.isClosed());
    client.publish(message("a", "x"));  // the subscription was renewed
    loop.run();
    EXPECT_EQ(events.log, "lost;connected;a=x;");
}

TEST_F(EmbeddedClientTest, IsRefusedAnIdThatBelongsToAnother) {
    ScriptedClient other(world);
    other.connects("leader");
    options.clientId = "leader";
    client.connect(options, events);
    loop.run();
    EXPECT_EQ(events.log, "refused;");
    other.sends(Disconnect{});
    loop.advance(30s);
    EXPECT_EQ(events.log, "refused;connected;");
}

TEST_F(EmbeddedClientTest, HearsNothingAfterClose) {
    client.subscribe("a", 1);
    connect();
    client.publish(message("a", "x", 1), [](auto) { ADD_FAILURE() << "called after close"; });
    client.close();
    loop.run();
    EXPECT_EQ(events.log, "");
    EXPECT_EQ(world.broker.gauges().sessions, 0u);
}

TEST_F(EmbeddedClientTest, GetsAllOfManyRetainedMessages) {
    connect();
    for (int i = 0; i < 20'000; ++i) {
        Message kept = message("r/" + std::to_string(i), "x");
        kept.retain = true;
        client.publish(kept);
    }
    client.subscribe("r/#", 1);
    loop.run();
    EXPECT_EQ(std::count(events.log.begin(), events.log.end(), ';'), 20'000);
}

TEST_F(EmbeddedClientTest, TellsASubscriberThatItWasDenied) {
    world.access.subscribeRule = [](const auto&, std::string_view) { return false; };
    std::optional<Errc> error;
    client.subscribe("a", 1, [&](Result<void> result) { error = result.error().code(); });
    connect();
    loop.run();
    EXPECT_EQ(error, Errc::Denied);
}

}  // namespace
