#include "master/mqtt/broker_sys.hpp"

#include "test/support/manual_loop.hpp"
#include "test/support/scripted_client.hpp"

#include <cmath>
#include <map>

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ManualLoop;
using test::ScriptedClient;

namespace {

struct BrokerSysTest : testing::Test {
    BrokerSysTest() {
        world.now = loop.now();
        reader.connects("reader");
    }
    /// Time passes, then the reader looks at every topic under $SYS.
    std::map<std::string, std::string> topicsAfter(std::chrono::milliseconds time) {
        loop.advance(time);
        world.now = loop.now();
        reader.subscribes("$SYS/#");
        std::map<std::string, std::string> topics;
        while (reader.received() > 0) {
            const auto packet = reader.take();
            if (const auto* message = std::get_if<Publish>(&packet))
                topics[message->topic] = message->payload;
        }
        return topics;
    }
    ManualLoop loop;
    BrokerWorld world;
    ScriptedClient reader{world};
};

TEST_F(BrokerSysTest, PublishesUnderMosquittosNames) {
    BrokerSys sys(loop, world.broker, "muster version 1", 10s);
    ScriptedClient client(world);
    client.connects("c");
    client.publishes("kept", "123", 0, true);
    auto topics = topicsAfter(10s);
    EXPECT_EQ(topics["$SYS/broker/version"], "muster version 1");
    EXPECT_EQ(topics["$SYS/broker/uptime"], "10 seconds");
    EXPECT_EQ(topics["$SYS/broker/clients/connected"], "2");
    EXPECT_EQ(topics["$SYS/broker/clients/total"], "2");
    EXPECT_EQ(topics["$SYS/broker/publish/messages/received"], "1");
    EXPECT_EQ(topics["$SYS/broker/publish/bytes/received"], "3");
    EXPECT_EQ(topics["$SYS/broker/messages/received"], "3");
    for (const char* name :
         {"clients/maximum", "messages/sent", "bytes/received", "bytes/sent",
          "publish/messages/dropped", "publish/messages/sent", "retained messages/count",
          "store/messages/bytes", "subscriptions/count", "load/messages/received/1min",
          "load/messages/sent/5min", "load/connections/15min"})
        EXPECT_EQ(topics.count("$SYS/broker/" + std::string(name)), 1U) << name;
}

TEST_F(BrokerSysTest, RefreshesAndRemembersTheMost) {
    BrokerSys sys(loop, world.broker, "v", 10s);
    ScriptedClient client(world);
    client.connects("c");
    loop.advance(10s);
    client.vanishes();
    auto topics = topicsAfter(10s);
    EXPECT_EQ(topics["$SYS/broker/clients/connected"], "1");
    EXPECT_EQ(topics["$SYS/broker/clients/maximum"], "2");
    EXPECT_EQ(topics["$SYS/broker/uptime"], "20 seconds");
}

TEST_F(BrokerSysTest, IsOffWithAnIntervalOfZero) {
    BrokerSys sys(loop, world.broker, "v", 0s);
    EXPECT_TRUE(topicsAfter(60s).empty());
}

TEST_F(BrokerSysTest, IsNotSeenByAWildcardInFront) {
    BrokerSys sys(loop, world.broker, "v", 10s);
    reader.subscribes("#");
    loop.advance(10s);
    world.now = loop.now();
    reader.expectsNothing();
}

TEST_F(BrokerSysTest, IsWrittenByNoClientWhateverItMay) {
    reader.subscribes("$SYS/#");
    ScriptedClient client(world);
    client.connects("c");
    for (const char* topic : {"$SYS", "$SYS/broker/version"}) {
        client.publishes(topic, "mine", 1, true);
        EXPECT_EQ(client.expects<Puback>().code, ReasonCode::NotAuthorized);
    }
    reader.expectsNothing();
    EXPECT_EQ(world.broker.counters().publishesDenied, 2U);
    client.publishes("$SYSTEM/x", "1", 1);
    EXPECT_NE(client.expects<Puback>().code, ReasonCode::NotAuthorized) << "is another topic";
}

TEST_F(BrokerSysTest, IsWrittenByNoWill) {
    ScriptedClient client(world);
    Connect packet = client.connectPacket("c");
    packet.will.emplace();
    packet.will->topic = "$SYS/broker/version";
    packet.will->payload = "mine";
    packet.will->retain = true;
    client.connects(packet);
    client.vanishes();
    EXPECT_EQ(world.broker.gauges().retained, 0U);
}

TEST(LoadAverage, NearsTheRateOfAMinute) {
    LoadAverage load;
    std::uint64_t total = 0;
    for (int i = 0; i < 6; ++i) load.update(total += 10, 10s);
    // 60 a minute for one minute: 1 - 1/e of it for the average of a minute.
    EXPECT_NEAR(load.perMinute(0), 60 * (1 - std::exp(-1.0)), 0.01);
    EXPECT_LT(load.perMinute(2), load.perMinute(1));
    for (int i = 0; i < 6 * 60; ++i) load.update(total += 10, 10s);
    EXPECT_NEAR(load.perMinute(0), 60, 0.01);
}

}  // namespace
