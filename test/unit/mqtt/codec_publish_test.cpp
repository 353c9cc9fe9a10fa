#include "test/unit/mqtt/codec_test_support.hpp"

namespace muster::mqtt::test {

TEST(CodecPublish, ReadsTopicPayloadAndFlags) {
    EXPECT_EQ(decoded<Publish>(hex("3d 08 0003 'a/b' 1234 'x'"), Version::V311),
              (Publish{"a/b", "x", 2, true, true, 0x1234, {}}));
    EXPECT_EQ(decoded<Publish>(hex("30 04 0001 't' 00"), Version::V31).payload, hex("00"));
    EXPECT_EQ(decoded<Publish>(hex("30 03 0001 't'"), Version::V311).payload, "");
}

TEST(CodecPublish, RefusesQos3AndDupWithQos0) {
    EXPECT_EQ(codeOf(hex("36 06 0001 't' 0001 'x'"), Version::V311), kMalformed);
    EXPECT_EQ(codeOf(hex("38 04 0001 't' 'x'"), Version::V311), kMalformed);
    EXPECT_EQ(codeOf(hex("38 05 0001 't' 00 'x'"), Version::V5), kMalformed);
    EXPECT_FALSE(decoded<Publish>(hex("38 04 0001 't' 'x'"), Version::V31).dup);
}

TEST(CodecPublish, RefusesPacketIdentifier0) {
    for (const Version version : kVersions)
        EXPECT_EQ(codeOf(hex("32 06 0001 't' 0000 00"), version), kProtocolError);
}

TEST(CodecPublish, RefusesWildcardsAndAnEmptyTopic) {
    for (const Version version : kVersions) {
        EXPECT_EQ(codeOf(hex("30 06 0003 'a/+' 00"), version), kMalformed);
        EXPECT_EQ(codeOf(hex("30 04 0001 '#' 00"), version), kMalformed);
        EXPECT_EQ(codeOf(hex("30 03 0000 00"), version), kProtocolError);
    }
}

TEST(CodecPublish, TakesAnEmptyTopicWithATopicAlias) {
    EXPECT_EQ(decoded<Publish>(hex("30 06 0000 03 23 0007"), Version::V5).properties.topicAlias, 7);
    EXPECT_EQ(codeOf(hex("30 06 0000 03 23 0000"), Version::V5), kTopicAliasInvalid);
}

TEST(CodecPublish, RefusesASubscriptionIdentifierFromAClient) {
    const std::string packet = hex("30 08 0001 't' 04 0b 01 0b 02");
    EXPECT_EQ(codeOf(packet, Version::V5, From::Client), kProtocolError);
    const auto publish = decoded<Publish>(packet, Version::V5, From::Server);
    EXPECT_EQ(publish.properties.subscriptionIdentifiers, (std::vector<std::uint32_t>{1, 2}));
}

TEST(CodecPublish, RefusesAResponseTopicThatIsNone) {
    EXPECT_EQ(codeOf(hex("30 08 0001 't' 04 08 0001 '+'"), Version::V5), kProtocolError);
    EXPECT_EQ(codeOf(hex("30 07 0001 't' 03 08 0000"), Version::V5), kProtocolError);
    EXPECT_EQ(codeOf(hex("30 08 0001 't' 04 08 0001 'r'"), Version::V5), kOk);
}

TEST(CodecPublish, KeepsAByteOrderMark) {
    EXPECT_EQ(decoded<Publish>(hex("30 06 0004 efbbbf 't'"), Version::V311).topic, "\xEF\xBB\xBFt");
}

TEST(CodecPublish, WritesOneHeadForASharedPayload) {
    const Publish message{"a/b", "payload", 1, false, false, 7, {}};
    for (const Version version : kVersions) {
        std::string head;
        encodePublishHead(message, message.payload.size(), version, head);
        EXPECT_EQ(head + message.payload, encoded(message, version));
    }
}

TEST(CodecPublish, WritesADeliveryOfItsOwnOverASharedMessage) {
    Publish message{"a/b", "payload", 2, true, true, 7, {}};
    message.properties.contentType = "text";
    message.properties.messageExpiry = 60;
    message.properties.topicAlias = 3;
    message.properties.userProperties = {{"k", "v"}};
    const std::uint32_t ids[] = {4, 5};
    PublishHead head;
    head.topic = message.topic;
    head.properties = &message.properties;
    head.messageExpiry = 59;
    head.subscriptionIdentifiers = ids;
    std::string out;
    encodePublishHead(head, message.payload.size(), Version::V5, out);

    Publish expected{"a/b", "payload", 0, false, false, 0, {}};
    expected.properties.contentType = "text";
    expected.properties.messageExpiry = 59;
    expected.properties.subscriptionIdentifiers = {4, 5};
    expected.properties.userProperties = {{"k", "v"}};
    EXPECT_EQ(decoded<Publish>(out + message.payload, Version::V5, From::Server), expected);
}

TEST(CodecPublish, CutsAnOverlongTopicInsteadOfLosingTheFrame) {
    const Publish message{std::string(70'000, 'a'), "payload", 1, false, false, 7, {}};
    Publish expected = message;
    expected.topic.resize(0xFFFF);
    EXPECT_EQ(decoded<Publish>(encoded(message, Version::V311), Version::V311), expected);
}

TEST(CodecAck, ReadsTheShortForms) {
    EXPECT_EQ(decoded<Puback>(hex("40 02 0102"), Version::V311).packetId, 0x0102);
    EXPECT_EQ(decoded<Puback>(hex("40 02 0001"), Version::V5).code, ReasonCode::Success);
    EXPECT_EQ(decoded<Pubrec>(hex("50 03 0001 97"), Version::V5).code, ReasonCode::QuotaExceeded);
    EXPECT_EQ(decoded<Pubrel>(hex("62 04 0001 92 00"), Version::V5).code,
              ReasonCode::PacketIdentifierNotFound);
    EXPECT_EQ(
        decoded<Pubcomp>(hex("70 08 0001 00 04 1f 0001 'r'"), Version::V5).properties.reasonString,
        "r");
}

TEST(CodecAck, WritesTheShortForms) {
    EXPECT_EQ(encoded(Puback{1, ReasonCode::Success, {}}, Version::V5), hex("40 02 0001"));
    EXPECT_EQ(encoded(Puback{1, ReasonCode::NotAuthorized, {}}, Version::V5), hex("40 03 0001 87"));
    EXPECT_EQ(encoded(Puback{1, ReasonCode::NotAuthorized, {}}, Version::V311), hex("40 02 0001"));
    EXPECT_EQ(encoded(Pubrel{1, ReasonCode::Success, {}}, Version::V31), hex("62 02 0001"));
}

TEST(CodecAck, RefusesIdentifier0AndUndefinedCodes) {
    for (const unsigned first : {0x40U, 0x50U, 0x62U, 0x70U}) {
        EXPECT_EQ(codeOf(framed(first, hex("0000")), Version::V311), kProtocolError);
        EXPECT_EQ(codeOf(framed(first, hex("0001 8d")), Version::V5), kMalformed);
        EXPECT_EQ(codeOf(framed(first, hex("00")), Version::V311), kMalformed);
    }
    EXPECT_EQ(codeOf(hex("62 03 0001 10"), Version::V5), kMalformed);  // PUBACK's, not PUBREL's
}

}  // namespace muster::mqtt::test
