#include "master/mqtt/subscription_tree.hpp"

#include "master/mqtt/session.hpp"

#include <random>
#include <set>

#include <gtest/gtest.h>

using namespace muster::mqtt;

namespace {

struct SubscriptionTreeTest : ::testing::Test {
    BrokerLimits limits;
    Recorder recorder;
    ByteBudget budget{0, 1000};
    StoreDebt debt;
    Session one{"1", {}, limits, budget, recorder, debt};
    Session two{"2", {}, limits, budget, recorder, debt};
    SubscriptionTree tree;
    SubscriptionMatches matches;

    static TopicFilter filter(std::string_view text) { return *TopicFilter::parse(text); }
    std::size_t count(std::string_view topic) {
        tree.match(topic, matches);
        return matches.subscribers.size();
    }
};

TEST_F(SubscriptionTreeTest, FindsEachMatchingSubscription) {
    for (const char* text : {"a/b", "a/+", "a/#", "#", "+/b", "b"}) tree.add(filter(text), one, {});
    EXPECT_EQ(count("a/b"), 5u);
    EXPECT_EQ(count("a"), 2u);
    EXPECT_EQ(count("$a"), 0u);
}

TEST_F(SubscriptionTreeTest, MatchesTheSameTopicAnewAfterEveryChange) {
    EXPECT_EQ(count("a"), 0u);
    tree.add(filter("a"), one, {});
    EXPECT_EQ(count("a"), 1u);
    EXPECT_EQ(count("a"), 1u);  // as it was
    tree.add(filter("+"), two, {});
    EXPECT_EQ(count("a"), 2u);
    EXPECT_EQ(count("b"), 1u);
    EXPECT_EQ(count("a"), 2u);
    tree.remove(filter("a"), one);
    EXPECT_EQ(count("a"), 1u);
}

TEST_F(SubscriptionTreeTest, ReplacesAnIdenticalFilterOfTheSameSession) {
    EXPECT_TRUE(tree.add(filter("a"), one, {.qos = 0}));
    EXPECT_FALSE(tree.add(filter("a"), one, {.qos = 2}));
    EXPECT_TRUE(tree.add(filter("a"), two, {}));
    EXPECT_EQ(count("a"), 2u);
    EXPECT_EQ(tree.size(), 2u);
}

TEST_F(SubscriptionTreeTest, ForgetsWhatWasRemovedAndNothingElse) {
    tree.add(filter("a/b/c"), one, {});
    tree.add(filter("a/b"), one, {});
    EXPECT_FALSE(tree.remove(filter("a/b"), two));
    EXPECT_FALSE(tree.remove(filter("a/+"), one));
    EXPECT_TRUE(tree.remove(filter("a/b"), one));
    EXPECT_EQ(count("a/b"), 0u);
    EXPECT_EQ(count("a/b/c"), 1u);
}

TEST_F(SubscriptionTreeTest, KeepsSharedGroupsApart) {
    tree.add(filter("$share/g/a"), one, {});
    tree.add(filter("$share/g/a"), two, {});
    tree.add(filter("$share/h/a"), one, {});
    EXPECT_EQ(count("a"), 0u);
    ASSERT_EQ(matches.groups.size(), 2u);
    EXPECT_EQ(matches.groups[0]->members.size(), 2u);
    tree.remove(filter("$share/g/a"), one);
    tree.remove(filter("$share/g/a"), two);
    count("a");
    EXPECT_EQ(matches.groups.size(), 1u);
}

TEST_F(SubscriptionTreeTest, AgreesWithTheFilterItselfOnRandomTopics) {
    std::mt19937 random(7);
    const auto pick = [&](std::vector<const char*> words) {
        std::string text = words[random() % words.size()];
        for (std::size_t n = random() % 4; n > 0; --n)
            text += std::string("/") + words[random() % words.size()];
        return text;
    };
    std::set<std::string> filters;
    for (int i = 0; i < 300; ++i) {
        const std::string text = pick({"a", "b", "", "+", "#", "$x"});
        const auto parsed = TopicFilter::parse(text);
        if (parsed && tree.add(*parsed, one, {})) filters.insert(text);
    }
    for (int i = 0; i < 300; ++i) {
        const std::string topic = pick({"a", "b", "", "c", "$x"});
        if (topic.empty()) continue;
        std::size_t expected = 0;
        for (const auto& text : filters) expected += filter(text).matches(topic) ? 1U : 0U;
        EXPECT_EQ(count(topic), expected) << topic;
    }
    for (const auto& text : filters) EXPECT_TRUE(tree.remove(filter(text), one));
    EXPECT_EQ(count("a/b"), 0u);
    EXPECT_EQ(tree.size(), 0u);
}

}  // namespace
