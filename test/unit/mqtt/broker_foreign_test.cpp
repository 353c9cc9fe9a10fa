#include "test/support/scripted_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ScriptedClient;

namespace {

struct Gateway final : LinkObserver {
    void onOpen(Link& link) override {
        log += "open;";
        last = &link;
    }
    void onMessage(Link& link, std::string_view topic, std::string_view payload) override {
        log += std::string(topic) + "=" + std::string(payload) + ";";
        if (payload == "kick") link.close("kicked");
    }
    void onClose(Link&, std::string_view) override {
        log += "close;";
        last = nullptr;
    }
    Link* last = nullptr;
    std::string log;
};

struct BrokerForeign : ::testing::TestWithParam<Version> {
    Gateway gateway;
    BrokerWorld world;
    ScriptedClient peer{world, GetParam()};
    void SetUp() override {
        world.broker.setForeignProtocol({{"register", "reconnect", "monitor", "client"}, &gateway});
    }
    Connect bare(std::string id = "MQTT_ADMIN_1") const {
        Connect packet = peer.connectPacket(std::move(id));
        packet.keepAlive = 0;
        return packet;
    }
    void becomesForeign() {
        peer.connects(bare());
        peer.publishes("register", "{}");
    }
};
INSTANTIATE_TEST_SUITE_P(Levels3And4, BrokerForeign, ::testing::Values(Version::V31, Version::V311),
                         test::versionName);

TEST_P(BrokerForeign, IsRecognisedByItsFirstPublish) {
    becomesForeign();
    EXPECT_EQ(gateway.log, "open;register={};");
    EXPECT_EQ(world.broker.gauges().sessions, 0u);
    EXPECT_EQ(world.broker.counters().foreignLinks, 1u);
}

TEST_P(BrokerForeign, IsRecognisedHoweverTheBytesAreCut) {
    peer.connects(bare());
    std::string bytes;
    Publish packet;
    packet.topic = "register";
    packet.payload = "{}";
    encode(packet, GetParam(), bytes);
    for (const char byte : bytes) peer.sendsBytes({&byte, 1});
    EXPECT_EQ(gateway.log, "open;register={};");
}

TEST_P(BrokerForeign, IsNeverKeyedOnItsClientId) {
    becomesForeign();
    ScriptedClient twin(world, GetParam());
    twin.connects(bare());
    twin.publishes("client", "{}");
    EXPECT_FALSE(peer.isClosed());
    EXPECT_EQ(gateway.log, "open;register={};open;client={};");
}

TEST_P(BrokerForeign, GetsQos0PublishesUnasked) {
    becomesForeign();
    ASSERT_TRUE(gateway.last->send("register", "{\"code\":1}"));
    const Publish message = peer.expectsMessage("register", "{\"code\":1}");
    EXPECT_EQ(message.qos, 0);
    EXPECT_FALSE(message.retain);
}

TEST_P(BrokerForeign, MayUseAnyTopicAndQosAfterwards) {
    becomesForeign();
    gateway.log.clear();
    peer.publishes("anything", "0", 0);
    peer.publishes("monitor", "1", 1);
    EXPECT_EQ(peer.expects<Puback>().packetId, 1);
    Publish packet;
    packet.topic = "monitor";
    packet.payload = "2";
    packet.qos = 2;
    packet.packetId = 9;
    peer.sends(packet);
    packet.dup = true;
    peer.sends(packet);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(peer.expects<Pubrec>().packetId, 9);
    peer.sends(Pubrel{9, ReasonCode::Success, {}});
    EXPECT_EQ(peer.expects<Pubcomp>().packetId, 9);
    EXPECT_EQ(gateway.log, "anything=0;monitor=1;monitor=2;");
}

TEST_P(BrokerForeign, GetsPingResponsesAndRefusedSubscriptions) {
    becomesForeign();
    peer.sends(Pingreq{});
    peer.expects<Pingresp>();
    peer.sends(Subscribe{4, {{"a", 0}, {"b", 1}}, {}});
    EXPECT_EQ(peer.expects<Suback>().codes.size(), 2u);
    EXPECT_EQ(world.broker.gauges().subscriptions, 0u);
    EXPECT_FALSE(peer.isClosed());
}

TEST_P(BrokerForeign, ItsMessagesDoNotReachMqttClients) {
    ScriptedClient client(world);
    client.connects("c");
    client.subscribes("#");
    becomesForeign();
    client.expectsNothing();
}

TEST_P(BrokerForeign, ClosesTheLinkAtDisconnect) {
    becomesForeign();
    peer.sends(Disconnect{});
    EXPECT_EQ(gateway.log, "open;register={};close;");
    peer.expectsClosed();
}

TEST_P(BrokerForeign, ClosesTheLinkOnceWhenTheNetworkFails) {
    becomesForeign();
    peer.vanishes();
    peer.vanishes();
    EXPECT_EQ(gateway.log, "open;register={};close;");
}

TEST_P(BrokerForeign, IsKickedWithADisconnect) {
    becomesForeign();
    peer.publishes("register", "kick");
    peer.publishes("register", "ignored");
    peer.expects<Disconnect>();
    EXPECT_TRUE(peer.isClosed());
    EXPECT_FALSE(gateway.last->send("a", "b"));
    peer.vanishes();
    EXPECT_EQ(gateway.log, "open;register={};register=kick;close;");
}

TEST_P(BrokerForeign, IsClosedAsASlowConsumerAtTheBound) {
    BrokerLimits limits;
    limits.maxOutputBytes = 10'000;
    BrokerWorld small(limits);
    small.broker.setForeignProtocol({{"register"}, &gateway});
    ScriptedClient slow(small, GetParam());
    slow.connects(bare());
    slow.publishes("register", "{}");
    slow.stopsReading();
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(gateway.last->send("a", std::string(1000, 'x')));
    const auto refused = gateway.last->send("a", std::string(1000, 'x'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::Limit);
    EXPECT_TRUE(slow.isClosed());
    EXPECT_EQ(small.broker.counters().slowConsumers, 1u);
    slow.vanishes();
    EXPECT_EQ(gateway.log, "open;register={};close;");
}

TEST_P(BrokerForeign, AnyOtherFirstPacketMakesItMqtt) {
    ScriptedClient watcher(world, GetParam());
    watcher.connects("w");
    watcher.subscribes("#");
    peer.connects(bare("c"));
    peer.publishes("other", "x");
    watcher.expectsMessage("other", "x");
    EXPECT_EQ(gateway.log, "");
    ScriptedClient second(world, GetParam());
    second.connects(bare("d"));
    second.subscribes("a");
    ScriptedClient third(world, GetParam());
    third.connects(bare("e"));
    third.publishes("register", "x", 1);  // not QoS 0
    third.expects<Puback>();
    EXPECT_EQ(gateway.log, "");
    EXPECT_EQ(world.broker.gauges().sessions, 4u);
}

TEST_P(BrokerForeign, TakesOverAnIdOnlyOnceItIsKnownToBeMqtt) {
    ScriptedClient holder(world, GetParam());
    holder.connects("same");
    peer.connects(bare("same"));
    EXPECT_FALSE(holder.isClosed());
    peer.sends(Pingreq{});
    peer.expects<Pingresp>();
    EXPECT_TRUE(holder.isClosed());
}

TEST_P(BrokerForeign, ASilentClientIsMqttAfterTheDeadline) {
    peer.connects(bare("quiet"));
    EXPECT_EQ(world.broker.gauges().sessions, 0u);
    world.after(11s);
    EXPECT_EQ(world.broker.gauges().sessions, 1u);
    EXPECT_FALSE(peer.isClosed());
    peer.publishes("register", "{}");
    EXPECT_EQ(gateway.log, "");
}

TEST_P(BrokerForeign, AnUndecidedClientThatMayNotConnectIsClosed) {
    world.access.verdict = ReasonCode::NotAuthorized;
    peer.connects(bare("c"));
    peer.sends(Pingreq{});
    peer.expectsClosed();
}

TEST_P(BrokerForeign, WhoHasAUserOrAWillOrAKeepAliveIsMqttAtOnce) {
    std::vector<Connect> packets(4, bare("c"));
    packets[0].username = "u";
    packets[1].will = Will{"w", "", 0, false, {}};
    packets[2].keepAlive = 1;
    packets[3].cleanStart = false;
    for (const Connect& packet : packets) {
        ScriptedClient client(world, GetParam());
        client.connects(packet);
        EXPECT_EQ(world.broker.gauges().sessions, 1u);
        client.publishes("register", "{}");
        client.sends(Disconnect{});
        world.broker.disconnectIdentity(packet.username.value_or("anonymous"),
                                        ReasonCode::AdministrativeAction);
    }
    EXPECT_EQ(gateway.log, "");
}

TEST(BrokerForeignV5, IsNeverUndecided) {
    Gateway gateway;
    BrokerWorld world;
    world.broker.setForeignProtocol({{"register"}, &gateway});
    ScriptedClient client(world, Version::V5);
    Connect packet = client.connectPacket("c");
    packet.keepAlive = 0;
    client.connects(packet);
    client.publishes("register", "{}");
    EXPECT_EQ(gateway.log, "");
}

}  // namespace
