// mqtt.md 1.2: CONNECT and CONNACK.
#include "test/acceptance/acceptance.hpp"
#include "test/support/hex.hpp"
#include "test/support/mqtt_bytes.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct Connecting : Acceptance {
    /// Name, level, flags, keep alive 0 and (5.0) no properties; then `rest`.
    std::string rawConnect(int flags, std::string_view rest) const {
        std::string head = mqttText(version() == Version::V31 ? "MQIsdp" : "MQTT");
        head += static_cast<char>(version());
        head += static_cast<char>(flags);
        head += std::string(isV5() ? 3 : 2, '\0');
        return mqttPacket(0x10, head + std::string(rest));
    }
    /// 5.0 says why; the earlier versions have no word for it.
    void expectMalformedConnect(std::string_view bytes) {
        LiveClient one = client();
        one.sendsBytes(bytes);
        if (isV5()) {
            one.expectsRefusedConnect(ReasonCode::MalformedPacket, 0);
        } else {
            one.expectsClosed();
        }
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, Connecting, tcpWays(), wayName);
struct StrictConnecting : Connecting {};
INSTANTIATE_TEST_SUITE_P(Ways, StrictConnecting, strictWays(), wayName);

TEST_P(Connecting, AnyOtherFirstPacketClosesWithoutAnAnswer) {
    const Packet packets[] = {publishOf("a", ""),    ackOf<Puback>(1),
                              ackOf<Pubrec>(1),      ackOf<Pubrel>(1),
                              ackOf<Pubcomp>(1),     subscribeOf(1, "a"),
                              unsubscribeOf(1, "a"), Pingreq{},
                              Disconnect{},          Auth{}};
    for (const Packet& packet : packets) {
        LiveClient one = client();
        one.sends(packet);
        one.expectsClosed();
    }
}

TEST_P(Connecting, ASecondConnectCloses) {
    LiveClient one = connected("a");
    one.sends(one.connectPacket("a"));
    one.expectsRefusal(ReasonCode::ProtocolError);
}

TEST(ConnectingBytes, AnUnknownNameOrLevelIsRefusedWithReturnCode1) {
    LiveBroker broker;
    const std::string unknown[] = {mqttText("MQTT") + '\x06',   mqttText("MQTT") + '\x03',
                                   mqttText("MQIsdp") + '\x04', mqttText("mqtt") + '\x04',
                                   mqttText("MQTTS") + '\x04',  mqttText("MQTT") + '\x84'};
    for (const std::string& protocol : unknown) {
        RawClient client(broker.port());
        client.send(mqttPacket(0x10, protocol + std::string("\x02\0\0", 3) + mqttText("a")));
        EXPECT_EQ(client.receive(4, std::chrono::seconds(10)), hex("20020001"));
        EXPECT_TRUE(client.isClosedWithin(std::chrono::seconds(10)));
    }
}

TEST_P(StrictConnecting, TheReservedConnectFlagCloses) {
    expectMalformedConnect(rawConnect(0x03, mqttText("a")));
}

TEST_P(StrictConnecting, WillQosOrWillRetainWithoutAWillCloses) {
    for (const int flags : {0x0A, 0x12, 0x22})
        expectMalformedConnect(rawConnect(flags, mqttText("a")));
}

TEST_P(Connecting, AWillOfQos3Closes) {
    const std::string will = isV5() ? std::string(1, '\0') : "";
    expectMalformedConnect(rawConnect(0x1E, mqttText("a") + will + mqttText("w") + mqttText("x")));
}

TEST_P(Connecting, APasswordWithoutAUserIsForVersion5Only) {
    const std::string bytes = rawConnect(0x42, mqttText("a") + mqttText("password"));
    if (!isV5()) return expectMalformedConnect(bytes);
    LiveClient one = client();
    one.sendsBytes(bytes);
    EXPECT_EQ(one.expects<Connack>().code, 0);
}

TEST_P(StrictConnecting, FieldsThatTheFlagsDoNotAnnounceClose) {
    expectMalformedConnect(rawConnect(0x02, mqttText("a") + mqttText("who?")));
}

TEST_P(StrictConnecting, FieldsThatTheFlagsAnnounceAndThatAreMissingClose) {
    expectMalformedConnect(rawConnect(0x82, mqttText("a")));                     // user
    expectMalformedConnect(rawConnect(0xC2, mqttText("a") + mqttText("user")));  // password
    expectMalformedConnect(rawConnect(0x06, mqttText("a")));                     // will
}

TEST_P(Connecting, FieldsAreReadInTheirOrder) {
    broker().access.readRule = [](const ClientIdentity& who, std::string_view) {
        return who.name == "user" || who.name == "anonymous";
    };
    const std::string noProperties = isV5() ? std::string(1, '\0') : "";
    LiveClient reader = subscribed("reader", "will/topic");
    LiveClient one = client();
    one.sendsBytes(rawConnect(0xC6, mqttText("id") + noProperties + mqttText("will/topic") +
                                        mqttText("payload") + mqttText("user") + mqttText("pw")));
    EXPECT_EQ(one.expects<Connack>().code, 0);
    one.subscribes("will/topic");
    one.vanishes();
    reader.expectsMessage("will/topic", "payload");
}

TEST_P(Connecting, IdsOf1To23LettersAndDigitsAreAccepted) {
    for (const std::string& id : {std::string("a"), std::string("0123456789abcdefghijklm"),
                                  std::string("ABCDEFGHIJKLMNOPQRSTUVW"), std::string("XYZ")}) {
        LiveClient one = connected(id);
        one.expectsNothing();
    }
}

TEST_P(Connecting, LongerIdsAreAcceptedUpToTheLimitButBy31) {
    LiveClient fits = client();
    fits.sends(fits.connectPacket(std::string(24, 'a')));
    if (version() == Version::V31) {
        fits.expectsRefusedConnect(ReasonCode::ClientIdentifierNotValid, 2);
    } else {
        EXPECT_EQ(fits.expects<Connack>().code, 0);
    }
    LiveClient tooLong = client();
    tooLong.sends(tooLong.connectPacket(std::string(limits.maxClientIdBytes + 1, 'a')));
    tooLong.expectsRefusedConnect(ReasonCode::ClientIdentifierNotValid, 2);
}

TEST_P(Connecting, AnEmptyIdNeedsACleanSessionBefore5) {
    LiveClient kept = client();
    kept.sends(kept.lastingPacket(""));
    if (isV5()) {
        EXPECT_TRUE(kept.expects<Connack>().properties.assignedClientIdentifier);
    } else {
        kept.expectsRefusedConnect(ReasonCode::ClientIdentifierNotValid, 2);
    }
    LiveClient clean = client();
    clean.sends(clean.connectPacket(""));
    if (version() == Version::V31) {
        clean.expectsRefusedConnect(ReasonCode::ClientIdentifierNotValid, 2);
    } else {
        EXPECT_EQ(clean.expects<Connack>().code, 0);
    }
}

TEST_P(StrictConnecting, TwoWithoutAnIdAreTwo) {
    LiveClient one = client(), two = client();
    const auto first = one.connects("").properties.assignedClientIdentifier;
    const auto second = two.connects("").properties.assignedClientIdentifier;
    if (isV5()) {
        EXPECT_TRUE(first && second && !first->empty());
        EXPECT_NE(first, second);
    }
    one.expectsNothing();
    two.expectsNothing();
}

TEST_P(Connecting, ThereIsOneConnackAndNothingBeforeIt) {
    {
        LiveClient kept = client();
        kept.connects(kept.lastingPacket("a"));
        kept.subscribes("t", 1);
    }
    connected("writer").publishes("t", "waits", 1);
    LiveClient back = client();
    const Connack answer = back.connects(back.lastingPacket("a"));
    EXPECT_EQ(answer.sessionPresent, version() != Version::V31);  // 3.1 has no such flag
    back.receives("t", "waits");
    back.expectsNothing();
}

TEST_P(Connecting, ARefusalIsTheLastThatHappens) {
    LiveClient reader = subscribed("reader", "#");
    broker().call([&] { broker().access.verdict = ReasonCode::NotAuthorized; });
    LiveClient one = client();
    one.sendsBytes(bytesOf(one.connectPacket("a"), version()) +
                   bytesOf(publishOf("t", "x"), version()) +
                   bytesOf(subscribeOf(1, "t"), version()));
    one.expectsRefusedConnect(ReasonCode::NotAuthorized, 5);
    reader.expectsNothing();
    EXPECT_EQ(broker().gauges().subscriptions, 1u);
}

TEST_P(Connecting, BadCredentialsAreReturnCode4) {
    broker().access.verdict = ReasonCode::BadUserNameOrPassword;
    LiveClient one = client();
    one.sends(one.connectPacket("a"));
    one.expectsRefusedConnect(ReasonCode::BadUserNameOrPassword, 4);
}

TEST_P(Connecting, PacketsRightAfterConnectAreHandled) {
    LiveClient one = client();
    one.sendsBytes(bytesOf(one.connectPacket("a"), version()) +
                   bytesOf(subscribeOf(1, "t"), version()) +
                   bytesOf(publishOf("t", "x"), version()));
    one.expects<Connack>();
    one.expects<Suback>();
    one.expectsMessage("t", "x");
}

TEST_P(Connecting, TheKeepAliveOfTheClientRules) {
    LiveClient one = client();
    Connect packet = one.connectPacket("a");
    packet.keepAlive = 7;
    EXPECT_FALSE(one.connects(packet).properties.serverKeepAlive);  // so the client's value rules
    later(std::chrono::seconds(8));
    one.expectsNothing();
    later(std::chrono::seconds(20));
    one.expectsRefusal(ReasonCode::KeepAliveTimeout);
}

TEST_P(Connecting, AKeepAliveThatTheServerCutsIsToldAndHeldTo) {
    limits.maxKeepAlive = 10;
    for (const std::uint16_t wish : {std::uint16_t{0}, std::uint16_t{600}}) {
        LiveClient one = client();
        Connect packet = one.connectPacket("a" + std::to_string(wish));
        packet.keepAlive = wish;
        const auto told = one.connects(packet).properties.serverKeepAlive;
        if (isV5()) {
            EXPECT_EQ(told, 10);
        }
        later(std::chrono::seconds(wish == 0 ? 13 : 113));
        one.expectsNothing();
        later(std::chrono::seconds(wish == 0 ? 100 : 200));
        one.expectsRefusal(ReasonCode::KeepAliveTimeout);
    }
}

}  // namespace
