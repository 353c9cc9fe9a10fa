#include "test/unit/mqtt/codec_test_support.hpp"

#include <map>
#include <set>

namespace muster::mqtt::test {
namespace {

// MQTT 5, table 2-4, written a second time: identifier -> a valid value, and who may carry it.
struct Row {
    std::string_view value;
    std::set<std::string_view> packets;
};
const std::set<std::string_view> kAnswers{"connack", "puback",   "pubrec",     "pubrel", "pubcomp",
                                          "suback",  "unsuback", "disconnect", "auth"};
const std::set<std::string_view> kAll{
    "connect", "will",      "connack", "publish",     "puback",   "pubrec",     "pubrel",
    "pubcomp", "subscribe", "suback",  "unsubscribe", "unsuback", "disconnect", "auth"};
const std::map<unsigned, Row> kTable{
    {0x01, {"01", {"publish", "will"}}},
    {0x02, {"00000001", {"publish", "will"}}},
    {0x03, {"0001 'x'", {"publish", "will"}}},
    {0x08, {"0001 'x'", {"publish", "will"}}},
    {0x09, {"0001 00", {"publish", "will"}}},
    {0x0B, {"01", {"subscribe"}}},  // and PUBLISH, from servers
    {0x11, {"00000001", {"connect", "connack", "disconnect"}}},
    {0x12, {"0001 'x'", {"connack"}}},
    {0x13, {"0001", {"connack"}}},
    {0x15, {"0001 'x'", {"connect", "connack", "auth"}}},
    {0x16, {"0001 00", {}}},  // only beside 0x15: tested apart
    {0x17, {"01", {"connect"}}},
    {0x18, {"00000001", {"will"}}},
    {0x19, {"01", {"connect"}}},
    {0x1A, {"0001 'x'", {"connack"}}},
    {0x1C, {"0001 'x'", {"connack", "disconnect"}}},
    {0x1F, {"0001 'x'", kAnswers}},
    {0x21, {"0001", {"connect", "connack"}}},
    {0x22, {"0001", {"connect", "connack"}}},
    {0x23, {"0001", {"publish"}}},
    {0x24, {"01", {"connack"}}},
    {0x25, {"01", {"connack"}}},
    {0x26, {"0001 'x' 0001 'y'", kAll}},
    {0x27, {"00000001", {"connect", "connack"}}},
    {0x28, {"01", {"connack"}}},
    {0x29, {"01", {"connack"}}},
    {0x2A, {"01", {"connack"}}},
};

/// Known to the packet type, but not from this side, or not alone.
const std::set<std::pair<unsigned, std::string_view>> kMisused{
    {0x0B, "publish"}, {0x16, "connect"}, {0x16, "connack"}, {0x16, "auth"}};

/// Packet name -> first byte, what precedes the property section, what follows it.
struct Form {
    unsigned first;
    std::string_view before, after;
    From from = From::Client;
};
const std::map<std::string_view, Form> kForms{
    {"connect", {0x10, "0004 'MQTT' 05 02 0000", "0001 'c'"}},
    {"will", {0x10, "0004 'MQTT' 05 06 0000 00 0001 'c'", "0001 'w' 0000"}},
    {"connack", {0x20, "00 00", "", From::Server}},
    {"publish", {0x30, "0001 't'", ""}},
    {"puback", {0x40, "0001 00", ""}},
    {"pubrec", {0x50, "0001 00", ""}},
    {"pubrel", {0x62, "0001 00", ""}},
    {"pubcomp", {0x70, "0001 00", ""}},
    {"subscribe", {0x82, "0001", "0001 'a' 00"}},
    {"suback", {0x90, "0001", "00", From::Server}},
    {"unsubscribe", {0xa2, "0001", "0001 'a'"}},
    {"unsuback", {0xb0, "0001", "00", From::Server}},
    {"disconnect", {0xe0, "00", ""}},
    {"auth", {0xf0, "00", ""}},
};

/// What decoding says to a packet of this form with these properties.
int withProperties(std::string_view packet, const std::string& properties,
                   const DecodeLimits& limits = {}) {
    const Form& form = kForms.at(packet);
    const std::string section = framed(0, properties).substr(1);  // a length is coded the same way
    return codeOf(framed(form.first, hex(form.before) + section + hex(form.after)), Version::V5,
                  form.from, limits);
}

std::string property(unsigned id, std::string_view value) {
    return static_cast<char>(id) + hex(value);
}

}  // namespace

TEST(CodecProperties, AreAcceptedExactlyWhereTheStandardHasThem) {
    for (const auto& [packet, form] : kForms)
        for (unsigned id = 0; id < 0x80; ++id) {
            const auto row = kTable.find(id);
            if (row == kTable.end()) {
                EXPECT_EQ(withProperties(packet, property(id, "00")), kMalformed) << packet << id;
                continue;
            }
            const bool isAllowed = row->second.packets.contains(packet);
            const int refusal = kMisused.contains({id, packet}) ? kProtocolError : kMalformed;
            EXPECT_EQ(withProperties(packet, property(id, row->second.value)),
                      isAllowed ? kOk : refusal)
                << packet << " property " << id;
        }
}

TEST(CodecProperties, MayOccurOnceButUserProperties) {
    for (const auto& [id, row] : kTable)
        for (const auto packet : row.packets) {
            const std::string twice = property(id, row.value) + property(id, row.value);
            EXPECT_EQ(withProperties(packet, twice), id == 0x26 ? kOk : kProtocolError)
                << packet << " property " << id;
        }
}

TEST(CodecProperties, HoldTheirRanges) {
    for (const unsigned id : {0x17U, 0x19U}) {
        EXPECT_EQ(withProperties("connect", property(id, "00")), kOk);
        EXPECT_EQ(withProperties("connect", property(id, "02")), kProtocolError);
    }
    for (const unsigned id : {0x24U, 0x25U, 0x28U, 0x29U, 0x2AU})
        EXPECT_EQ(withProperties("connack", property(id, "02")), kProtocolError);
    EXPECT_EQ(withProperties("publish", property(0x01, "02")), kProtocolError);
    EXPECT_EQ(withProperties("connect", property(0x21, "0000")), kProtocolError);
    EXPECT_EQ(withProperties("connect", property(0x27, "00000000")), kProtocolError);
    EXPECT_EQ(withProperties("connect", property(0x22, "0000")), kOk);
}

TEST(CodecProperties, WantAMethodBesideAuthenticationData) {
    const std::string data = property(0x16, "0001 00");
    const std::string method = property(0x15, "0001 'm'");
    for (const auto packet : {"connect", "connack", "auth"}) {
        EXPECT_EQ(withProperties(packet, data), kProtocolError);
        EXPECT_EQ(withProperties(packet, data + method), kOk);
    }
}

TEST(CodecProperties, MustFitTheirPacketAndTheirSection) {
    // section longer than the packet; value longer than the section; value cut off
    EXPECT_EQ(codeOf(hex("30 06 0001 't' 05 01 00"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(hex("30 08 0001 't' 03 03 0002 'x'"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(hex("30 06 0001 't' 02 02 00"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(hex("30 05 0001 't' 01 01"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(hex("30 03 0001 't'"), Version::V5), kMalformed);  // no section at all
    EXPECT_EQ(codeOf(hex("30 08 0001 't' 80808080 01"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(hex("30 05 0001 't' 80 00"), Version::V5), kMalformed);  // padded length
}

TEST(CodecProperties, HoldTheLimitOfUserPropertiesExactly) {
    DecodeLimits limits;
    limits.maxUserProperties = 4;
    for (const int count : {3, 4, 5}) {
        std::string many;
        for (int i = 0; i < count; ++i) many += property(0x26, "0001 'x' 0001 'y'");
        EXPECT_EQ(withProperties("connect", many, limits), count > 4 ? kTooLarge : kOk);
    }
}

TEST(CodecProperties, HoldTheLimitOfUserPropertyBytesExactly) {
    const std::string two =
        property(0x26, "0002 'xx' 0003 'yyy'") + property(0x26, "0000 0001 'z'");
    for (const std::size_t bytes : {5U, 6U, 7U}) {
        DecodeLimits limits;
        limits.maxUserPropertyBytes = bytes;
        EXPECT_EQ(withProperties("publish", two, limits), bytes < 6 ? kTooLarge : kOk);
    }
}

TEST(CodecProperties, RefuseABombOfThousandsInAConnect) {
    std::string bomb;
    for (int i = 0; i < 5000; ++i) bomb += property(0x26, "0001 'x' 0001 'y'");
    EXPECT_EQ(withProperties("connect", bomb), kTooLarge);
}

TEST(CodecProperties, AreLeftOutWhereThePacketOrVersionHasNone) {
    Puback packet{1, ReasonCode::Success, {}};
    packet.properties.topicAlias = 4;
    EXPECT_EQ(encoded(packet, Version::V5), hex("40 02 0001"));
    Publish publish{"t", "", 0, false, false, 0, {}};
    publish.properties.contentType = "x";
    EXPECT_EQ(encoded(publish, Version::V311), hex("30 03 0001 't'"));
}

}  // namespace muster::mqtt::test
