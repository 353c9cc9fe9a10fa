#include "test/support/random_packets.hpp"
#include "test/unit/mqtt/codec_test_support.hpp"

#include <functional>

namespace muster::mqtt::test {
namespace {

using muster::test::RandomPackets;

/// Calls `check` with `rounds` random packets of every type, version and sender.
void forRandomPackets(std::uint32_t seed, int rounds,
                      const std::function<void(const Packet&, Version, From)>& check) {
    RandomPackets packets(seed);
    for (const Version version : kVersions)
        for (const From from : {From::Client, From::Server})
            for (std::size_t index = 0; index < std::variant_size_v<Packet>; ++index)
                for (int i = 0; RandomPackets::exists(index, version, from) && i < rounds; ++i)
                    check(packets.make(index, version, from), version, from);
}

}  // namespace

TEST(CodecRoundTrip, ReturnsEveryPacketUnchanged) {
    forRandomPackets(1, 60, [](const Packet& packet, Version version, From from) {
        const std::string bytes = encoded(packet, version);
        const DecodeResult result = decodeFrom(from, bytes, version);
        const auto* whole = std::get_if<Decoded>(&result);
        ASSERT_NE(whole, nullptr) << "type " << packet.index() + 1;
        EXPECT_EQ(whole->size, bytes.size());
        EXPECT_TRUE(whole->packet == packet) << "type " << packet.index() + 1;
    });
}

TEST(CodecRoundTrip, NeedsMoreForEveryTruncatedPacket) {
    forRandomPackets(2, 10, [](const Packet& packet, Version version, From from) {
        const std::string bytes = encoded(packet, version);
        for (std::size_t size = 0; size < bytes.size(); ++size)
            EXPECT_EQ(codeOf(bytes.substr(0, size), version, from), kNeedMore)
                << "type " << packet.index() + 1 << ", " << size << " of " << bytes.size();
    });
}

TEST(CodecRoundTrip, IsTotalForPacketsCutShortInside) {
    // The length tells the truth about the bytes, but fields are missing at the end.
    forRandomPackets(3, 10, [](const Packet& packet, Version version, From from) {
        const std::string bytes = encoded(packet, version);
        const std::size_t header = bytes.size() > 2 + 0x7F ? 3 : 2;
        for (std::size_t size = header; size < bytes.size(); ++size) {
            const std::string cut =
                framed(static_cast<unsigned char>(bytes[0]), bytes.substr(header, size - header));
            EXPECT_NE(codeOf(cut, version, from), kNeedMore);
        }
    });
}

TEST(CodecRoundTrip, SurvivesAFieldOfTheGreatestLength) {
    Connect packet{Version::V5, true, 0, std::string(0xFFFF, 'i'), {}, {}, {}, {}};
    std::string bytes = encoded(packet, Version::V5);
    const DecodeResult result = decode(bytes, Version::V5, From::Client, {1 << 20, 1 << 20});
    ASSERT_TRUE(std::holds_alternative<Decoded>(result));
    EXPECT_TRUE(std::get<Decoded>(result).packet == Packet(packet));
}

}  // namespace muster::mqtt::test
