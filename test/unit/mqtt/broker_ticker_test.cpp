#include "master/mqtt/broker_ticker.hpp"

#include "test/support/manual_loop.hpp"
#include "test/support/scripted_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ManualLoop;
using test::ScriptedClient;

namespace {

struct BrokerTickerTest : ::testing::Test {
    void SetUp() override {
        world.now = loop.now();
        Connect packet = client.connectPacket("c");
        packet.keepAlive = 10;
        client.connects(packet);
    }
    /// The loop runs on; what the broker reads next, it reads at its time.
    void runFor(std::chrono::milliseconds time) {
        loop.advance(time);
        world.now = loop.now();
    }
    BrokerWorld world;
    ManualLoop loop;
    BrokerTicker ticker{loop, world.broker};
    ScriptedClient client{world};
};

TEST_F(BrokerTickerTest, EndsAClientThatIsSilent) {
    runFor(14s);
    EXPECT_FALSE(client.isClosed());
    runFor(2s);
    EXPECT_TRUE(client.isClosed());
}

TEST_F(BrokerTickerTest, ReadsFirstWhatClientsSentInAPauseOfTheBroker) {
    loop.stall(60s);
    runFor(0s);
    EXPECT_FALSE(client.isClosed());
    client.sends(Pingreq{});
    client.expects<Pingresp>();
    runFor(14s);
    EXPECT_FALSE(client.isClosed());
}

TEST_F(BrokerTickerTest, EndsAClientThatSentNothingInThatPause) {
    loop.stall(60s);
    runFor(500ms);
    EXPECT_TRUE(client.isClosed());
}

TEST_F(BrokerTickerTest, TicksOnWhileEveryTickIsLate) {
    for (int i = 0; i < 2; ++i) {
        loop.stall(30s);
        runFor(0s);
    }
    EXPECT_TRUE(client.isClosed());
}

}  // namespace
