// mqtt.md 1.7: retained messages.
#include "test/acceptance/acceptance.hpp"

#include <map>

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct Retained : Acceptance {};
INSTANTIATE_TEST_SUITE_P(Ways, Retained, tcpWays(), wayName);
struct Retained5 : Acceptance {
    static Subscription wish(std::string filter, int handling, bool asPublished = false) {
        Subscription result;
        result.filter = std::move(filter);
        result.retainHandling = static_cast<std::uint8_t>(handling);
        result.retainAsPublished = asPublished;
        return result;
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, Retained5, v5Ways(), wayName);

TEST_P(Retained, TheLastOneOfATopicIsKept) {
    LiveClient writer = connected("writer");
    for (int qos = 0; qos <= 2; ++qos) {
        writer.publishes("t", "old", qos, true);
        writer.publishes("t", "qos " + std::to_string(qos), qos, true);
        LiveClient reader = subscribed("reader", "t", 2);
        const Publish message = reader.receives("t", "qos " + std::to_string(qos));
        EXPECT_TRUE(message.retain);
        EXPECT_EQ(message.qos, qos);
        reader.expectsNothing();
    }
    EXPECT_EQ(broker().gauges().retained, 1u);
}

TEST_P(Retained, AnEmptyPayloadRemovesItAndIsDelivered) {
    LiveClient reader = subscribed("reader", "t");
    LiveClient writer = connected("writer");
    writer.publishes("t", "kept", 1, true);
    reader.receives("t", "kept");
    writer.publishes("t", "", 1, true);
    EXPECT_FALSE(reader.receives("t", "").retain);
    EXPECT_EQ(broker().gauges().retained, 0u);
    LiveClient late = subscribed("late", "t");
    late.expectsNothing();
}

TEST_P(Retained, AMessageWithoutTheFlagDoesNotTouchIt) {
    LiveClient writer = connected("writer");
    writer.publishes("t", "kept", 1, true);
    writer.publishes("t", "passing", 1);
    writer.publishes("t", "", 1);
    LiveClient reader = subscribed("reader", "t");
    reader.receives("t", "kept");
    reader.expectsNothing();
}

TEST_P(Retained, ANewSubscriptionGetsAllThatMatchAtTheLowerQos) {
    LiveClient writer = connected("writer");
    writer.publishes("a/1", "x", 2, true);
    writer.publishes("a/2", "x", 0, true);
    writer.publishes("b", "x", 1, true);
    LiveClient reader = subscribed("reader", "a/+", 1);
    std::map<std::string, int> qosOf;
    for (int i = 0; i < 2; ++i) {
        const auto message = reader.expects<Publish>();
        EXPECT_TRUE(message.retain);
        reader.acknowledges(message);
        qosOf[message.topic] = message.qos;
    }
    EXPECT_EQ(qosOf, (std::map<std::string, int>{{"a/1", 1}, {"a/2", 0}}));
    reader.expectsNothing();
}

TEST_P(Retained, AnEstablishedSubscriptionGetsItWithoutTheFlag) {
    LiveClient reader = subscribed("reader", "t");
    connected("writer").publishes("t", "x", 1, true);
    EXPECT_FALSE(reader.receives("t", "x").retain);
    reader.expectsNothing();
}

TEST_P(Retained, TheSameSubscriptionAgainBringsItAgain) {
    connected("writer").publishes("t", "x", 1, true);
    LiveClient reader = subscribed("reader", "t");
    EXPECT_TRUE(reader.receives("t", "x").retain);
    reader.subscribes("t");
    EXPECT_TRUE(reader.receives("t", "x").retain);
    reader.expectsNothing();
}

TEST_P(Retained, TopicsWithADollarAreNotFoundByWildcardsInFront) {
    LiveClient writer = connected("writer");
    writer.publishes("$own/t", "x", 1, true);
    LiveClient reader = connected("reader");
    reader.subscribes("#");
    reader.subscribes("+/t");
    reader.expectsNothing();
    reader.subscribes("$own/#");
    reader.receives("$own/t", "x");
}

TEST_P(Retained5, RetainHandlingSaysWhenItComes) {
    connected("writer").publishes("t", "x", 1, true);
    LiveClient reader = connected("reader");
    reader.subscribes(wish("t", 2));
    reader.expectsNothing();
    reader.subscribes(wish("t", 1));  // is known already
    reader.expectsNothing();
    reader.subscribes(wish("t", 0));
    reader.receives("t", "x");
    reader.unsubscribes("t");
    reader.subscribes(wish("t", 1));
    reader.receives("t", "x");
    reader.expectsNothing();
}

TEST_P(Retained5, RetainAsPublishedKeepsTheFlag) {
    LiveClient reader = connected("reader");
    reader.subscribes(wish("t", 0, true));
    LiveClient writer = connected("writer");
    writer.publishes("t", "kept", 1, true);
    EXPECT_TRUE(reader.receives("t", "kept").retain);
    writer.publishes("t", "passing", 1);
    EXPECT_FALSE(reader.receives("t", "passing").retain);
}

TEST_P(Retained5, RetainAsPublishedHoldsForSharedSubscriptionsToo) {
    LiveClient reader = connected("reader");
    Subscription shared = wish("$share/g/t", 0, true);
    shared.qos = 1;
    reader.subscribes(shared);
    LiveClient writer = connected("writer");
    writer.publishes("t", "kept", 1, true);
    EXPECT_TRUE(reader.expectsMessage("t", "kept").retain);
    LiveClient other = connected("other");
    other.subscribes(shared);
    reader.vanishes();
    EXPECT_TRUE(other.receives("t", "kept").retain);  // dealt to another
    writer.publishes("t", "passing", 1);
    EXPECT_FALSE(other.receives("t", "passing").retain);
}

TEST_P(Retained5, SharedSubscriptionsGetNone) {
    connected("writer").publishes("t", "x", 1, true);
    LiveClient reader = connected("reader");
    reader.subscribes("$share/g/t", 1);
    reader.subscribes("$share/g/#", 1);
    reader.expectsNothing();
}

TEST_P(Retained5, ItExpiresAndIsSentWithTheTimeThatIsLeft) {
    LiveClient writer = connected("writer");
    Publish message = writer.messageOf("t", "x", 1, true);
    message.properties.messageExpiry = 100;
    writer.publishes(message);
    later(40s);
    const auto left = subscribed("early", "t").expectsMessage("t", "x").properties.messageExpiry;
    ASSERT_TRUE(left);
    EXPECT_LE(*left, 60u);
    EXPECT_GE(*left, 40u);
    later(200s);
    subscribed("late", "t").expectsNothing();
    EXPECT_EQ(broker().gauges().retained, 0u);
}

}  // namespace
