#include "common/mqtt/subscription_list.hpp"

#include <gtest/gtest.h>

namespace muster::mqtt::test {
namespace {

/// What the list sends now, as "+filter" and "-filter"; ids count on from `first`.
std::vector<std::string> sends(SubscriptionList& list, std::uint64_t first) {
    std::vector<std::string> result;
    while (const auto command = list.next(first++))
        result.push_back((command->isSubscribe ? "+" : "-") + command->filter);
    return result;
}
using Sent = std::vector<std::string>;

struct Outcomes {
    std::vector<std::string> all;
    SubscriptionList::Done add() {
        return [this](Result<void> result) {
            all.push_back(result ? "ok" : errcName(result.error().code()));
        };
    }
};

}  // namespace

TEST(SubscriptionList, SendsNothingBeforeTheConnection) {
    SubscriptionList list;
    (void)list.add("a", 1, {});
    EXPECT_EQ(sends(list, 1), Sent{});
    list.connected();
    EXPECT_EQ(sends(list, 1), Sent{"+a"});
}

TEST(SubscriptionList, RenewsEverythingOnEachConnection) {
    SubscriptionList list;
    list.connected();
    (void)list.add("a", 1, {});
    (void)list.add("b", 2, {});
    EXPECT_EQ(sends(list, 1), (Sent{"+a", "+b"}));
    list.lost();
    EXPECT_EQ(sends(list, 3), Sent{});
    list.connected();
    EXPECT_EQ(sends(list, 3), (Sent{"+a", "+b"}));
}

TEST(SubscriptionList, NeverHasBothKindsInFlight) {
    SubscriptionList list;
    list.connected();
    (void)list.add("a", 1, {});
    (void)list.add("b", 1, {});
    EXPECT_EQ(sends(list, 1), (Sent{"+a", "+b"}));
    list.remove("a");
    EXPECT_EQ(sends(list, 3), Sent{});
    EXPECT_TRUE(list.answered(1, 0));
    EXPECT_EQ(sends(list, 3), Sent{});
    EXPECT_TRUE(list.answered(2, 1));
    EXPECT_EQ(sends(list, 3), Sent{"-a"});
}

TEST(SubscriptionList, DropsWishesThatTookThemselvesBack) {
    SubscriptionList list;
    list.connected();
    (void)list.add("a", 1, {});
    list.remove("a");
    EXPECT_EQ(sends(list, 1), Sent{"-a"});  // harmless, and it ends what may still be there
    list.answered(1, 0);
    EXPECT_EQ(sends(list, 2), Sent{});
}

TEST(SubscriptionList, AnswersEachCallerOnce) {
    SubscriptionList list;
    Outcomes outcomes;
    list.connected();
    (void)list.add("a", 1, outcomes.add());
    (void)sends(list, 1);
    EXPECT_TRUE(list.answered(1, 1));
    EXPECT_FALSE(list.answered(1, 1));
    EXPECT_EQ(outcomes.all, (std::vector<std::string>{"ok"}));
}

TEST(SubscriptionList, KeepsTheCallerWaitingOverALostConnection) {
    SubscriptionList list;
    Outcomes outcomes;
    list.connected();
    (void)list.add("a", 1, outcomes.add());
    (void)sends(list, 1);
    list.lost();
    EXPECT_FALSE(list.answered(1, 0));  // an answer of the old connection
    list.connected();
    (void)sends(list, 2);
    list.answered(2, 0);
    EXPECT_EQ(outcomes.all, (std::vector<std::string>{"ok"}));
}

TEST(SubscriptionList, ForgetsAFirstRefusalAndRenewsALaterOne) {
    SubscriptionList list;
    Outcomes outcomes;
    list.connected();
    (void)list.add("never", 1, outcomes.add());
    (void)list.add("once", 1, outcomes.add());
    (void)sends(list, 1);
    list.answered(1, 0x87);
    list.answered(2, 1);
    EXPECT_EQ(outcomes.all, (std::vector<std::string>{"denied", "ok"}));
    list.connected();
    EXPECT_EQ(sends(list, 3), Sent{"+once"});
    list.answered(3, 0x80);
    list.connected();
    EXPECT_EQ(sends(list, 4), Sent{"+once"});
}

TEST(SubscriptionList, HoldsItsLimitExactly) {
    SubscriptionList list;
    for (std::size_t i = 0; i < SubscriptionList::kMaxFilters; ++i)
        EXPECT_TRUE(list.add("f/" + std::to_string(i), 0, {}));
    EXPECT_EQ(list.add("one more", 0, {}).error().code(), Errc::Limit);
    EXPECT_TRUE(list.add("f/0", 1, {}));  // known: takes no place
    list.remove("f/0");
    EXPECT_TRUE(list.add("one more", 0, {}));
}

}  // namespace muster::mqtt::test
