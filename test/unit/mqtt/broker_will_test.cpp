#include "test/support/scripted_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ScriptedClient;

namespace {

struct BrokerWill : ::testing::TestWithParam<Version> {
    BrokerWorld world;
    ScriptedClient watcher{world, GetParam()};
    ScriptedClient client{world, GetParam()};
    void SetUp() override {
        watcher.connects("watcher");
        watcher.subscribes("will", 2);
    }
    Connect withWill(std::uint32_t delay = 0, std::uint32_t expiry = 0) const {
        Connect packet = client.connectPacket("c");
        packet.keepAlive = 10;
        packet.will = Will{"will", "gone", 1, false, {}};
        if (GetParam() != Version::V5) return packet;
        if (delay != 0) packet.will->properties.willDelay = delay;
        packet.properties.sessionExpiry = expiry;
        packet.cleanStart = expiry == 0;
        return packet;
    }
    void stayAwake() {
        watcher.sends(Pingreq{});
        watcher.expects<Pingresp>();
    }
};
INSTANTIATE_TEST_SUITE_P(AllVersions, BrokerWill,
                         ::testing::Values(Version::V31, Version::V311, Version::V5),
                         test::versionName);
using BrokerWillV5 = BrokerWill;
INSTANTIATE_TEST_SUITE_P(Only, BrokerWillV5, ::testing::Values(Version::V5), test::versionName);

TEST_P(BrokerWill, IsPublishedWhenTheNetworkFails) {
    client.connects(withWill());
    client.vanishes();
    EXPECT_EQ(watcher.expectsMessage("will", "gone").qos, 1);
    watcher.expectsNothing();
}

TEST_P(BrokerWill, IsPublishedAtAKeepAliveTimeout) {
    client.connects(withWill());
    world.after(16s);
    watcher.expectsMessage("will", "gone");
}

TEST_P(BrokerWill, IsPublishedAtAProtocolError) {
    client.connects(withWill());
    client.sends(client.connectPacket("c"));
    watcher.expectsMessage("will", "gone");
}

TEST_P(BrokerWill, IsPublishedAtATakeOver) {
    client.connects(withWill());
    ScriptedClient(world, GetParam()).connects("c");
    watcher.expectsMessage("will", "gone");
}

TEST_P(BrokerWill, IsDroppedAtDisconnect) {
    client.connects(withWill());
    client.sends(Disconnect{});
    watcher.expectsNothing();
}

TEST_P(BrokerWill, IsKeptIfItIsRetained) {
    Connect packet = withWill();
    packet.will->retain = true;
    client.connects(packet);
    client.vanishes();
    ScriptedClient late(world, GetParam());
    late.connects("late");
    late.subscribes("will", 1);
    EXPECT_TRUE(late.expectsMessage("will", "gone").retain);
}

TEST_P(BrokerWill, IsNotPublishedIfTheRightToItWasTakenMeanwhile) {
    client.connects(withWill());
    world.access.publishRule = [](const auto&, std::string_view topic) { return topic != "will"; };
    client.vanishes();
    watcher.expectsNothing();
}

TEST_P(BrokerWillV5, IsPublishedAtDisconnectIfAskedFor) {
    client.connects(withWill());
    client.sends(Disconnect{ReasonCode::DisconnectWithWill, {}});
    watcher.expectsMessage("will", "gone");
}

TEST_P(BrokerWillV5, WaitsForItsDelay) {
    client.connects(withWill(10, 100));
    client.vanishes();
    world.after(9s);
    watcher.expectsNothing();
    world.after(2s);
    watcher.expectsMessage("will", "gone");
    stayAwake();
    world.after(50s);
    stayAwake();
    world.after(50s);
    watcher.expectsNothing();
}

TEST_P(BrokerWillV5, IsCancelledByAReturnWithinItsDelay) {
    client.connects(withWill(10, 100));
    client.vanishes();
    world.after(5s);
    ScriptedClient again(world);
    Connect packet = again.connectPacket("c");
    packet.cleanStart = false;
    again.connects(packet);
    world.after(20s);
    watcher.expectsNothing();
}

TEST_P(BrokerWillV5, ComesWithTheEndOfTheSessionIfThatIsEarlier) {
    client.connects(withWill(100, 10));
    client.vanishes();
    world.after(9s);
    watcher.expectsNothing();
    world.after(2s);
    watcher.expectsMessage("will", "gone");
}

TEST_P(BrokerWillV5, ComesAtOnceWhenACleanStartEndsTheSession) {
    client.connects(withWill(100, 1000));
    client.vanishes();
    watcher.expectsNothing();
    ScriptedClient(world).connects("c");
    watcher.expectsMessage("will", "gone");
}

TEST_P(BrokerWillV5, CarriesItsPropertiesButNotTheDelay) {
    Connect packet = withWill();
    packet.will->properties.contentType = "text/plain";
    packet.will->properties.userProperties = {{"a", "b"}};
    client.connects(packet);
    client.vanishes();
    const Publish message = watcher.expectsMessage("will", "gone");
    EXPECT_EQ(message.properties, packet.will->properties);
}

TEST_P(BrokerWillV5, DelaysOfDifferentLengthDoNotHoldEachOtherBack) {
    std::vector<std::unique_ptr<ScriptedClient>> clients;
    for (const std::uint32_t delay : {20u, 5u, 10u}) {
        clients.push_back(std::make_unique<ScriptedClient>(world));
        Connect packet = withWill(delay, 100);
        packet.clientId = std::to_string(delay);
        packet.will->payload = packet.clientId;
        clients.back()->connects(packet);
    }
    for (auto& each : clients) each->vanishes();
    for (const std::string payload : {"5", "10", "20"}) {
        world.after(payload == "20" ? 10s : 5s);
        watcher.expectsMessage("will", payload);
        watcher.expectsNothing();
    }
}

}  // namespace
