// Bounds at real sockets: who is over one is turned away, and nobody else notices.
#include "common/process/unique_fd.hpp"
#include "test/support/eventually.hpp"
#include "test/support/live_broker.hpp"
#include "test/support/mqtt_bytes.hpp"
#include "test/support/raw_client.hpp"

#include <future>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>

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

/// While it lives, this process may open that many files more and no others.
class FewDescriptors {
public:
    explicit FewDescriptors(std::size_t count) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit few = before_;
        few.rlim_cur = 256;
        ::setrlimit(RLIMIT_NOFILE, &few);
        while (true) {
            UniqueFd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
            if (!one) break;
            taken_.push_back(std::move(one));
        }
        EXPECT_GT(taken_.size(), count);
        for (std::size_t i = 0; i < count && !taken_.empty(); ++i) taken_.pop_back();
    }
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    FewDescriptors(const FewDescriptors&) = delete;
    FewDescriptors& operator=(const FewDescriptors&) = delete;

private:
    rlimit before_{};
    std::vector<UniqueFd> taken_;
};

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

TEST(BrokerLimitsAtSockets, CountAClientOfIpv4OnceWhicheverListenerItComesTo) {
    BrokerLimits limits;
    limits.maxConnectionsPerAddress = 1;
    LiveBroker live(limits);
    ListenerOptions options;
    options.host = "::";  // also of IPv4
    std::unique_ptr<Listener> other;
    const bool isThere = live.call([&] {
        other = std::make_unique<Listener>(live.loop(), live.broker(), options);
        return static_cast<bool>(other->start());
    });
    if (isThere) {
        RawClient first(live.port());
        EXPECT_TRUE(isLetIn(first, "first"));
        RawClient second(other->port());
        EXPECT_TRUE(second.isClosedWithin(5s));
        EXPECT_EQ(live.counters().addressRefused, 1U);
    }
    live.call([&] { other.reset(); });
    if (!isThere) GTEST_SKIP() << "no IPv6 here";
}

TEST(BrokerLimitsAtSockets, TakePlacesOfThoseWhoWereTurnedAwayWhenDescriptorsRunOut) {
    LiveBroker live;
    RawClient first(live.port()), second(live.port());
    for (RawClient* rude : {&first, &second}) {
        rude->send("GET / HTTP/1.1\r\n\r\n");
        ASSERT_TRUE(rude->isClosedWithin(5s));
    }
    const FewDescriptors left(1);
    RawClient good(live.port());  // takes that one: none is left for the broker's end
    EXPECT_TRUE(isLetIn(good, "good"));
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

TEST(BrokerLimitsAtSockets, ReadWhoFillsTheStoreOnceItHasWrittenAndOthersAllTheTime) {
    ManualSessionStore store;
    LiveBroker live;
    const auto onLoop = [&](auto task) { return live.callAt(store, task); };
    onLoop([&] { EXPECT_TRUE(live.broker().restore(store, store.now)); });
    RawClient filler(live.port()), other(live.port());
    filler.setSendTimeout({20, 0});
    ASSERT_TRUE(isLetIn(filler, "filler") && isLetIn(other, "other"));
    constexpr std::size_t kMessages = 12;
    auto filled = std::async(std::launch::async, [&] {
        // QoS 0, retained, 900 000 bytes with topic "t" and no properties.
        const std::string head("\x31\xA0\xF7\x36\0\x01t\0", 8);
        const std::string message = head + std::string(900'000 - 4, 'x');
        for (std::size_t i = 0; i < kMessages; ++i)
            if (!filler.send(message)) return false;
        return true;
    });
    EXPECT_TRUE(eventually(10s, [&] { return live.counters().storePauses == 1; }));
    EXPECT_LT(live.counters().messagesReceived, kMessages);
    const std::string ping("\xC0\0", 2), pong("\xD0\0", 2);
    ASSERT_TRUE(other.send(ping));
    EXPECT_TRUE(other.receiveUntil(pong, 5s).ends_with(pong));
    EXPECT_TRUE(eventually(
        10s, [&] { return onLoop([&] { store.commits(); }).messagesReceived == kMessages; }));
    EXPECT_TRUE(filled.get());
    onLoop([&] { store.setObserver(nullptr); });
}

}  // namespace
