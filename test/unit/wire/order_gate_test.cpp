#include "common/wire/order_gate.hpp"

#include <gtest/gtest.h>

namespace muster::wire {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Verdict = OrderGate::Verdict;

const WallTime kNow{hours(500'000)};

class OrderGateTest : public testing::Test {
protected:
    static OrderTag order(std::string id, std::int64_t epoch = 3) {
        return {std::move(id), epoch, "uid", "", kNow + seconds(60)};
    }
    void SetUp() override { ASSERT_TRUE(gate.learnLeader(3, "uid")); }

    OrderGate gate{"life-1"};
};

TEST_F(OrderGateTest, ExecutesAnIdOnceAndRepeatsItsAnswer) {
    EXPECT_EQ(gate.decide(order("a"), kNow).verdict, Verdict::Execute);
    EXPECT_EQ(gate.decide(order("a"), kNow).verdict, Verdict::InProgress);
    gate.finished("a", Answer{std::nullopt, "1"});
    const auto again = gate.decide(order("a"), kNow + hours(1));
    EXPECT_EQ(again.verdict, Verdict::Repeat);
    EXPECT_EQ(again.answer.body, "1");
}

TEST_F(OrderGateTest, KeepsTheFirstAnswer) {
    gate.decide(order("a"), kNow);
    gate.finished("a", Answer{std::nullopt, "1"});
    gate.finished("a", Answer{std::nullopt, "2"});
    EXPECT_EQ(gate.decide(order("a"), kNow).answer.body, "1");
}

TEST_F(OrderGateTest, RefusesEverythingBeforeALeaderRecord) {
    OrderGate fresh("life-1");
    const auto decision = fresh.decide(order("a"), kNow);
    EXPECT_EQ(decision.verdict, Verdict::Refuse);
    EXPECT_EQ(decision.answer.error->code(), Errc::Conflict);
}

TEST_F(OrderGateTest, RefusesALowerEpochThanItHasSeen) {
    EXPECT_EQ(gate.decide(order("a", 5), kNow).verdict, Verdict::Execute);
    EXPECT_EQ(gate.epoch(), 5);
    EXPECT_EQ(gate.decide(order("b", 4), kNow).answer.error->code(), Errc::Conflict);
    EXPECT_EQ(gate.decide(order("a", 4), kNow).verdict, Verdict::Refuse);
}

TEST_F(OrderGateTest, RefusesAForeignClusterUntilReset) {
    auto foreign = order("a");
    foreign.clusterUid = "other";
    EXPECT_EQ(gate.decide(foreign, kNow).answer.error->code(), Errc::Conflict);
    EXPECT_EQ(gate.learnLeader(9, "other").error().code(), Errc::Conflict);
    gate.reset();
    EXPECT_TRUE(gate.learnLeader(1, "other"));
    EXPECT_EQ(gate.epoch(), 1);
}

TEST_F(OrderGateTest, IgnoresALeaderRecordOfALowerEpoch) {
    EXPECT_TRUE(gate.learnLeader(2, "uid"));
    EXPECT_EQ(gate.epoch(), 3);
    EXPECT_FALSE(gate.learnLeader(0, "uid"));
    EXPECT_FALSE(gate.learnLeader(4, ""));
}

TEST_F(OrderGateTest, RefusesPassedDeadlinesAndOtherIncarnations) {
    auto late = order("a");
    EXPECT_EQ(gate.decide(late, late.deadline + seconds(1)).answer.error->code(), Errc::Expired);
    auto other = order("b");
    other.incarnation = "life-0";
    EXPECT_EQ(gate.decide(other, kNow).answer.error->code(), Errc::Conflict);
    other.incarnation = "life-1";
    EXPECT_EQ(gate.decide(other, kNow).verdict, Verdict::Execute);
}

TEST_F(OrderGateTest, ForgetsOldIdsOnlyWhenTheirDeadlinesHavePassed) {
    for (int i = 0; i < 20'000; ++i)
        ASSERT_EQ(gate.decide(order(std::to_string(i)), kNow).verdict, Verdict::Execute);
    EXPECT_EQ(gate.decide(order("one more"), kNow).answer.error->code(), Errc::Limit);
    EXPECT_EQ(gate.decide(order("0"), kNow).verdict, Verdict::InProgress);
    auto later = order("later");
    later.deadline += hours(1);
    EXPECT_EQ(gate.decide(later, kNow + seconds(61)).verdict, Verdict::Execute);
    EXPECT_EQ(gate.decide(order("0"), kNow + seconds(61)).answer.error->code(), Errc::Expired);
}

}  // namespace
}  // namespace muster::wire
