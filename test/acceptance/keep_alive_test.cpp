// mqtt.md 1.4: keep alive, PING, DISCONNECT. The clock of these tests is the real one: the
// shortest keep alive is a second.
#include "test/acceptance/acceptance.hpp"
#include "test/support/eventually.hpp"

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;
using Clock = std::chrono::steady_clock;

namespace {

struct KeepAlive : Acceptance {
    Connect packetWith(const LiveClient& one, std::uint16_t seconds) const {
        Connect packet = one.connectPacket("a");
        packet.keepAlive = seconds;
        packet.will.emplace().topic = "will";
        packet.will->payload = "gone";
        return packet;
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, KeepAlive, tcpWays(), wayName);
struct KeepAlive5 : KeepAlive {};
INSTANTIATE_TEST_SUITE_P(Ways, KeepAlive5, v5Ways(), wayName);

TEST_P(KeepAlive, SilenceOfOneAndAHalfClosesAndPublishesTheWill) {
    LiveClient reader = subscribed("reader", "will");
    LiveClient one = client();
    const auto before = Clock::now();
    one.connects(packetWith(one, 1));
    one.expectsRefusal(ReasonCode::KeepAliveTimeout);
    EXPECT_GE(Clock::now() - before, 1500ms);
    reader.expectsMessage("will", "gone");
    EXPECT_EQ(broker().counters().keepAliveTimeouts, 1u);
}

TEST_P(KeepAlive, AnyPacketCounts) {
    LiveClient one = client();
    one.connects(packetWith(one, 1));
    const auto end = Clock::now() + 2s;
    int sent = 0;
    EXPECT_TRUE(eventually(10s, [&] {
        one.sends(publishOf("t", "here", 1, static_cast<std::uint16_t>(++sent)));
        EXPECT_EQ(one.expects<Puback>().packetId, sent);
        return Clock::now() > end;
    }));
    EXPECT_EQ(broker().counters().keepAliveTimeouts, 0u);
}

TEST_P(KeepAlive, WithoutOneSilenceIsAllowed) {
    LiveClient one = client();
    one.connects(packetWith(one, 0));
    later(std::chrono::hours(1000));
    one.expectsNothing();
}

TEST_P(KeepAlive, PingreqIsAnswered) {
    LiveClient one = connected("a");
    for (int i = 0; i < 3; ++i) one.sends(Pingreq{});
    for (int i = 0; i < 3; ++i) one.expects<Pingresp>();
    one.expectsNothing();
}

TEST_P(KeepAlive, ADisconnectDropsTheWillAndEndsAllProcessing) {
    LiveClient reader = subscribed("reader", "#");
    LiveClient one = client();
    one.connects(packetWith(one, 0));
    one.sendsBytes(bytesOf(Disconnect{}, version()) + bytesOf(publishOf("t", "late"), version()) +
                   bytesOf(Pingreq{}, version()));
    one.expectsClosed();
    reader.expectsNothing();
}

TEST_P(KeepAlive5, ADisconnectWithWillPublishesIt) {
    LiveClient reader = subscribed("reader", "#");
    LiveClient one = client();
    one.connects(packetWith(one, 0));
    Disconnect goodbye;
    goodbye.code = ReasonCode::DisconnectWithWill;
    one.sends(goodbye);
    one.expectsClosed();
    reader.expectsMessage("will", "gone");
}

}  // namespace
