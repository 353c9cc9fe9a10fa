// mqtt.md 1.8: SUBSCRIBE, UNSUBSCRIBE and filters.
#include "test/acceptance/acceptance.hpp"
#include "test/support/hex.hpp"
#include "test/support/mqtt_bytes.hpp"

using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

using Codes = std::vector<std::uint8_t>;

struct Subscribing : Acceptance {
    std::string noProperties() const { return isV5() ? std::string(1, '\0') : ""; }
    /// A SUBSCRIBE to `t` with this byte of options.
    std::string subscribeWith(int options) const {
        return mqttPacket(
            0x82, hex("0001") + noProperties() + mqttText("t") + static_cast<char>(options));
    }
    /// Whether a message to `topic` reaches who subscribed to `filter`.
    bool reaches(const std::string& filter, const std::string& topic) {
        LiveClient reader = connected("reader");
        reader.subscribes(filter);
        reader.subscribes("end");
        LiveClient writer = connected("writer");
        writer.publishes(topic, "x");
        writer.publishes("end", "end");
        const auto first = reader.expects<Publish>();
        return first.topic == topic && first.payload == "x";
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, Subscribing, tcpWays(), wayName);
struct StrictSubscribing : Subscribing {};
INSTANTIATE_TEST_SUITE_P(Ways, StrictSubscribing, strictWays(), wayName);
struct Subscribing5 : Subscribing {};
INSTANTIATE_TEST_SUITE_P(Ways, Subscribing5, v5Ways(), wayName);

TEST_P(Subscribing, WithoutAFilterItCloses) {
    for (const std::uint8_t head : {std::uint8_t{0x82}, std::uint8_t{0xA2}}) {
        LiveClient one = connected("a");
        one.sendsBytes(mqttPacket(head, hex("0001") + noProperties()));
        one.expectsRefusal(ReasonCode::ProtocolError);
    }
}

TEST_P(Subscribing, Qos3Closes) {
    LiveClient one = connected("a");
    one.sendsBytes(subscribeWith(0x03));
    one.expectsRefusal(ReasonCode::MalformedPacket);
}

TEST_P(StrictSubscribing, ReservedOptionsClose) {
    for (const int options : {0x40, 0x80}) {
        LiveClient one = connected("a");
        one.sendsBytes(subscribeWith(options));
        one.expectsRefusal(ReasonCode::MalformedPacket);
    }
    if (isV5()) return;
    for (const int options : {0x04, 0x08, 0x10, 0x20}) {
        LiveClient one = connected("a");
        one.sendsBytes(subscribeWith(options));
        one.expectsRefusal(ReasonCode::MalformedPacket);
    }
}

TEST_P(Subscribing5, RetainHandling3Closes) {
    LiveClient one = connected("a");
    one.sendsBytes(subscribeWith(0x30));
    one.expectsRefusal(ReasonCode::ProtocolError);
}

TEST_P(Subscribing, EachFilterHasItsCodeInOrder) {
    broker().access.subscribeRule = [](const auto&, std::string_view filter) {
        return filter != "no";
    };
    LiveClient one = connected("a");
    Subscribe packet = subscribeOf(7, "a", 2);
    packet.subscriptions.push_back({"no", 1});
    packet.subscriptions.push_back({"b", 0});
    packet.subscriptions.push_back({"c", 1});
    one.sends(packet);
    const auto answer = one.expects<Suback>();
    EXPECT_EQ(answer.packetId, 7);
    // 3.1 has no code for a failure; it gets what it asked for, and no messages.
    const std::uint8_t refusal = isV5() ? 0x87 : version() == Version::V311 ? 0x80 : 1;
    EXPECT_EQ(answer.codes, (Codes{2, refusal, 0, 1}));
    EXPECT_EQ(broker().gauges().subscriptions, 3u);
}

TEST_P(Subscribing, AnIdenticalFilterReplacesWithoutLosingMessages) {
    LiveClient one = connected("a");
    LiveClient writer = connected("writer");
    one.subscribes("t", 2);
    writer.publishes("t", "before", 2);
    const Publish before = one.expectsMessage("t", "before");  // unacknowledged yet
    EXPECT_EQ(one.subscribes("t", 1), Codes{1});
    writer.publishes("t", "after", 2);
    EXPECT_EQ(one.receives("t", "after").qos, 1);
    one.acknowledges(before);
    one.expectsNothing();
    EXPECT_EQ(broker().gauges().subscriptions, 1u);
}

TEST_P(Subscribing, InvalidFiltersAreRefused) {
    for (const char* filter : {"a#", "#/a", "a/#/b", "a+", "+a/b", "a/b+", "##", "++", "/+#", ""}) {
        LiveClient one = connected("a");
        one.sends(subscribeOf(1, filter));
        if (version() == Version::V31) {
            one.expectsClosed();  // has no code for it
        } else {
            EXPECT_EQ(one.expects<Suback>().codes,
                      Codes{isV5() ? std::uint8_t{0x8F} : std::uint8_t{0x80}});
            one.expectsNothing();
        }
    }
    EXPECT_EQ(broker().gauges().subscriptions, 0u);
}

TEST_P(Subscribing, FiltersMatchAsTheStandardSays) {
    const std::pair<const char*, const char*> matches[] = {
        {"a/#", "a"},      {"a/#", "a/b/c"}, {"#", "a/b"},     {"+", "a"},      {"a/+/c", "a/b/c"},
        {"a/+", "a/"},     {"+/+", "/"},     {"/+", "/a"},     {"+/b", "/b"},   {"a//b", "a//b"},
        {"a/+/b", "a//b"}, {"$x/#", "$x/a"}, {"$x/+", "$x/a"}, {"a/+/#", "a/b"}};
    for (const auto& [filter, topic] : matches)
        EXPECT_TRUE(reaches(filter, topic)) << filter << " " << topic;
}

TEST_P(Subscribing, FiltersMatchNothingElse) {
    const std::pair<const char*, const char*> others[] = {
        {"a/#", "ab"},   {"a", "A"},      {"a", "a/"},     {"a", "/a"},   {"+", "a/b"},
        {"+", "/a"},     {"a/+", "a"},    {"a/b", "a//b"}, {"#", "$x/a"}, {"+/a", "$x/a"},
        {"#", "$SYS/x"}, {"+/+", "$x/a"}, {"a/+/#", "a"}};
    for (const auto& [filter, topic] : others)
        EXPECT_FALSE(reaches(filter, topic)) << filter << " " << topic;
}

TEST_P(Subscribing, UnsubscribeComparesExactlyAndIsAlwaysAnswered) {
    LiveClient one = connected("a");
    one.subscribes("a/#");
    const auto none = isV5() ? Codes{0x11} : Codes{};
    for (const char* filter : {"a/+", "a", "#", "A/#", "a/b", "a/#/"})
        EXPECT_EQ(one.unsubscribes(filter), none) << filter;
    connected("writer").publishes("a/b", "still there");
    one.receives("a/b", "still there");
    EXPECT_EQ(one.unsubscribes("a/#"), isV5() ? Codes{0} : Codes{});
    EXPECT_EQ(one.unsubscribes("a/#"), none);
    connected("writer").publishes("a/b", "for nobody");
    one.expectsNothing();
}

TEST_P(Subscribing, AfterUnsubscribeWhatWasStartedIsFinished) {
    LiveClient one = client();
    one.connects(one.lastingPacket("a"));
    one.subscribes("t", 2);
    connected("writer").publishes("t", "started", 2);
    const Publish message = one.expectsMessage("t", "started");
    one.unsubscribes("t");
    one.vanishes();
    LiveClient back = client();
    back.connects(back.lastingPacket("a"));
    EXPECT_EQ(back.receives("t", "started").packetId, message.packetId);
    back.expectsNothing();
}

TEST_P(Subscribing5, AnIdentifierOf0Closes) {
    LiveClient one = connected("a");
    one.sendsBytes(mqttPacket(0x82, hex("0001 02 0b00") + mqttText("t") + '\0'));
    one.expectsRefusal(ReasonCode::ProtocolError);
}

TEST_P(Subscribing5, AnIdenticalFilterReplacesTheIdentifierToo) {
    LiveClient one = connected("a");
    one.subscribes(Subscription{"t"}, 1);
    one.subscribes(Subscription{"t"}, 2);
    connected("writer").publishes("t", "x");
    EXPECT_EQ(one.expectsMessage("t", "x").properties.subscriptionIdentifiers,
              std::vector<std::uint32_t>{2});
}

TEST_P(Subscribing5, NoLocalSparesTheSameClientOnly) {
    LiveClient one = connected("a");
    Subscription wish{"t"};
    wish.noLocal = true;
    one.subscribes(wish);
    one.publishes("t", "own", 1);
    one.expectsNothing();
    connected("b").publishes("t", "another's", 1);
    one.receives("t", "another's");
}

TEST_P(Subscribing5, NoLocalOnASharedSubscriptionCloses) {
    LiveClient one = connected("a");
    Subscribe packet = subscribeOf(1, "$share/g/t");
    packet.subscriptions[0].noLocal = true;
    one.sends(packet);
    one.expectsRefusal(ReasonCode::ProtocolError);
}

}  // namespace
