// mqtt.md 1.1: strings are UTF-8, wherever they stand.
#include "test/acceptance/acceptance.hpp"
#include "test/support/hex.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

/// Each is not UTF-8: Unicode 15, table 3-7 and MQTT 5, 1.5.4.
const std::vector<std::string> kIllFormed{
    "80",       "bf",           "8080",     "c0",       "c1bf",         "c080",  // overlong
    "c2",       "c27f",         "c2c2",     "df",       "e0",           "e080",
    "e08080",   "e09fbf",       "e1",       "e180",     "e18000",       "e1c080",
    "eda080",   "edafbf",       "edb080",   "edbfbf",   "eda080edb080",  // surrogates
    "f0",       "f0808080",     "f08fbfbf", "f1808000", "f4908080",     "f5808080",
    "f8888080", "fc8480808080", "fe",       "ff"};

struct Utf8 : Acceptance {
    std::vector<Packet> packetsWith(const std::string& text) const {
        std::vector<Packet> packets{publishOf("a" + text + "b", ""), subscribeOf(1, text),
                                    unsubscribeOf(1, text)};
        if (!isV5()) return packets;
        Publish message = publishOf("a", "");
        message.properties.contentType = text;
        packets.push_back(message);
        message.properties = {};
        message.properties.userProperties = {{text, "value"}};
        packets.push_back(message);
        message.properties.userProperties = {{"name", text}};
        packets.push_back(message);
        message.properties = {};
        message.properties.responseTopic = text;
        packets.push_back(message);
        Subscribe subscribe = subscribeOf(1, "a");
        subscribe.properties.userProperties = {{"name", text}};
        packets.push_back(subscribe);
        auto refusal = ackOf<Puback>(1, ReasonCode::UnspecifiedError);
        refusal.properties.reasonString = text;
        packets.push_back(refusal);
        Disconnect goodbye;
        goodbye.properties.reasonString = text;
        packets.push_back(goodbye);
        return packets;
    }
    std::vector<Connect> connectsWith(const std::string& text) {
        const Connect plain = client().connectPacket("a");
        std::vector<Connect> packets(3, plain);
        packets[0].clientId = text;
        packets[1].username = text;
        packets[2].will.emplace().topic = text;
        if (!isV5()) return packets;
        packets.resize(6, plain);
        packets[3].properties.userProperties = {{text, "value"}};
        packets[4].properties.authenticationMethod = text;
        packets[5].will.emplace().topic = "will";
        packets[5].will->properties.contentType = text;
        return packets;
    }
    void expectRefused(const std::string& text) {
        for (const Packet& packet : packetsWith(text)) {
            LiveClient one = connected("a");
            one.sends(packet);
            one.expectsRefusal(ReasonCode::MalformedPacket);
        }
        for (const Connect& packet : connectsWith(text)) {
            LiveClient one = client();
            one.sends(packet);
            if (isV5())
                one.expectsRefusedConnect(ReasonCode::MalformedPacket, 0);
            else
                one.expectsClosed();
        }
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, Utf8, framingWays(), wayName);

TEST_P(Utf8, WhatIsIllFormedCloses) {
    for (const std::string& bytes : kIllFormed) {
        SCOPED_TRACE(bytes);
        expectRefused(hex(bytes));
    }
}

TEST_P(Utf8, ANullCharacterCloses) {
    expectRefused(std::string("a\0b", 3));
    expectRefused(std::string(1, '\0'));
}

TEST_P(Utf8, AByteOrderMarkIsKept) {
    const std::string topic = hex("efbbbf 'a' efbbbf");
    LiveClient reader = subscribed("reader", topic);
    LiveClient writer = connected("writer");
    writer.publishes("a", "without");
    writer.publishes(topic, "with");
    reader.expectsMessage(topic, "with");
}

TEST_P(Utf8, WhatIsWellFormedArrivesAsItIs) {
    // The ends of each length, and beside the surrogates.
    for (const char* bytes : {"7e", "c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "f0908080",
                              "f48fbfbd", "e4bda0 e5a5bd"}) {
        const std::string topic = hex(bytes);
        LiveClient reader = subscribed("reader", topic);
        LiveClient writer = connected("writer");
        writer.publishes(topic, topic);
        reader.expectsMessage(topic, topic);
    }
}

// MAY be refused; the broker takes them, see codec.hpp.
TEST_P(Utf8, ControlAndNonCharactersAreTaken) {
    for (const char* bytes : {"01", "1f", "7f", "c280", "c29f", "efbfbe", "efbfbf", "efb790"}) {
        const std::string topic = "t/" + hex(bytes);
        LiveClient reader = subscribed("reader", topic);
        LiveClient writer = connected("writer");
        writer.publishes(topic, "x");
        reader.expectsMessage(topic, "x");
    }
}

TEST_P(Utf8, APayloadIsBytes) {
    LiveClient reader = subscribed("reader", "t");
    LiveClient writer = connected("writer");
    const std::string payload = hex("00 ff fe c0 80");
    writer.publishes("t", payload);
    reader.expectsMessage("t", payload);
}

}  // namespace
