#include "test/support/scripted_client.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ScriptedClient;

namespace {

struct BrokerConnect : ::testing::TestWithParam<Version> {
    BrokerWorld world;
    ScriptedClient client{world, GetParam()};
    bool isV5() const { return GetParam() == Version::V5; }
    void refuses(const Connect& packet, int codeOf3, ReasonCode codeOf5) {
        client.sends(packet);
        const Connack answer = client.expects<Connack>();
        EXPECT_EQ(answer.code, isV5() ? static_cast<int>(codeOf5) : codeOf3);
        EXPECT_FALSE(answer.sessionPresent);
        client.expectsClosed();
        EXPECT_EQ(world.broker.gauges().sessions, 0u);
    }
};
INSTANTIATE_TEST_SUITE_P(AllVersions, BrokerConnect,
                         ::testing::Values(Version::V31, Version::V311, Version::V5),
                         test::versionName);

TEST_P(BrokerConnect, AcceptsAClient) {
    EXPECT_FALSE(client.connects("c").sessionPresent);
    EXPECT_EQ(world.broker.gauges().sessions, 1u);
}

TEST_P(BrokerConnect, ClosesAtASecondConnect) {
    client.connects("c");
    client.sends(client.connectPacket("c"));
    if (isV5()) {
        client.expectsDisconnect(ReasonCode::ProtocolError);
    } else {
        client.expectsClosed();
    }
}

TEST_P(BrokerConnect, ClosesWithoutAnAnswerIfTheFirstPacketIsNoConnect) {
    client.sends(Pingreq{});
    client.expectsClosed();
}

TEST_P(BrokerConnect, ClosesAtTheDeadlineForConnect) {
    world.after(9s);
    EXPECT_FALSE(client.isClosed());
    world.after(2s);
    client.expectsClosed();
}

TEST_P(BrokerConnect, ClosesOneAndAHalfKeepAlivesAfterTheLastPacket) {
    Connect packet = client.connectPacket("c");
    packet.keepAlive = 10;
    client.connects(packet);
    world.after(14s);
    client.sends(Pingreq{});
    client.expects<Pingresp>();
    world.after(14s);
    EXPECT_FALSE(client.isClosed());
    world.after(2s);
    EXPECT_TRUE(client.isClosed());
    if (isV5()) client.expectsDisconnect(ReasonCode::KeepAliveTimeout);
}

TEST_P(BrokerConnect, BeginsTheKeepAliveWhenAuthenticationIsOver) {
    world.access.isSlow = true;
    Connect packet = client.connectPacket("c");
    packet.keepAlive = 2;
    client.sends(packet);
    world.after(5s);
    world.access.answer();
    client.expects<Connack>();
    world.after(2s);
    EXPECT_FALSE(client.isClosed());
    world.after(2s);
    EXPECT_TRUE(client.isClosed());
}

TEST_P(BrokerConnect, NeverTimesOutAClientWithoutKeepAlive) {
    Connect packet = client.connectPacket("c");
    packet.keepAlive = 0;
    client.connects(packet);
    world.after(1h);
    EXPECT_FALSE(client.isClosed());
}

TEST_P(BrokerConnect, HandlesPacketsThatFollowWithoutWaiting) {
    world.access.isSlow = true;
    std::string bytes;
    encode(client.connectPacket("c"), GetParam(), bytes);
    encode(Pingreq{}, GetParam(), bytes);
    client.sendsBytes(bytes);
    client.expectsNothing();
    EXPECT_FALSE(client.connection().wantsInput());
    world.access.answer();
    client.expects<Connack>();
    client.expects<Pingresp>();
    EXPECT_TRUE(client.connection().wantsInput());
}

TEST_P(BrokerConnect, RefusesBadCredentials) {
    world.access.verdict = ReasonCode::BadUserNameOrPassword;
    refuses(client.connectPacket("c"), 4, ReasonCode::BadUserNameOrPassword);
}

TEST_P(BrokerConnect, RefusesWhoIsNotAllowed) {
    world.access.verdict = ReasonCode::NotAuthorized;
    refuses(client.connectPacket("c"), 5, ReasonCode::NotAuthorized);
}

TEST_P(BrokerConnect, RefusesWhenAuthenticationTakesTooLong) {
    world.access.isSlow = true;
    client.sends(client.connectPacket("c"));
    world.after(11s);
    EXPECT_EQ(client.expects<Connack>().code, isV5() ? 0x89 : 3);
    client.expectsClosed();
    world.access.answer();  // too late
    EXPECT_EQ(world.broker.gauges().sessions, 0u);
}

TEST_P(BrokerConnect, SurvivesAConnectionThatEndsWhileItAuthenticates) {
    world.access.isSlow = true;
    {
        ScriptedClient gone(world, GetParam());
        gone.sends(gone.connectPacket("c"));
    }
    world.access.answer();
    EXPECT_EQ(world.broker.gauges().sessions, 0u);
}

TEST_P(BrokerConnect, RefusesAnIdAboveTheLimit) {
    Connect packet = client.connectPacket(std::string(257, 'x'));
    refuses(packet, 2, ReasonCode::ClientIdentifierNotValid);
}

TEST_P(BrokerConnect, RefusesAnEmptyIdWithoutCleanStartBeforeVersion5) {
    Connect packet = client.connectPacket("");
    packet.cleanStart = false;
    if (isV5()) {
        EXPECT_TRUE(client.connects(packet).properties.assignedClientIdentifier);
    } else {
        refuses(packet, 2, ReasonCode::Success);
    }
}

TEST_P(BrokerConnect, ShutsDownWithAReason) {
    client.connects("c");
    world.broker.shutDown();
    if (isV5()) {
        client.expectsDisconnect(ReasonCode::ServerShuttingDown);
    } else {
        client.expectsClosed();
    }
}

TEST(BrokerConnectV31, RefusesIdsOfMoreThan23Characters) {
    BrokerWorld world;
    ScriptedClient good(world, Version::V31), bad(world, Version::V31);
    good.connects(std::string(23, 'x'));
    bad.sends(bad.connectPacket(std::string(24, 'x')));
    EXPECT_EQ(bad.expects<Connack>().code, 2);
}

TEST(BrokerConnectV5, AssignsDifferentIds) {
    BrokerWorld world;
    ScriptedClient one(world), two(world);
    const auto first = one.connects("").properties.assignedClientIdentifier;
    const auto second = two.connects("").properties.assignedClientIdentifier;
    ASSERT_TRUE(first && second);
    EXPECT_NE(*first, *second);
}

TEST(BrokerConnectV5, AnnouncesItsLimits) {
    BrokerWorld world;
    ScriptedClient client(world);
    const Properties properties = client.connects("c").properties;
    EXPECT_EQ(properties.maximumPacketSize, 4u << 20);
    EXPECT_EQ(properties.receiveMaximum, 1000);
    EXPECT_EQ(properties.topicAliasMaximum, 16);
    EXPECT_FALSE(properties.responseInformation);
}

TEST(BrokerConnectV5, GivesResponseInformationToWhoAsks) {
    BrokerWorld world;
    ScriptedClient client(world);
    Connect packet = client.connectPacket("c");
    packet.properties.requestResponseInformation = 1;
    EXPECT_EQ(client.connects(packet).properties.responseInformation, "reply/anonymous");
}

TEST(BrokerConnectV5, RefusesAuthenticationMethods) {
    BrokerWorld world;
    ScriptedClient client(world);
    Connect packet = client.connectPacket("c");
    packet.properties.authenticationMethod = "SCRAM-SHA-1";
    client.sends(packet);
    EXPECT_EQ(client.expects<Connack>().code, 0x8C);
    client.expectsClosed();
}

TEST(BrokerConnectV5, RefusesAnAuthOutOfTheBlue) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects("c");
    client.sends(Auth{ReasonCode::Reauthenticate, {}});
    client.expectsDisconnect(ReasonCode::ProtocolError);
}

TEST(BrokerConnectBytes, AnswersAnUnknownLevelWithReturnCodeOne) {
    BrokerWorld world;
    ScriptedClient client(world, Version::V311);
    client.sendsBytes(std::string("\x10\x0D\0\4MQTT\x09\x02\0\x3C\0\1c", 15));
    EXPECT_EQ(client.expects<Connack>().code, 1);
    client.expectsClosed();
}

TEST(BrokerConnectBytes, ClosesAtMalformedPacketsWithTheReason) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects("c");
    client.sendsBytes(std::string("\x36\x04\0\1a\0", 6));  // QoS 3
    client.expectsDisconnect(ReasonCode::MalformedPacket);
    EXPECT_EQ(world.broker.counters().protocolErrors, 1u);
}

TEST(BrokerConnectBytes, CallsASecondConnectOfAnUnknownLevelAProtocolError) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects("c");
    client.sendsBytes(std::string("\x10\x0D\0\4MQTT\x09\x02\0\x3C\0\1c", 15));
    client.expectsDisconnect(ReasonCode::ProtocolError);  // 0x84 is no code of a DISCONNECT
}

TEST(BrokerConnectBytes, RefusesPacketsAboveItsMaximumFromTheirLengthAlone) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects("c");
    client.sendsBytes("\x30\xFF\xFF\xFF\x7F");
    client.expectsDisconnect(ReasonCode::PacketTooLarge);
}

TEST(BrokerConnectBytes, RefusesTopicsThatAreTooDeep) {
    BrokerWorld world;
    ScriptedClient client(world);
    client.connects("c");
    client.publishes(std::string(127, '/'), "x", 1);
    client.expects<Puback>();
    client.publishes(std::string(128, '/'), "x", 1);
    client.expectsDisconnect(ReasonCode::TopicNameInvalid);
}

TEST(BrokerConnectBytes, TakesNothingAfterDisconnect) {
    BrokerWorld world;
    ScriptedClient client(world), other(world);
    other.connects("o");
    other.subscribes("#");
    client.connects("c");
    std::string bytes;
    encode(Disconnect{}, Version::V5, bytes);
    Publish publish;
    publish.topic = "a";
    encode(publish, Version::V5, bytes);
    client.sendsBytes(bytes);
    other.expectsNothing();
    EXPECT_TRUE(client.isClosed());
}

TEST(BrokerConnectBytes, ReadsPacketsThatComeInPieces) {
    BrokerWorld world;
    ScriptedClient client(world);
    std::string bytes;
    encode(client.connectPacket("c"), Version::V5, bytes);
    encode(Pingreq{}, Version::V5, bytes);
    for (const char byte : bytes) client.sendsBytes({&byte, 1});
    client.expects<Connack>();
    client.expects<Pingresp>();
}

}  // namespace
