// mqtt.md 1.2: what only 5.0 has in CONNECT and CONNACK.
#include "test/acceptance/acceptance.hpp"
#include "test/support/hex.hpp"
#include "test/support/mqtt_bytes.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct Connecting5 : Acceptance {
    /// A CONNECT with this property section.
    static std::string connectWith(std::string_view properties) {
        return mqttPacket(0x10, mqttText("MQTT") + std::string("\x05\x02\0\0", 4) +
                                    static_cast<char>(properties.size()) + std::string(properties) +
                                    mqttText("a"));
    }
    Connack connackFor(const Properties& wishes) {
        LiveClient one = client();
        Connect packet = one.connectPacket("a");
        packet.properties = wishes;
        return one.connects(packet);
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, Connecting5, v5Ways(), wayName);

TEST_P(Connecting5, NoDisconnectComesBeforeASuccessfulConnack) {
    for (const char* bytes : {"10 00", "10 ff ff ff ff 7f", "e0 00", "f0 00", "00 00"}) {
        LiveClient one = client();
        one.sendsBytes(hex(bytes));
        one.expectsClosed();
    }
}

TEST_P(Connecting5, PropertiesOutOfTheirRangeAreRefused) {
    const std::pair<const char*, ReasonCode> cases[] = {
        {"21 0000", ReasonCode::ProtocolError},          // Receive Maximum 0
        {"27 00000000", ReasonCode::ProtocolError},      // Maximum Packet Size 0
        {"17 02", ReasonCode::ProtocolError},            // Request Problem Information
        {"19 02", ReasonCode::ProtocolError},            // Request Response Information
        {"16 0001 'x'", ReasonCode::ProtocolError},      // data without a method
        {"21 0001 21 0001", ReasonCode::ProtocolError},  // twice
        {"01 00", ReasonCode::MalformedPacket},          // of a PUBLISH
        {"18 00000001", ReasonCode::MalformedPacket},    // of a will
        {"7e 00", ReasonCode::MalformedPacket}           // unknown
    };
    for (const auto& [properties, code] : cases) {
        LiveClient one = client();
        one.sendsBytes(connectWith(hex(properties)));
        one.expectsRefusedConnect(code, 0);
    }
}

TEST_P(Connecting5, PropertiesOfAWillThatAreWrongAreRefused) {
    const std::pair<const char*, ReasonCode> cases[] = {
        {"02 7e 00", ReasonCode::MalformedPacket},                  // unknown
        {"05 11 00000001", ReasonCode::MalformedPacket},            // of CONNECT
        {"03 23 0001", ReasonCode::MalformedPacket},                // of a PUBLISH
        {"0a 18 00000001 18 00000001", ReasonCode::ProtocolError},  // twice
        {"02 01 02", ReasonCode::ProtocolError},                    // payload format 2
        {"04 08 0001 '#'", ReasonCode::ProtocolError},              // response topic
        {"06 26 0001 'a' 01ff", ReasonCode::MalformedPacket},       // ends within its value
        {"7f", ReasonCode::MalformedPacket}};                       // past the end
    for (const auto& [section, code] : cases) {
        LiveClient one = client();
        one.sendsBytes(mqttPacket(0x10, mqttText("MQTT") + hex("05 06 0000 00") + mqttText("a") +
                                            hex(section) + mqttText("w") + mqttText("x")));
        one.expectsRefusedConnect(code, 0);
    }
}

TEST_P(Connecting5, LimitsAreAnnounced) {
    limits.receiveMaximum = 5;
    limits.topicAliasMaximum = 3;
    limits.decode.maxPacketSize = 1000;
    const Properties told = connackFor({}).properties;
    EXPECT_EQ(told.receiveMaximum, 5);
    EXPECT_EQ(told.topicAliasMaximum, 3);
    EXPECT_EQ(told.maximumPacketSize, 1000u);
    EXPECT_FALSE(told.maximumQos);  // absent: 2
    EXPECT_NE(told.retainAvailable, 0);
    EXPECT_NE(told.wildcardSubscriptionAvailable, 0);
    EXPECT_NE(told.subscriptionIdentifierAvailable, 0);
    EXPECT_NE(told.sharedSubscriptionAvailable, 0);
}

TEST_P(Connecting5, TheReceiveMaximumIsEnforced) {
    limits.receiveMaximum = 2;
    LiveClient one = connected("a");
    for (const std::uint16_t id : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{3}})
        one.sends(publishOf("t", "", 2, id));
    EXPECT_EQ(one.expects<Pubrec>().packetId, 1);
    EXPECT_EQ(one.expects<Pubrec>().packetId, 2);
    one.expectsRefusal(ReasonCode::ReceiveMaximumExceeded);
}

TEST_P(Connecting5, TheMaximumPacketSizeIsEnforced) {
    limits.decode.maxPacketSize = 1000;
    LiveClient reader = subscribed("reader", "t");
    LiveClient one = connected("a");
    constexpr std::size_t kHead = 1 + 2 + 3 + 1;  // fixed header, length, topic, properties
    one.publishes("t", std::string(1000 - kHead, 'x'));
    reader.expectsMessage("t", std::string(1000 - kHead, 'x'));
    one.sends(publishOf("t", std::string(1001 - kHead, 'x')));
    one.expectsRefusal(ReasonCode::PacketTooLarge);
    reader.expectsNothing();
}

TEST_P(Connecting5, TheTopicAliasMaximumIsEnforced) {
    limits.topicAliasMaximum = 3;
    LiveClient one = connected("a");
    Publish message = publishOf("t", "");
    message.properties.topicAlias = 4;
    one.sends(message);
    one.expectsRefusal(ReasonCode::TopicAliasInvalid);
}

TEST_P(Connecting5, WhatIsAvailableWorks) {
    LiveClient one = connected("a");
    EXPECT_EQ(one.subscribes(Subscription{"+/w"}, 9),
              std::vector<std::uint8_t>{0});  // wildcard, identifier
    EXPECT_EQ(one.subscribes(Subscription{"$share/g/s"}), std::vector<std::uint8_t>{0});
    EXPECT_LT(connected("b").publishes("a/w", "x", 2, true), ReasonCode::UnspecifiedError);
    EXPECT_EQ(one.expectsMessage("a/w", "x").properties.subscriptionIdentifiers,
              std::vector<std::uint32_t>{9});
}

TEST_P(Connecting5, ResponseInformationComesOnlyIfRequested) {
    Properties wishes;
    EXPECT_FALSE(connackFor(wishes).properties.responseInformation);
    wishes.requestResponseInformation = 0;
    EXPECT_FALSE(connackFor(wishes).properties.responseInformation);
    wishes.requestResponseInformation = 1;
    EXPECT_EQ(connackFor(wishes).properties.responseInformation, "reply/anonymous");
}

TEST_P(Connecting5, WithoutProblemInformationAcknowledgementsHaveNoReasonString) {
    broker().access.publishRule = [](const auto&, std::string_view) { return false; };
    broker().access.subscribeRule = [](const auto&, std::string_view) { return false; };
    LiveClient one = client();
    Connect packet = one.connectPacket("a");
    packet.properties.requestProblemInformation = 0;
    one.connects(packet);
    one.sends(publishOf("t", "", 1, 1));
    const auto acknowledged = one.expects<Puback>();
    EXPECT_EQ(acknowledged.code, ReasonCode::NotAuthorized);
    EXPECT_EQ(acknowledged.properties, Properties{});
    one.sends(publishOf("t", "", 2, 2));
    EXPECT_EQ(one.expects<Pubrec>().properties, Properties{});
    one.sends(ackOf<Pubrel>(9));
    EXPECT_EQ(one.expects<Pubcomp>().properties, Properties{});
    one.sends(subscribeOf(3, "t"));
    EXPECT_EQ(one.expects<Suback>().properties, Properties{});
    one.sends(unsubscribeOf(4, "t"));
    EXPECT_EQ(one.expects<Unsuback>().properties, Properties{});
}

TEST_P(Connecting5, AReasonNeverMakesAPacketLargerThanTheClientTakes) {
    for (const std::uint32_t size : {20U, 30U, 60U, 200U}) {
        LiveClient one = client();
        Connect packet = one.connectPacket("a");
        packet.properties.maximumPacketSize = size;
        one.connects(packet);
        one.sends(packet);  // a second CONNECT
        const auto goodbye = one.expects<Disconnect>();
        EXPECT_EQ(goodbye.code, ReasonCode::ProtocolError);
        EXPECT_LE(bytesOf(goodbye, Version::V5).size(), size);
    }
}

TEST_P(Connecting5, AClientThatTakesNotEvenTheConnackIsRefused) {
    LiveClient one = client();
    Connect packet = one.connectPacket("a");
    packet.properties.maximumPacketSize = 10;
    one.sends(packet);
    one.expectsRefusedConnect(ReasonCode::PacketTooLarge, 0);
    EXPECT_EQ(broker().gauges().sessions, 0u);
}

TEST_P(Connecting5, AnAcknowledgementLargerThanTheClientTakesEndsTheConnection) {
    LiveClient one = client();
    Connect packet = one.connectPacket("a");
    packet.properties.maximumPacketSize = 30;
    one.connects(packet);
    one.sends(Subscribe{1, std::vector<Subscription>(40, Subscription{"t"}), {}});
    one.expectsRefusal(ReasonCode::PacketTooLarge);
}

TEST_P(Connecting5, AnAuthenticationMethodIsRefused) {
    LiveClient one = client();
    Connect packet = one.connectPacket("a");
    packet.properties.authenticationMethod = "SCRAM-SHA-1";
    packet.properties.authenticationData = "n,,n=user,r=nonce";
    one.sends(packet);
    one.expectsRefusedConnect(ReasonCode::BadAuthenticationMethod, 0);
}

TEST_P(Connecting5, WithoutAMethodAnAuthCloses) {
    for (const ReasonCode code :
         {ReasonCode::Success, ReasonCode::ContinueAuthentication, ReasonCode::Reauthenticate}) {
        LiveClient one = connected("a");
        Auth packet;
        packet.code = code;
        packet.properties.authenticationMethod = "SCRAM-SHA-1";
        one.sends(packet);
        one.expectsRefusal(ReasonCode::ProtocolError);
    }
}

}  // namespace
