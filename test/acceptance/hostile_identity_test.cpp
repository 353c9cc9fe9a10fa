// mqtt.md 2: who takes another's place or rights.
#include "master/console/topic_access.hpp"
#include "test/acceptance/acceptance.hpp"
#include "test/support/eventually.hpp"

#include <atomic>
#include <thread>

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct HostileIdentity : Acceptance {
    Connect packetOf(const LiveClient& one, const std::string& id, const std::string& user) const {
        Connect packet = one.lastingPacket(id);
        packet.username = user;
        packet.password = "secret";
        return packet;
    }
    LiveClient connectedAs(const std::string& id, const std::string& user) {
        LiveClient one = client();
        one.connects(packetOf(one, id, user));
        return one;
    }
    void revoke(const std::string& user) {
        broker().call(
            [&] { broker().broker().disconnectIdentity(user, ReasonCode::NotAuthorized); });
    }
    bool isAlone(std::size_t others) {
        return eventually(10s, [&] { return broker().gauges().connections == others; });
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, HostileIdentity, tcpWays(), wayName);

TEST_P(HostileIdentity, EightThreadsFightForOneId) {
    limits.maxSessions = 50;
    LiveBroker& live = broker();
    const auto fight = [&](int seed) {
        for (int i = 0; i < 25; ++i) {
            RawClient socket(live.port());
            Connect packet;
            packet.version = version();
            packet.clientId = "same";
            packet.cleanStart = (seed + i) % 3 == 0;
            packet.will.emplace().topic = "will";
            if (isV5()) packet.properties.sessionExpiry = 60;
            std::string bytes = bytesOf(packet, version()) +
                                bytesOf(subscribeOf(1, "t/#", 2), version()) +
                                bytesOf(publishOf("t/x", "y", 2, 2), version());
            if (i % 4 == 0) bytes += bytesOf(ackOf<Pubrel>(2), version());
            if (i % 5 == 0) bytes += bytesOf(Disconnect{}, version());
            socket.send(bytes);
            if (i % 2 == 0) socket.receive(4, 10s);
        }
    };
    std::vector<std::thread> threads;
    for (int seed = 0; seed < 8; ++seed) threads.emplace_back(fight, seed);
    for (auto& thread : threads) thread.join();
    ASSERT_TRUE(isAlone(0));
    EXPECT_LE(broker().gauges().sessions, 1u);
    LiveClient last = connected("same");
    EXPECT_LT(last.publishes("t/x", "works", 2), ReasonCode::UnspecifiedError);
    last.expectsNothing();
}

TEST_P(HostileIdentity, NobodyTakesOverTheSessionOfAnother) {
    LiveClient owner = connectedAs("a", "alice");
    owner.subscribes("t", 1);
    LiveClient thief = client();
    thief.sends(packetOf(thief, "a", "mallory"));
    thief.expectsRefusedConnect(ReasonCode::ClientIdentifierNotValid, 2);
    owner.expectsNothing();
    owner.vanishes();
    ASSERT_TRUE(isAlone(0));
    LiveClient late = client();  // the session of who is away is no one else's either
    Connect packet = packetOf(late, "a", "mallory");
    packet.cleanStart = true;
    late.sends(packet);
    late.expectsRefusedConnect(ReasonCode::ClientIdentifierNotValid, 2);
    connectedAs("b", "bob").publishes("t", "for alice", 1);
    connectedAs("a", "alice").receives("t", "for alice");
}

/// Lets everybody be the monitor they say they are: only the rules of topics are left.
struct Credulous final : Authenticator {
    void authenticate(std::string username, std::string,
                      std::function<void(Identity)> done) override {
        Identity identity;
        identity.role = Identity::Role::Monitor;
        identity.name = std::move(username);
        identity.serverType = identity.name;
        done(identity);
    }
    void authenticateUser(std::string, std::string, bool,
                          std::function<void(Result<int>)> done) override {
        done(2);
    }
    bool isValidToken(std::string_view, std::string_view) const override { return true; }
    Result<int> levelOf(std::string_view) const override { return 2; }
};

// CVE-2017-7650, CVE-2026-44838: names that stand in rules as patterns.
TEST_P(HostileIdentity, NamesThatLookLikePatternsWidenNoRule) {
    Credulous authenticator;
    TopicAccess rules(authenticator, {"c", false, nullptr});
    auto& access = broker().access;
    const auto asMonitor = [](ClientIdentity who) {
        who.role = static_cast<int>(Identity::Role::Monitor);
        who.group = who.name;
        return who;
    };
    access.publishRule = [&](const auto& who, std::string_view topic) {
        return who.name == "root" || rules.mayPublish(asMonitor(who), topic);
    };
    access.readRule = [&](const auto& who, std::string_view topic) {
        return who.name == "root" || rules.mayRead(asMonitor(who), topic);
    };
    access.subscribeRule = [&](const auto& who, std::string_view filter) {
        return who.name == "root" || rules.maySubscribe(asMonitor(who), filter);
    };
    const char* topics[] = {"muster/c/to/monitor/victim", "muster/c/to/type/victim",
                            "muster/c/presence/victim", "muster/c/reply/victim/1"};
    LiveClient root = connectedAs("root", "root");
    root.subscribes("#");
    for (const char* name : {"+", "#", "a/b", ".*", "x|y", "victim/..", "*", "v+", "%", "[a-z]*"}) {
        SCOPED_TRACE(name);
        LiveClient one = client();
        Connect packet = packetOf(one, "id", name);
        packet.cleanStart = true;
        one.connects(packet);
        for (const char* filter : {"#", "muster/#", "+/+/to/monitor/+", "muster/c/presence/#"})
            one.subscribes(filter, 1);
        for (const char* topic : topics) one.publishes(topic, "forged", 1);
        root.expectsNothing();
        for (const char* topic : topics) {
            root.sends(publishOf(topic, "secret"));
            root.expectsMessage(topic, "secret");
        }
        one.expectsNothing();
        one.sends(Disconnect{});
        one.expectsClosed();
        revoke(name);  // so that the id is the next one's
    }
    EXPECT_GT(broker().counters().publishesDenied, 0u);
}

TEST_P(HostileIdentity, WideAndSharedFiltersBringOnlyWhatMayBeRead) {
    broker().access.readRule = [](const auto&, std::string_view topic) {
        return topic.starts_with("own/");
    };
    LiveClient writer = connected("writer");
    writer.publishes("others/t", "kept", 1, true);
    LiveClient one = connected("one");
    for (const char* filter : {"#", "+/t", "$share/g/#", "$share/g/others/t", "$SYS/#", "others/t"})
        one.subscribes(filter, 1);
    writer.publishes("others/t", "secret", 1);
    one.expectsNothing();
    writer.publishes("own/x", "mine", 1);
    EXPECT_EQ(one.receives("own/x", "mine").payload, "mine");
}

TEST_P(HostileIdentity, ARefusedSubscribeLeaksNoRetained) {
    broker().access.subscribeRule = [](const auto&, std::string_view) { return false; };
    connected("writer").publishes("t", "kept", 1, true);
    LiveClient one = connected("one");
    one.subscribes("t", 1);
    one.subscribes("#", 1);
    one.expectsNothing();
    EXPECT_EQ(broker().gauges().subscriptions, 0u);
}

TEST_P(HostileIdentity, RevocationEndsALiveSessionWithItsSubscriptionsAndItsWill) {
    LiveClient reader = connectedAs("reader", "reader");
    reader.subscribes("#");
    LiveClient one = client();
    Connect packet = packetOf(one, "a", "mallory");
    packet.will.emplace().topic = "will";
    one.connects(packet);
    one.subscribes("t", 1);
    revoke("mallory");
    one.expectsRefusal(ReasonCode::NotAuthorized);
    reader.expectsNothing();
    EXPECT_EQ(broker().gauges().sessions, 1u);
    EXPECT_EQ(broker().gauges().subscriptions, 1u);
}

// CVE-2021-34434: the subscription of who was away stayed.
TEST_P(HostileIdentity, RevocationEndsTheSessionOfWhoIsAwayWithItsQueueAndItsWill) {
    LiveClient reader = connectedAs("reader", "reader");
    reader.subscribes("will");
    {
        LiveClient one = client();
        Connect packet = packetOf(one, "a", "mallory");
        if (isV5()) {
            packet.will.emplace().topic = "will";
            packet.will->properties.willDelay = 600;
        }
        one.connects(packet);
        one.subscribes("t", 1);
    }
    ASSERT_TRUE(isAlone(1));
    connectedAs("b", "bob").publishes("t", "secret", 1);
    revoke("mallory");
    EXPECT_EQ(broker().gauges().queuedBytes, 0u);
    later(3000s);
    reader.expectsNothing();
    LiveClient back = client();
    EXPECT_FALSE(back.connects(packetOf(back, "a", "mallory")).sessionPresent);
    back.expectsNothing();
}

TEST_P(HostileIdentity, ARightThatIsTakenEndsDeliveriesAndQueuedMessages) {
    auto isAllowed = std::make_shared<std::atomic<bool>>(true);
    broker().access.readRule = [isAllowed](const auto&, std::string_view) {
        return isAllowed->load();
    };
    {
        LiveClient one = client();
        one.connects(one.lastingPacket("a"));
        one.subscribes("t", 1);
    }
    ASSERT_TRUE(isAlone(0));
    LiveClient writer = connected("writer");
    writer.publishes("t", "queued", 1);
    *isAllowed = false;
    writer.publishes("t", "later", 1);
    LiveClient back = client();
    back.connects(back.lastingPacket("a"));
    back.expectsNothing();
    EXPECT_EQ(broker().counters().deliveriesDenied, 2u);
}

}  // namespace
