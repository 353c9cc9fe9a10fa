#include "test/unit/mqtt/codec_test_support.hpp"

namespace muster::mqtt::test {

TEST(CodecSubscribe, ReadsFiltersAndOptions) {
    const auto packet =
        decoded<Subscribe>(hex("82 0d 0001 02 0b 07 0001 'a' 2e 0001 'b' 01"), Version::V5);
    EXPECT_EQ(packet.subscriptions,
              (std::vector<Subscription>{{"a", 2, true, true, 2}, {"b", 1, false, false, 0}}));
    EXPECT_EQ(packet.properties.subscriptionIdentifiers, (std::vector<std::uint32_t>{7}));
}

TEST(CodecSubscribe, NeedsAtLeastOneFilter) {
    EXPECT_EQ(codeOf(hex("82 02 0001"), Version::V311), kProtocolError);
    EXPECT_EQ(codeOf(hex("82 03 0001 00"), Version::V5), kProtocolError);
    EXPECT_EQ(codeOf(hex("a2 02 0001"), Version::V311), kProtocolError);
    EXPECT_EQ(codeOf(hex("a2 03 0001 00"), Version::V5), kProtocolError);
}

TEST(CodecSubscribe, RefusesPacketIdentifier0) {
    EXPECT_EQ(codeOf(hex("82 06 0000 0001 'a' 00"), Version::V311), kProtocolError);
    EXPECT_EQ(codeOf(hex("a2 05 0000 0001 'a'"), Version::V311), kProtocolError);
}

TEST(CodecSubscribe, AcceptsExactlyTheDefinedOptions) {
    for (unsigned options = 0; options < 256; ++options) {
        const std::string filter = hex("0001 'a'") + static_cast<char>(options);
        const bool badQos = (options & 3) == 3;
        const int in311 = badQos || options > 3 ? kMalformed : kOk;
        int in5 = badQos || options > 0x3F ? kMalformed : kOk;
        if (in5 == kOk && (options & 0x30) == 0x30) in5 = kProtocolError;  // retain handling 3
        EXPECT_EQ(codeOf(framed(0x82, hex("0001") + filter), Version::V311), in311) << options;
        EXPECT_EQ(codeOf(framed(0x82, hex("0001 00") + filter), Version::V5), in5) << options;
        EXPECT_EQ(codeOf(framed(0x82, hex("0001") + filter), Version::V31),
                  badQos ? kMalformed : kOk);
    }
}

TEST(CodecSubscribe, RefusesNoLocalOnASharedSubscription) {
    const std::string filter = hex("000a '$share/g/t'");
    EXPECT_EQ(codeOf(framed(0x82, hex("0001 00") + filter + hex("04")), Version::V5),
              kProtocolError);
    EXPECT_EQ(codeOf(framed(0x82, hex("0001 00") + filter + hex("00")), Version::V5), kOk);
}

TEST(CodecSubscribe, ChecksTheSubscriptionIdentifier) {
    const auto withIds = [](std::string_view properties) {
        return codeOf(framed(0x82, hex("0001") + hex(properties) + hex("0001 'a' 00")),
                      Version::V5);
    };
    EXPECT_EQ(withIds("02 0b 00"), kProtocolError);
    EXPECT_EQ(withIds("02 0b 01"), kOk);
    EXPECT_EQ(withIds("05 0b ffffff7f"), kOk);  // 268 435 455
    EXPECT_EQ(withIds("06 0b ffffffff 7f"), kMalformed);
    EXPECT_EQ(withIds("03 0b 81 00"), kMalformed);  // padded
    EXPECT_EQ(withIds("04 0b 01 0b 02"), kProtocolError);
}

TEST(CodecSubscribe, HoldsTheLimitOfFiltersExactly) {
    DecodeLimits limits;
    limits.maxFilters = 3;
    const auto withFilters = [&](unsigned count, unsigned first, std::string_view filter) {
        std::string body = hex("0001");
        for (; count > 0; --count) body += hex(filter);
        return codeOf(framed(first, body), Version::V311, From::Client, limits);
    };
    for (const unsigned count : {2U, 3U, 4U}) {
        EXPECT_EQ(withFilters(count, 0x82, "0001 'a' 00"), count > 3 ? kTooLarge : kOk);
        EXPECT_EQ(withFilters(count, 0xa2, "0001 'a'"), count > 3 ? kTooLarge : kOk);
    }
}

TEST(CodecSubscribe, RefusesATruncatedFilter) {
    EXPECT_EQ(codeOf(hex("82 05 0001 0001 'a'"), Version::V311), kMalformed);  // no options
    EXPECT_EQ(codeOf(hex("82 05 0001 0005 'a'"), Version::V311), kMalformed);
    EXPECT_EQ(codeOf(hex("a2 05 0001 0002 'a'"), Version::V311), kMalformed);
}

TEST(CodecSuback, ReadsCodesOfEachVersion) {
    EXPECT_EQ(decoded<Suback>(hex("90 06 0001 00 01 02 80"), Version::V311, From::Server).codes,
              (std::vector<std::uint8_t>{0, 1, 2, 0x80}));
    EXPECT_EQ(codeOf(hex("90 03 0001 87"), Version::V311, From::Server), kMalformed);
    EXPECT_EQ(decoded<Suback>(hex("90 04 0001 00 87"), Version::V5, From::Server).codes,
              (std::vector<std::uint8_t>{0x87}));
    EXPECT_EQ(codeOf(hex("90 04 0001 00 03"), Version::V5, From::Server), kMalformed);
    EXPECT_EQ(codeOf(hex("90 02 0001"), Version::V311, From::Server), kProtocolError);
}

TEST(CodecSuback, WritesOneFailureCodeIn3x) {
    const Suback packet{1, {1, 0x87, 0x8F}, {}};
    EXPECT_EQ(encoded(packet, Version::V311), hex("90 05 0001 01 80 80"));
    EXPECT_EQ(encoded(packet, Version::V5), hex("90 06 0001 00 01 87 8f"));
}

TEST(CodecUnsuback, HasCodesInMqtt5Only) {
    const Unsuback packet{1, {0x11}, {}};
    EXPECT_EQ(encoded(packet, Version::V311), hex("b0 02 0001"));
    EXPECT_EQ(encoded(packet, Version::V5), hex("b0 04 0001 00 11"));
    EXPECT_EQ(codeOf(hex("b0 02 0001"), Version::V311, From::Server), kOk);
    EXPECT_EQ(codeOf(hex("b0 03 0001 00"), Version::V5, From::Server), kProtocolError);
}

}  // namespace muster::mqtt::test
