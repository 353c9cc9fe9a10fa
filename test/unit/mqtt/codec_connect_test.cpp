#include "test/unit/mqtt/codec_test_support.hpp"

namespace muster::mqtt::test {
namespace {

/// A CONNECT from its parts in hex, for whatever level stands in `head`.
std::string connectOf(std::string_view head, std::string_view flags, std::string_view rest) {
    return framed(0x10, hex(head) + hex(flags) + hex("003c") + hex(rest));
}
constexpr std::string_view kHead31 = "0006 'MQIsdp' 03";
constexpr std::string_view kHead311 = "0004 'MQTT' 04";
constexpr std::string_view kHead5 = "0004 'MQTT' 05";

}  // namespace

TEST(CodecConnect, ReadsEveryFieldOf311) {
    const auto packet = decoded<Connect>(
        connectOf(kHead311, "ee", "0001 'c' 0001 'w' 0002 00ff 0001 'u' 0002 'pw'"), Version::V5);
    EXPECT_EQ(
        packet,
        (Connect{
            Version::V311, true, 60, "c", Will{"w", hex("00ff"), 1, true, {}}, "u", "pw", {}}));
}

TEST(CodecConnect, ReadsMqtt31) {
    const auto packet = decoded<Connect>(connectOf(kHead31, "00", "0001 'c'"), Version::V5);
    EXPECT_EQ(packet.version, Version::V31);
    EXPECT_FALSE(packet.cleanStart);
}

TEST(CodecConnect, ReadsPropertiesAndWillPropertiesOf5) {
    const auto packet = decoded<Connect>(
        connectOf(kHead5, "06", "05 11 0000000a 0001 'c' 05 18 00000005 0001 'w' 0000"),
        Version::V311);
    EXPECT_EQ(packet.properties.sessionExpiry, 10U);
    ASSERT_TRUE(packet.will);
    EXPECT_EQ(packet.will->properties.willDelay, 5U);
}

TEST(CodecConnect, RefusesOtherProtocolsWithUnsupportedVersion) {
    const std::string_view heads[] = {"0004 'MQTT' 03", "0004 'MQTT' 06",   "0004 'MQTT' 00",
                                      "0004 'MQTT' 84", "0006 'MQIsdp' 04", "0004 'mqtt' 04",
                                      "0000 04",        "0004 'HTTP' 05"};
    for (const auto head : heads)
        EXPECT_EQ(codeOf(connectOf(head, "02", "0001 'c'"), Version::V5), kUnsupportedVersion)
            << head;
}

TEST(CodecConnect, TellsInWhichVersionToRefuse) {
    const auto versionOf = [](std::string_view bytes) {
        const DecodeResult result = decodeFrom(From::Client, bytes, Version::V311);
        return std::get<DecodeError>(result).version;
    };
    EXPECT_EQ(versionOf(connectOf(kHead5, "01", "00 0001 'c'")), Version::V5);
    EXPECT_EQ(versionOf(connectOf(kHead311, "01", "0001 'c'")), Version::V311);
    EXPECT_EQ(versionOf(connectOf("0004 'MQTT' 06", "02", "0001 'c'")), std::nullopt);
}

TEST(CodecConnect, ChecksTheConnectFlags) {
    const struct {
        std::string_view head, flags, rest;
        int code;
    } rows[] = {
        {kHead311, "03", "0001 'c'", kMalformed},  // reserved bit
        {kHead5, "03", "00 0001 'c'", kMalformed},
        {kHead31, "03", "0001 'c'", kOk},
        {kHead311, "0a", "0001 'c'", kMalformed},  // will QoS without will
        {kHead311, "22", "0001 'c'", kMalformed},  // will retain without will
        {kHead5, "22", "00 0001 'c'", kMalformed},
        {kHead31, "22", "0001 'c'", kOk},
        {kHead311, "1e", "0001 'c' 0001 'w' 0000", kMalformed},  // will QoS 3
        {kHead31, "1e", "0001 'c' 0001 'w' 0000", kMalformed},
        {kHead311, "16", "0001 'c' 0001 'w' 0000", kOk},    // will QoS 2
        {kHead311, "42", "0001 'c' 0001 'p'", kMalformed},  // password only
        {kHead31, "42", "0001 'c' 0001 'p'", kMalformed},
        {kHead5, "42", "00 0001 'c' 0001 'p'", kOk},
    };
    for (const auto& row : rows)
        EXPECT_EQ(codeOf(connectOf(row.head, row.flags, row.rest), Version::V5), row.code)
            << row.head << ' ' << row.flags;
}

TEST(CodecConnect, WantsTheFieldsThatTheFlagsAnnounce) {
    EXPECT_EQ(codeOf(connectOf(kHead311, "82", "0001 'c'"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(connectOf(kHead311, "c2", "0001 'c' 0001 'u'"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(connectOf(kHead311, "02", "0001 'c' 0001 'u'"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(connectOf(kHead311, "06", "0001 'c' 0001 'w'"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(connectOf(kHead5, "02", "0001 'c'"), Version::V5), kMalformed);
}

TEST(CodecConnect, LetsMqtt31AnnounceCredentialsThatAreMissing) {
    const auto packet = decoded<Connect>(connectOf(kHead31, "c2", "0001 'c'"), Version::V5);
    EXPECT_EQ(packet.username, std::nullopt);
    const auto half = decoded<Connect>(connectOf(kHead31, "c2", "0001 'c' 0001 'u'"), Version::V5);
    EXPECT_EQ(half.username, "u");
    EXPECT_EQ(half.password, std::nullopt);
}

TEST(CodecConnect, RefusesFixedHeaderFlagsBut31IgnoresThem) {
    std::string packet = connectOf(kHead311, "02", "0001 'c'");
    packet[0] = 0x11;
    EXPECT_EQ(codeOf(packet, Version::V5), kMalformed);
    packet = connectOf(kHead31, "02", "0001 'c'");
    packet[0] = 0x1f;
    EXPECT_EQ(codeOf(packet, Version::V5), kOk);
}

TEST(CodecConnect, RefusesAWillWithoutAUsableTopic) {
    EXPECT_EQ(codeOf(connectOf(kHead311, "06", "0001 'c' 0000 0000"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(connectOf(kHead311, "06", "0001 'c' 0001 '#' 0000"), Version::V5), kMalformed);
}

TEST(CodecConnect, LeavesAnEmptyClientIdentifierToTheSession) {
    EXPECT_EQ(codeOf(connectOf(kHead311, "00", "0000"), Version::V5), kOk);
}

TEST(CodecConnack, ReadsWhatAServerSends) {
    EXPECT_EQ(decoded<Connack>(hex("20 02 01 00"), Version::V311, From::Server),
              (Connack{true, 0, {}}));
    EXPECT_FALSE(decoded<Connack>(hex("20 02 01 05"), Version::V31, From::Server).sessionPresent);
    const auto packet = decoded<Connack>(hex("20 06 00 87 03 13 0009"), Version::V5, From::Server);
    EXPECT_EQ(packet.code, 0x87);
    EXPECT_EQ(packet.properties.serverKeepAlive, 9);
}

TEST(CodecConnack, RefusesUndefinedCodesAndFlags) {
    EXPECT_EQ(codeOf(hex("20 02 00 06"), Version::V311, From::Server), kMalformed);
    EXPECT_EQ(codeOf(hex("20 02 02 00"), Version::V311, From::Server), kMalformed);
    EXPECT_EQ(codeOf(hex("20 03 00 10 00"), Version::V5, From::Server), kMalformed);
}

TEST(CodecDisconnect, ReadsTheShortForms) {
    EXPECT_EQ(decoded<Disconnect>(hex("e0 00"), Version::V5).code, ReasonCode::Success);
    EXPECT_EQ(decoded<Disconnect>(hex("e0 01 04"), Version::V5).code,
              ReasonCode::DisconnectWithWill);
    EXPECT_EQ(
        decoded<Disconnect>(hex("e0 07 00 05 11 00000001"), Version::V5).properties.sessionExpiry,
        1U);
    EXPECT_EQ(codeOf(hex("e0 01 01"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(hex("e0 07 00 05 11 00000001"), Version::V5, From::Server), kProtocolError);
}

TEST(CodecAuth, HasAReasonCodeAndPropertiesOrNothing) {
    EXPECT_EQ(decoded<Auth>(hex("f0 00"), Version::V5).code, ReasonCode::Success);
    EXPECT_EQ(codeOf(hex("f0 01 18"), Version::V5), kMalformed);
    EXPECT_EQ(decoded<Auth>(hex("f0 06 18 04 15 0001 'm'"), Version::V5).code,
              ReasonCode::ContinueAuthentication);
    EXPECT_EQ(codeOf(hex("f0 02 80 00"), Version::V5), kMalformed);
    EXPECT_EQ(codeOf(hex("f0 06 18 04 16 0001 00"), Version::V5), kProtocolError);
}

}  // namespace muster::mqtt::test
