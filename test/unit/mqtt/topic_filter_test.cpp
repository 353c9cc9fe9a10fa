#include "master/mqtt/topic_filter.hpp"

#include <gtest/gtest.h>

using muster::mqtt::isValidTopicName;
using muster::mqtt::TopicFilter;

namespace {

bool matches(std::string_view filter, std::string_view topic) {
    const auto parsed = TopicFilter::parse(filter);
    EXPECT_TRUE(parsed) << filter;
    return parsed && parsed->matches(topic);
}

TEST(TopicFilter, MatchesAsTheSpecificationSays) {
    EXPECT_TRUE(matches("a/#", "a"));
    EXPECT_TRUE(matches("a/#", "a/"));
    EXPECT_TRUE(matches("a/#", "a/b/c"));
    EXPECT_TRUE(matches("#", "a/b"));
    EXPECT_TRUE(matches("#", "/"));
    EXPECT_TRUE(matches("+", "a"));
    EXPECT_TRUE(matches("/+", "/a"));
    EXPECT_TRUE(matches("+/+", "/a"));
    EXPECT_TRUE(matches("a/+/c", "a//c"));
    EXPECT_TRUE(matches("+/#", "a"));
    EXPECT_FALSE(matches("+", "/a"));
    EXPECT_FALSE(matches("a/+", "a"));
    EXPECT_FALSE(matches("a/+", "a/b/c"));
    EXPECT_FALSE(matches("a", "A"));
    EXPECT_FALSE(matches("a/b", "a"));
    EXPECT_FALSE(matches("a", "a/b"));
    EXPECT_FALSE(matches("ab/#", "a"));
}

TEST(TopicFilter, AWildcardInFrontDoesNotMatchDollarTopics) {
    EXPECT_FALSE(matches("#", "$SYS/a"));
    EXPECT_FALSE(matches("+/a", "$SYS/a"));
    EXPECT_TRUE(matches("$SYS/#", "$SYS/a"));
    EXPECT_TRUE(matches("$SYS/+", "$SYS/a"));
    EXPECT_TRUE(matches("a/#", "a/$b"));
}

TEST(TopicFilter, RefusesWildcardsThatAreNoWholeLevel) {
    for (const char* filter : {"", "a#", "#a", "a/#/b", "#/", "a+", "+b", "a/b+/c", "##", "++"})
        EXPECT_FALSE(TopicFilter::parse(filter)) << filter;
}

TEST(TopicFilter, TakesSharedSubscriptionsApart) {
    const auto shared = TopicFilter::parse("$share/group/a/#");
    ASSERT_TRUE(shared);
    EXPECT_EQ(shared->shareName(), "group");
    EXPECT_EQ(shared->filter(), "a/#");
    for (const char* filter : {"$share/", "$share/g", "$share/g/", "$share//a", "$share/+/a",
                               "$share/a#/b", "$share/g/a#"})
        EXPECT_FALSE(TopicFilter::parse(filter)) << filter;
    EXPECT_FALSE(TopicFilter::parse("$shared/a")->isShared());
}

TEST(TopicFilter, BoundsItsLevels) {
    EXPECT_TRUE(TopicFilter::parse(std::string(127, '/')));
    EXPECT_FALSE(TopicFilter::parse(std::string(128, '/')));
    EXPECT_TRUE(isValidTopicName(std::string(127, '/')));
    EXPECT_FALSE(isValidTopicName(std::string(128, '/')));
    EXPECT_FALSE(isValidTopicName(std::string(65535, '/')));
}

TEST(TopicFilter, ATopicNameHasNoWildcards) {
    EXPECT_TRUE(isValidTopicName("a/b"));
    for (const char* topic : {"", "a/+", "#", "a+b", "a#"}) EXPECT_FALSE(isValidTopicName(topic));
}

}  // namespace
