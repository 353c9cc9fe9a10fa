// Bounds at real sockets: who is over one is turned away, and nobody else notices.
#include "test/support/eventually.hpp"
#include "test/support/live_broker.hpp"
#include "test/support/mqtt_bytes.hpp"
#include "test/support/raw_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;
using namespace std::chrono_literals;

namespace {

std::string connectBytes(const std::string& id) {
    Connect packet;
    packet.version = Version::V5;
    packet.clientId = id;
    packet.cleanStart = true;
    std::string bytes;
    encode(packet, Version::V5, bytes);
    return bytes;
}

bool isLetIn(RawClient& client, const std::string& id) {
    client.send(connectBytes(id));
    const std::string answer = client.receive(4, 5s);
    return answer.size() == 4 && answer[0] == '\x20' && answer[3] == '\0';
}

TEST(BrokerLimitsAtSockets, ServeAGoodClientAmongManyHalfOpenOnes) {
    BrokerLimits limits;
    limits.maxHalfOpen = 50;
    LiveBroker live(limits);
    RawClient early(live.port());
    ASSERT_TRUE(isLetIn(early, "early"));
    std::vector<std::unique_ptr<RawClient>> flood;
    for (int i = 0; i < 500; ++i) flood.push_back(std::make_unique<RawClient>(live.port()));
    RawClient good(live.port());
    EXPECT_TRUE(isLetIn(good, "good"));
    EXPECT_TRUE(flood.front()->isClosedWithin(5s));
    early.send(std::string("\xC0\0", 2));
    const std::string pingresp("\xD0\0", 2);
    EXPECT_NE(early.receiveUntil(pingresp, 5s).find(pingresp), std::string::npos);
    EXPECT_TRUE(eventually(5s, [&] { return live.counters().halfOpenClosed >= 450; }));
    EXPECT_LE(live.gauges().halfOpen, 50U);
}

TEST(BrokerLimitsAtSockets, BoundTheConnectionsOfOneAddress) {
    BrokerLimits limits;
    limits.maxConnectionsPerAddress = 2;
    LiveBroker live(limits);
    RawClient first(live.port());
    ASSERT_TRUE(isLetIn(first, "first"));
    {
        RawClient second(live.port());
        ASSERT_TRUE(isLetIn(second, "second"));
        RawClient third(live.port());
        EXPECT_TRUE(third.isClosedWithin(5s));
    }
    EXPECT_TRUE(eventually(5s, [&] { return live.gauges().connections == 1; }));
    RawClient again(live.port());
    EXPECT_TRUE(isLetIn(again, "again"));
    EXPECT_GE(live.counters().addressRefused, 1U);
}

TEST(BrokerLimitsAtSockets, SlowDownWhoSendsTooMuchAndLoseNothing) {
    BrokerLimits limits;
    limits.rate.messagesPerSecond = 100;
    LiveBroker live(limits);
    RawClient client(live.port());
    ASSERT_TRUE(isLetIn(client, "c"));
    // QoS 0, topic "t", no properties.
    for (int i = 0; i < 250; ++i) {
        client.send(std::string("\x30\x04\0\x01t\0", 6));
        if (i != 149) continue;
        EXPECT_TRUE(eventually(5s, [&] { return live.counters().ratePauses > 0; }));
    }
    EXPECT_TRUE(eventually(10s, [&] { return live.counters().messagesReceived == 250; }));
}

}  // namespace
