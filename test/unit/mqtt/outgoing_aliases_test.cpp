#include "master/mqtt/outgoing_aliases.hpp"

#include <gtest/gtest.h>

namespace muster::mqtt {
namespace {

DeliveryForm writtenAs(OutgoingAliases& aliases, std::string_view topic) {
    DeliveryForm form;
    aliases.choose(topic, form);
    aliases.written(topic, form);
    return form;
}

TEST(OutgoingAliases, ATopicHasOneFromItsFirstMessageOn) {
    OutgoingAliases aliases(10);
    const DeliveryForm first = writtenAs(aliases, "some/topic");
    EXPECT_EQ(first.topicAlias, 1);
    EXPECT_FALSE(first.isTopicKnown);
    const DeliveryForm second = writtenAs(aliases, "some/topic");
    EXPECT_EQ(second.topicAlias, 1);
    EXPECT_TRUE(second.isTopicKnown);
}

TEST(OutgoingAliases, ThereAreNoMoreThanTheClientTakes) {
    OutgoingAliases aliases(2);
    EXPECT_EQ(writtenAs(aliases, "topic/number/1").topicAlias, 1);
    EXPECT_EQ(writtenAs(aliases, "topic/number/2").topicAlias, 2);
    EXPECT_EQ(writtenAs(aliases, "topic/number/3").topicAlias, 0);
    EXPECT_TRUE(writtenAs(aliases, "topic/number/1").isTopicKnown);
}

TEST(OutgoingAliases, WhatWasNotWrittenIsNotKnown) {
    OutgoingAliases aliases(2);
    DeliveryForm form;
    aliases.choose("too/large/for/the/client", form);
    EXPECT_FALSE(writtenAs(aliases, "too/large/for/the/client").isTopicKnown);
}

TEST(OutgoingAliases, TopicsThatGainNothingOrAreVeryLongHaveNone) {
    OutgoingAliases aliases(10);
    EXPECT_EQ(writtenAs(aliases, "a/b").topicAlias, 0);
    EXPECT_EQ(writtenAs(aliases, std::string(5000, 'x')).topicAlias, 0);
    EXPECT_EQ(writtenAs(aliases, "okay").topicAlias, 1);
}

}  // namespace
}  // namespace muster::mqtt
