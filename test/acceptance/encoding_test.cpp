// mqtt.md 1.1: encoding and framing.
#include "test/acceptance/acceptance.hpp"
#include "test/support/hex.hpp"
#include "test/support/mqtt_bytes.hpp"

#include <set>

using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

/// A fixed header of that first byte, a length, and so many bytes of zero.
std::string frame(unsigned char head, std::string_view length, std::size_t body = 0) {
    return std::string(1, static_cast<char>(head)) + std::string(length) + std::string(body, '\0');
}

struct Encoding : Acceptance {};
INSTANTIATE_TEST_SUITE_P(Ways, Encoding, framingWays(), wayName);
struct StrictEncoding : Acceptance {};
INSTANTIATE_TEST_SUITE_P(Ways, StrictEncoding, strictFramingWays(), wayName);

TEST_P(Encoding, ARemainingLengthOfFiveBytesCloses) {
    for (const char* length : {"\x80\x80\x80\x80\x01", "\xFF\xFF\xFF\xFF\x7F"}) {
        LiveClient one = connected("a");
        one.sendsBytes(frame(0x30, length));
        one.expectsRefusal(ReasonCode::MalformedPacket);
    }
    LiveClient first = client();
    first.sendsBytes(frame(0x10, "\x80\x80\x80\x80\x01"));
    first.expectsClosed();
    expectService();
}

TEST_P(Encoding, ARemainingLengthIsWrittenWithTheFewestBytes) {
    LiveClient reader = subscribed("reader", "t");
    LiveClient writer = connected("writer");
    const std::size_t head = isV5() ? 4 : 3;  // topic, properties
    const std::pair<std::size_t, std::string> cases[] = {
        {127, "7f"},        {128, "8001"},         {16'383, "ff7f"},
        {16'384, "808001"}, {2'097'151, "ffff7f"}, {2'097'152, "80808001"}};
    for (const auto& [length, bytes] : cases) {
        writer.publishes("t", std::string(length - head, 'x'));
        EXPECT_EQ(reader.expectsBytes(1 + bytes.size() / 2), hex("30" + bytes));
        EXPECT_EQ(reader.expectsBytes(length).size(), length);
    }
}

TEST_P(StrictEncoding, ReservedFlagsInAFixedHeaderClose) {
    const std::string subscribe = bytesOf(subscribeOf(1, "a"), version());
    const std::string unsubscribe = bytesOf(unsubscribeOf(1, "a"), version());
    const std::string bodies[] = {bytesOf(ackOf<Puback>(1), version()),
                                  bytesOf(ackOf<Pubrec>(1), version()),
                                  bytesOf(ackOf<Pubrel>(1), version()),
                                  bytesOf(ackOf<Pubcomp>(1), version()),
                                  subscribe,
                                  unsubscribe,
                                  bytesOf(Pingreq{}, version()),
                                  bytesOf(Disconnect{}, version())};
    for (const std::string& right : bodies) {
        for (const unsigned flags : {0U, 1U, 2U, 4U, 8U, 15U}) {
            std::string wrong = right;
            wrong[0] = static_cast<char>((static_cast<unsigned char>(right[0]) & 0xF0U) | flags);
            if (wrong == right) continue;
            LiveClient one = connected("a");
            one.sendsBytes(wrong);
            one.expectsRefusal(ReasonCode::MalformedPacket);
        }
    }
}

TEST_P(StrictEncoding, ReservedFlagsInTheHeaderOfConnectClose) {
    LiveClient one = client();
    std::string bytes = bytesOf(one.connectPacket("a"), version());
    bytes[0] = '\x11';
    one.sendsBytes(bytes);
    if (isV5())
        one.expectsRefusedConnect(ReasonCode::MalformedPacket, 0);
    else
        one.expectsClosed();
}

TEST_P(Encoding, PacketId0Closes) {
    const std::string packets[] = {
        bytesOf(subscribeOf(0, "a"), version()), bytesOf(unsubscribeOf(0, "a"), version()),
        bytesOf(publishOf("a", "", 1), version()), bytesOf(publishOf("a", "", 2), version())};
    for (const std::string& bytes : packets) {
        LiveClient one = connected("a");
        one.sendsBytes(bytes);
        one.expectsRefusal(ReasonCode::ProtocolError);
    }
}

TEST_P(Encoding, OwnPacketIdsAreUnusedAndNotZero) {
    LiveClient reader = subscribed("reader", "t", 2);
    LiveClient writer = connected("writer");
    constexpr int kMessages = 200;
    for (int i = 0; i < kMessages; ++i) writer.publishes("t", "x", 1 + i % 2);
    std::set<std::uint16_t> ids;
    for (int i = 0; i < kMessages; ++i) ids.insert(reader.expectsMessage("t", "x").packetId);
    EXPECT_EQ(ids.size(), std::size_t{kMessages});  // none acknowledged: all different
    EXPECT_EQ(ids.count(0), 0u);
    writer.publishes("t", "qos 0");
    EXPECT_EQ(reader.expectsMessage("t", "qos 0").packetId, 0);
}

TEST_P(Encoding, AcknowledgementsCarryTheIdOfTheirPacket) {
    LiveClient one = connected("a");
    for (const std::uint16_t id : {std::uint16_t{1}, std::uint16_t{256}, std::uint16_t{65535}}) {
        one.sends(publishOf("t", "", 1, id));
        EXPECT_EQ(one.expects<Puback>().packetId, id);
        one.sends(publishOf("t", "", 2, id));
        EXPECT_EQ(one.expects<Pubrec>().packetId, id);
        one.sends(ackOf<Pubrel>(id));
        EXPECT_EQ(one.expects<Pubcomp>().packetId, id);
        one.sends(subscribeOf(id, "other"));
        EXPECT_EQ(one.expects<Suback>().packetId, id);
        one.sends(unsubscribeOf(id, "other"));
        EXPECT_EQ(one.expects<Unsuback>().packetId, id);
    }
}

TEST_P(Encoding, TypesThatOnlyServersSendAndReservedOnesClose) {
    const std::string packets[] = {frame(0x00, std::string(1, '\0')), bytesOf(Connack{}, version()),
                                   bytesOf(Suback{1, {0}, {}}, version()),
                                   bytesOf(Unsuback{1, {0}, {}}, version()),
                                   bytesOf(Pingresp{}, version())};
    for (const std::string& bytes : packets) {
        LiveClient one = connected("a");
        one.sendsBytes(bytes);
        one.expectsRefusal(ReasonCode::ProtocolError);
    }
    LiveClient one = connected("a");  // 15 is reserved before 5.0; there, nobody asked for AUTH
    one.sendsBytes(frame(0xF0, std::string(1, '\0')));
    one.expectsRefusal(ReasonCode::ProtocolError);
}

TEST_P(Encoding, PacketsMaySpanReadsAndShareThem) {
    LiveClient one = client();
    const std::string bytes = bytesOf(one.connectPacket("a"), version()) +
                              bytesOf(subscribeOf(7, "t"), version()) +
                              bytesOf(publishOf("t", "x"), version());
    for (const char byte : bytes) one.sendsBytes({&byte, 1});
    one.expects<Connack>();
    EXPECT_EQ(one.expects<Suback>().packetId, 7);
    one.expectsMessage("t", "x");

    LiveClient other = client();
    other.sendsBytes(bytes);
    other.expects<Connack>();
    EXPECT_EQ(other.expects<Suback>().packetId, 7);
    other.expectsMessage("t", "x");
}

TEST_P(Encoding, BytesAfterTheLastFieldClose) {
    for (const Packet& packet :
         {Packet(ackOf<Puback>(1)), Packet(unsubscribeOf(1, "a")), Packet(Pingreq{})}) {
        std::string bytes = bytesOf(packet, version());
        bytes[1] = static_cast<char>(bytes[1] + 1);
        LiveClient one = connected("a");
        one.sendsBytes(bytes + '\xFE');  // no reason code, no length of a text either
        one.expectsRefusal(ReasonCode::MalformedPacket);
    }
}

struct Properties5 : Acceptance {
    /// The body of a PUBLISH of QoS 0 with this property section, whose length stands in front.
    static std::string publishWith(std::string_view properties) {
        return mqttPacket(0x30, mqttText("t") + std::string(properties) + "payload");
    }
    void expectError(std::string_view section, ReasonCode code) {
        LiveClient one = connected("a");
        one.sendsBytes(publishWith(section));
        one.expectsRefusal(code);
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, Properties5, v5FramingWays(), wayName);

TEST_P(Properties5, TheSectionIsThereThoughItBeEmpty) {
    LiveClient reader = subscribed("reader", "t");
    LiveClient writer = connected("writer");
    writer.publishes("t", "x");
    EXPECT_EQ(reader.expectsBytes(7), hex("30 05 0001 't' 00 'x'"));
    writer.sendsBytes(mqttPacket(0x82, hex("0001 0001 't' 00")));  // SUBSCRIBE without it
    writer.expectsRefusal(ReasonCode::MalformedPacket);
}

TEST_P(Properties5, AnUnknownIdentifierCloses) {
    expectError(hex("02 7e 00"), ReasonCode::MalformedPacket);
    expectError(hex("02 00 00"), ReasonCode::MalformedPacket);
}

TEST_P(Properties5, AnIdentifierOfAnotherPacketTypeCloses) {
    expectError(hex("05 11 00000001"), ReasonCode::MalformedPacket);  // session expiry
    expectError(hex("03 21 0001"), ReasonCode::MalformedPacket);      // receive maximum
}

TEST_P(Properties5, ASinglePropertyTwiceCloses) {
    expectError(hex("04 01 00 01 00"), ReasonCode::ProtocolError);
    expectError(hex("0a 02 00000001 02 00000001"), ReasonCode::ProtocolError);
}

TEST_P(Properties5, ALengthPastTheEndCloses) {
    expectError(hex("7f"), ReasonCode::MalformedPacket);
    expectError(hex("ffffff7f"), ReasonCode::MalformedPacket);
    expectError(hex("05 26 0001 'a' ffff"), ReasonCode::MalformedPacket);  // a value's length
}

TEST_P(Properties5, EveryPacketTypeIsHeldToThem) {
    const std::pair<const char*, const char*> packets[] = {
        {"82", "0001"},    {"a2", "0001"},    {"40", "0001 00"}, {"50", "0001 00"},
        {"62", "0001 00"}, {"70", "0001 00"}, {"e0", "00"},      {"f0", "18"}};
    const char* sections[] = {"02 7e 00",     // unknown
                              "03 21 0001",   // of CONNECT and CONNACK only
                              "03 26 0001",   // ends within its value
                              "7f",           // longer than the packet
                              "8080808001"};  // of five bytes
    for (const auto& [head, front] : packets) {
        for (const char* section : sections) {
            LiveClient one = connected("a");
            one.sendsBytes(
                mqttPacket(static_cast<unsigned char>(hex(head)[0]), hex(front) + hex(section)));
            one.expectsRefusal(ReasonCode::MalformedPacket);
        }
    }
}

TEST_P(Properties5, ASinglePropertyTwiceClosesInEveryPacketType) {
    for (const char* bytes : {"82 0b 0001 04 0b01 0b02 0001 't' 00",       // SUBSCRIBE
                              "40 0c 0001 00 08 1f 0001 'a' 1f 0001 'b'",  // PUBACK
                              "50 0c 0001 00 08 1f 0001 'a' 1f 0001 'b'",  // PUBREC
                              "62 0c 0001 00 08 1f 0001 'a' 1f 0001 'b'",  // PUBREL
                              "70 0c 0001 00 08 1f 0001 'a' 1f 0001 'b'",  // PUBCOMP
                              "e0 0c 00 0a 11 00000001 11 00000001",       // DISCONNECT
                              "f0 0a 18 08 15 0001 'a' 15 0001 'b'"}) {    // AUTH
        LiveClient one = connected("a");
        one.sendsBytes(hex(bytes));
        one.expectsRefusal(ReasonCode::ProtocolError);
    }
}

TEST_P(Properties5, ALengthOfFiveBytesCloses) {
    expectError(hex("8080808001"), ReasonCode::MalformedPacket);
}

TEST_P(Properties5, AReservedReasonCodeIsMalformed) {
    for (const char* bytes : {"40 04 0001 05 00", "50 04 0001 ff 00", "62 04 0001 80 00",
                              "70 04 0001 10 00", "e0 02 03 00", "f0 02 01 00"}) {
        LiveClient one = connected("a");
        one.sendsBytes(hex(bytes));
        one.expectsRefusal(ReasonCode::MalformedPacket);
    }
}

}  // namespace
