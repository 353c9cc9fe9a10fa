#include "test/unit/mqtt/codec_test_support.hpp"

namespace muster::mqtt::test {

TEST(CodecUtf8, AcceptsWellFormedText) {
    const std::string_view good[] = {
        "",
        "'a'",
        "'plain text, long enough for words'",
        "7f",
        "c280",
        "dfbf",  // U+007F, U+0080, U+07FF
        "e0a080",
        "ed9fbf",
        "ee8080",  // U+0800, U+D7FF, U+E000
        "efbfbd",
        "efbfbf",
        "efbbbf",  // U+FFFD, U+FFFF, U+FEFF
        "f0908080",
        "f48fbfbf",  // U+10000, U+10FFFF
        "01",
        "1f",
        "c29f",  // control characters are accepted
        "'abcdefg' c3a4 'bcdefgh' e282ac 'x'",
    };
    for (const auto text : good) EXPECT_TRUE(isValidUtf8(hex(text))) << text;
}

TEST(CodecUtf8, RefusesEverythingElse) {
    const std::string_view bad[] = {
        "00",
        "'a' 00 'b'",
        "'abcdefgh' 00",  // U+0000
        "80",
        "bf",
        "'a' 80",  // continuation alone
        "c0 80",
        "c1 bf",
        "e0 80 80",  // overlong
        "e0 9f bf",
        "f0 80 80 80",
        "f0 8f bf bf",  // overlong
        "ed a0 80",
        "ed bf bf",
        "ed a0 81 ed b0 81",  // surrogates
        "f4 90 80 80",
        "f5 80 80 80",
        "ff",  // above U+10FFFF
        "c3",
        "e2 82",
        "f0 9f 98",  // cut off
        "c3 28",
        "e2 28 a1",
        "f0 28 8c bc",  // no continuation
        "fe",
        "f8 88 80 80 80",
        "'abcdefghijklmno' 80",
    };
    for (const auto text : bad) EXPECT_FALSE(isValidUtf8(hex(text))) << text;
}

TEST(CodecUtf8, FindsABadByteAtEveryPlace) {
    for (std::size_t length = 1; length <= 24; ++length)
        for (std::size_t place = 0; place < length; ++place)
            for (const char bad : {'\0', '\x80', '\xff'}) {
                std::string text(length, 'a');
                text[place] = bad;
                EXPECT_FALSE(isValidUtf8(text)) << length << ' ' << place;
            }
}

TEST(CodecUtf8, IsCheckedInEveryString) {
    const std::string_view packets[] = {
        "10 0d 0004 'MQTT' 04 02 0000 0001 ff",                // client identifier
        "10 12 0004 'MQTT' 04 06 0000 0001 'c' 0001 ff 0000",  // will topic
        "10 10 0004 'MQTT' 04 82 0000 0001 'c' 0001 ff",       // user name
        "30 03 0001 ff",                                       // topic
        "82 06 0001 0001 ff 00",                               // filters
        "a2 05 0001 0001 ff",
    };
    for (const auto packet : packets)
        EXPECT_EQ(codeOf(hex(packet), Version::V311), kMalformed) << packet;
    EXPECT_EQ(codeOf(hex("30 08 0001 't' 04 03 0001 ff"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(hex("30 0a 0001 't' 06 26 0001 ff 0000"), Version::V5), kMalformed);
}

TEST(CodecUtf8, IsNotAskedOfBinaryFields) {
    EXPECT_EQ(codeOf(hex("10 13 0004 'MQTT' 04 c2 0000 0001 'c' 0001 'u' 0001 ff"), Version::V311),
              kOk);
    EXPECT_EQ(codeOf(hex("30 08 0001 't' 04 09 0001 ff"), Version::V5), kOk);
}

}  // namespace muster::mqtt::test
