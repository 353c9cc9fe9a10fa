#include "test/unit/mqtt/codec_test_support.hpp"

namespace muster::mqtt::test {

TEST(CodecFraming, NeedsMoreWhileTheFixedHeaderIsIncomplete) {
    EXPECT_EQ(codeOf("", Version::V5), kNeedMore);
    EXPECT_EQ(codeOf(hex("30"), Version::V5), kNeedMore);
    EXPECT_EQ(codeOf(hex("30 80"), Version::V5), kNeedMore);
    EXPECT_EQ(codeOf(hex("30 ff ff"), Version::V5, From::Client, {16 << 20}), kNeedMore);
}

TEST(CodecFraming, RefusesAFifthByteOfRemainingLength) {
    EXPECT_EQ(codeOf(hex("30 ff ff ff"), Version::V311), kNeedMore);
    for (const Version version : kVersions) {
        EXPECT_EQ(codeOf(hex("30 ff ff ff ff"), version), kMalformed);
        EXPECT_EQ(codeOf(hex("30 80 80 80 80 01"), version), kMalformed);
    }
}

TEST(CodecFraming, RefusesAPaddedRemainingLengthInMqtt5Only) {
    EXPECT_EQ(codeOf(hex("c0 80 00"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(hex("c0 80 00"), Version::V311), kOk);
}

TEST(CodecFraming, JudgesAnAnnouncedSizeBeforeTheBytesArrive) {
    EXPECT_EQ(codeOf(hex("30 ff ff ff 7f"), Version::V5), kTooLarge);  // 268 435 455
    EXPECT_EQ(codeOf(hex("10 ff ff ff 7f"), Version::V5), kTooLarge);
}

TEST(CodecFraming, HoldsThePacketSizeLimitExactly) {
    const std::string packet = framed(0x30, hex("0001 't'") + std::string(95, 'x'));  // 100 bytes
    EXPECT_EQ(packet.size(), 100U);
    EXPECT_EQ(codeOf(packet, Version::V311, From::Client, {99}), kTooLarge);
    EXPECT_EQ(codeOf(packet, Version::V311, From::Client, {100}), kOk);
    EXPECT_EQ(codeOf(packet, Version::V311, From::Client, {101}), kOk);
}

TEST(CodecFraming, HoldsTheConnectSizeLimitExactly) {
    const std::string connect =
        encoded(Connect{Version::V311, true, 0, "client", {}, {}, {}, {}}, Version::V311);
    const auto limited = [](std::size_t size) { return DecodeLimits{1 << 20, size}; };
    EXPECT_EQ(codeOf(connect, Version::V5, From::Client, limited(connect.size() - 1)), kTooLarge);
    EXPECT_EQ(codeOf(connect, Version::V5, From::Client, limited(connect.size())), kOk);
    EXPECT_EQ(codeOf(connect, Version::V5, From::Client, {connect.size() - 1, 1 << 20}), kTooLarge);
}

TEST(CodecFraming, RefusesReservedFlagsButNotIn31) {
    // every type but PUBLISH, with each wrong combination of flags and a body that is right
    const struct {
        unsigned first;
        std::string body;
        From from;
    } rows[] = {
        {0x40, hex("0001"), From::Client},
        {0x50, hex("0001"), From::Client},
        {0x62, hex("0001"), From::Client},
        {0x70, hex("0001"), From::Client},
        {0x82, hex("0001 0001 61 00"), From::Client},
        {0x90, hex("0001 00"), From::Server},
        {0xa2, hex("0001 0001 61"), From::Client},
        {0xb0, hex("0001"), From::Server},
        {0xc0, "", From::Client},
        {0xd0, "", From::Server},
        {0xe0, "", From::Client},
        {0x20, hex("0000"), From::Server},
    };
    for (const auto& row : rows)
        for (unsigned flags = 0; flags < 16; ++flags) {
            const std::string packet = framed((row.first & 0xF0) | flags, row.body);
            const bool isRight = flags == (row.first & 0x0F);
            EXPECT_EQ(codeOf(packet, Version::V311, row.from), isRight ? kOk : kMalformed)
                << std::hex << row.first << ' ' << flags;
            EXPECT_EQ(codeOf(packet, Version::V31, row.from), kOk) << std::hex << row.first;
        }
}

TEST(CodecFraming, RefusesPacketTypesThatTheSenderNeverSends) {
    for (const Version version : kVersions) {
        for (const unsigned type : {0x20U, 0x90U, 0xb0U, 0xd0U, 0x00U})
            EXPECT_EQ(codeOf(framed(type, ""), version, From::Client), kProtocolError);
        for (const unsigned type : {0x10U, 0x82U, 0xa2U, 0xc0U, 0x00U})
            EXPECT_EQ(codeOf(framed(type, ""), version, From::Server), kProtocolError);
    }
    EXPECT_EQ(codeOf(hex("e0 00"), Version::V311, From::Server), kProtocolError);
    EXPECT_EQ(codeOf(hex("e0 00"), Version::V5, From::Server), kOk);
}

TEST(CodecFraming, KnowsAuthInMqtt5Only) {
    EXPECT_EQ(codeOf(hex("f0 00"), Version::V31), kProtocolError);
    EXPECT_EQ(codeOf(hex("f0 00"), Version::V311), kProtocolError);
    EXPECT_EQ(codeOf(hex("f0 00"), Version::V5), kOk);
}

TEST(CodecFraming, LeavesTheNextPacketAlone) {
    const DecodeResult result = decodeFrom(From::Client, hex("c0 00 e0 00"), Version::V5);
    ASSERT_TRUE(std::holds_alternative<Decoded>(result));
    EXPECT_EQ(std::get<Decoded>(result).size, 2U);
}

TEST(CodecFraming, RefusesBytesAfterTheLastField) {
    EXPECT_EQ(codeOf(hex("c0 01 00"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(hex("40 03 0001 00"), Version::V311), kMalformed);
    EXPECT_EQ(codeOf(hex("e0 01 00"), Version::V311), kMalformed);
    EXPECT_EQ(codeOf(hex("40 05 0001 00 00 00"), Version::V5), kMalformed);
}

}  // namespace muster::mqtt::test
