// mqtt.md 2: lengths that lie, packets that are bombs, topics at the edge.
#include "test/acceptance/acceptance.hpp"
#include "test/support/eventually.hpp"
#include "test/support/hex.hpp"
#include "test/support/mqtt_bytes.hpp"
#include "test/support/resident_memory.hpp"

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct HostileBytes : Acceptance {
    std::string noProperties() const { return isV5() ? std::string(1, '\0') : ""; }
};
INSTANTIATE_TEST_SUITE_P(Ways, HostileBytes, framingWays(), wayName);
struct HostileBytes5 : Acceptance {};
INSTANTIATE_TEST_SUITE_P(Ways, HostileBytes5, v5Ways(), wayName);

TEST_P(HostileBytes, ARemainingLengthOf268MillionTakesNoMemory) {
    connected("warm");
    const long before = residentKilobytes();
    std::vector<LiveClient> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(connected("big" + std::to_string(i)));
        clients.back().sendsBytes("\x30\xFF\xFF\xFF\x7F");
    }
    for (LiveClient& one : clients) one.expectsRefusal(ReasonCode::PacketTooLarge);
    EXPECT_LT(residentKilobytes() - before, 30'000);
}

TEST_P(HostileBytes, AConnectAbove64KiBIsRefusedByItsLengthAlone) {
    for (const char* length : {"ffffff7f", "ff8004", "818004"}) {
        LiveClient one = client();
        one.sendsBytes(hex("10") + hex(length));
        one.expectsClosed();
    }
    expectService();
}

// Within the limit, but never sent: what has come is all that it costs.
TEST_P(HostileBytes, AnAnnouncedPacketCostsWhatHasComeOfIt) {
    connected("warm");
    const long before = residentKilobytes();
    std::vector<LiveClient> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(connected("big" + std::to_string(i)));
        clients.back().sendsBytes(hex("30 c08d b701 0001") + std::string(1000, 'x'));  // of 3 MB
    }
    expectService();
    EXPECT_LT(residentKilobytes() - before, 30'000);
}

TEST_P(HostileBytes, ATopicOf60000LevelsIsSurvived) {
    const std::string deep(60'000, '/');
    LiveClient reader = subscribed("reader", "#");
    {
        LiveClient one = connected("a");
        one.sends(publishOf(deep, "x"));
        one.expectsRefusal(ReasonCode::TopicNameInvalid);
    }
    LiveClient one = connected("b");
    one.sends(subscribeOf(1, deep));
    if (version() == Version::V31) {
        one.expectsClosed();
    } else {
        EXPECT_GE(one.expects<Suback>().codes.at(0), 0x80);
        one.expectsNothing();
    }
    std::string levels;
    for (int i = 0; i < 30'000; ++i) levels += "+/";
    LiveClient other = connected("c");
    other.sends(subscribeOf(1, levels + "#"));
    if (version() != Version::V31) {
        EXPECT_GE(other.expects<Suback>().codes.at(0), 0x80);
    }
    reader.expectsNothing();
}

TEST_P(HostileBytes, ManyFiltersInOneSubscribeAreBounded) {
    LiveClient one = connected("a");
    Subscribe packet = subscribeOf(1, "t");
    packet.subscriptions.resize(limits.decode.maxFilters + 1, packet.subscriptions.front());
    one.sends(packet);
    one.expectsRefusal(ReasonCode::PacketTooLarge);
}

TEST_P(HostileBytes, PacketsOfAClientWithoutASessionCloseOrAreIgnored) {
    LiveClient one = connected("a");
    one.sends(ackOf<Puback>(1));
    one.sends(ackOf<Pubcomp>(2));
    one.expectsNothing();
    one.sends(ackOf<Pubrec>(3));
    EXPECT_EQ(one.expects<Pubrel>().packetId, 3);  // so that the client can forget it too
    one.expectsNothing();
}

TEST_P(HostileBytes5, PropertyLengthsPastTheEndClose) {
    LiveClient first = client();
    first.sendsBytes(
        mqttPacket(0x10, mqttText("MQTT") + hex("05 02 0000 ffffff7f") + mqttText("a")));
    first.expectsRefusedConnect(ReasonCode::MalformedPacket, 0);
    for (const char* bytes :
         {"30 04 0001 't' 7f", "82 03 0001 7f", "40 04 0001 00 7f", "e0 02 00 7f"}) {
        LiveClient one = connected("a");
        one.sendsBytes(hex(bytes));
        one.expectsRefusal(ReasonCode::MalformedPacket);
    }
}

TEST_P(HostileBytes5, FiveThousandUserPropertiesAreRefused) {
    LiveClient one = client();
    Connect packet = one.connectPacket("a");
    packet.properties.userProperties.resize(5000, {"k", "v"});
    one.sends(packet);
    one.expectsRefusedConnect(ReasonCode::PacketTooLarge, 0);
    LiveClient other = connected("b");
    Publish message = publishOf("t", "x");
    message.properties.userProperties = packet.properties.userProperties;
    other.sends(message);
    other.expectsRefusal(ReasonCode::PacketTooLarge);
}

TEST_P(HostileBytes5, MemoryIsFlatOver20000RefusedConnectsWithAWillAndABadProperty) {
    LiveClient one = client();
    Connect packet = one.connectPacket("a");
    packet.will.emplace().topic = "will";
    packet.will->payload = std::string(3000, 'x');
    packet.will->properties.contentType = "text/plain";
    packet.will->properties.userProperties = {{"name", "value"}};
    std::string bytes = bytesOf(packet, Version::V5);
    bytes[bytes.find("value")] = '\xFF';  // after what was read well
    const auto refuse = [&](int count) {
        for (int i = 0; i < count; ++i) {
            RawClient bad(broker().port());
            bad.send(bytes);
            ASSERT_EQ(bad.receive(5, 10s).size(), 5u);
        }
    };
    refuse(2000);
    const long before = residentKilobytes();
    refuse(20'000);
    EXPECT_LT(residentKilobytes() - before, 30'000);  // 60 MB, were they kept
    EXPECT_EQ(broker().counters().clientsRefused, 22'000u);
    EXPECT_EQ(broker().gauges().sessions, 0u);
}

// Packets of one client in any order: no leak, no use after free (the sanitizers see to that).
TEST_P(HostileBytes, AnyOrderOfPacketsIsSurvived) {
    const Packet packets[] = {publishOf("t", "x", 1, 1), publishOf("t", "x", 2, 2),
                              subscribeOf(3, "t", 2),    unsubscribeOf(4, "t"),
                              ackOf<Pubrel>(2),          ackOf<Puback>(1),
                              ackOf<Pubrec>(1),          Pingreq{}};
    std::uint32_t random = 1;
    for (int round = 0; round < 100; ++round) {
        LiveClient one = client();
        std::string bytes = bytesOf(one.lastingPacket("a" + std::to_string(round % 3)), version());
        for (int i = 0; i < 20; ++i) {
            random = random * 1'664'525 + 1'013'904'223;
            bytes += bytesOf(packets[(random >> 16) % std::size(packets)], version());
        }
        if (round % 4 == 0) bytes += bytesOf(Disconnect{}, version());
        one.sendsBytes(bytes);
        one.expects<Connack>();
    }
    expectService();
}

}  // namespace
