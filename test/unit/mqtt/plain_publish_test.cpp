#include "master/mqtt/plain_publish.hpp"

#include <array>

#include <gtest/gtest.h>

using namespace muster::mqtt;

namespace {

std::string ackBytes(unsigned char first, unsigned char size, unsigned id) {
    return {static_cast<char>(first), static_cast<char>(size), static_cast<char>(id >> 8),
            static_cast<char>(id & 0xFF)};
}

TEST(PlainAck, IsReadAsDecodeReadsIt) {
    const std::array<unsigned char, 4> firsts{0x40, 0x50, 0x62, 0x70};
    for (const Version version : {Version::V31, Version::V311, Version::V5}) {
        for (std::size_t i = 0; i < firsts.size(); ++i) {
            const std::string bytes = ackBytes(firsts[i], 2, 0xABCD) + "next";
            const auto plain = readPlainAck(bytes);
            ASSERT_TRUE(plain);
            EXPECT_EQ(plain->type, 4 + i);
            EXPECT_EQ(plain->packetId, 0xABCD);
            const auto decoded = decode(bytes, version, From::Client, {});
            ASSERT_TRUE(std::holds_alternative<Decoded>(decoded));
            EXPECT_EQ(std::get<Decoded>(decoded).size, PlainAck::kSize);
        }
    }
}

TEST(PlainAck, LeavesToDecodeWhatIsMoreOrLess) {
    EXPECT_FALSE(readPlainAck(ackBytes(0x40, 3, 1)));               // a reason code follows
    EXPECT_FALSE(readPlainAck(ackBytes(0x40, 2, 1).substr(0, 3)));  // not whole
    EXPECT_FALSE(readPlainAck(ackBytes(0x40, 2, 0)));               // no packet id
    EXPECT_FALSE(readPlainAck(""));
}

TEST(PlainAck, LeavesToDecodeEveryOtherFirstByte) {
    for (unsigned first = 0; first < 256; ++first) {
        const bool isAck = first == 0x40 || first == 0x50 || first == 0x62 || first == 0x70;
        EXPECT_EQ(readPlainAck(ackBytes(static_cast<unsigned char>(first), 2, 1)).has_value(),
                  isAck)
            << first;
    }
}

}  // namespace
