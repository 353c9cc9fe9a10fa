#include "master/mqtt/store_debt.hpp"

#include <gtest/gtest.h>

using namespace muster::mqtt;

namespace {

TEST(StoreDebt, CountsWhatIsNotCommitted) {
    StoreDebt debt;
    debt.add(1, 100'000);
    debt.add(2, 200'000);
    debt.add(7, 300'000);
    EXPECT_EQ(debt.bytes(), 600'000U);
    debt.settle(0);
    EXPECT_EQ(debt.bytes(), 600'000U);
    debt.settle(1);
    EXPECT_EQ(debt.bytes(), 500'000U);
    debt.settle(6);
    EXPECT_EQ(debt.bytes(), 300'000U);
    debt.settle(7);
    EXPECT_EQ(debt.bytes(), 0U);
}

TEST(StoreDebt, CountsSmallOnesTooLongRatherThanTooShort) {
    StoreDebt debt;
    for (StorePosition i = 1; i <= 10'000; ++i) debt.add(i, 100);
    debt.settle(5'000);
    EXPECT_GE(debt.bytes(), 500'000U);
    EXPECT_LE(debt.bytes(), 500'000U + (64U << 10) + 100);
    debt.settle(10'000);
    EXPECT_EQ(debt.bytes(), 0U);
}

TEST(StoreDebt, IsNothingToAStoreThatKeepsUp) {
    StoreDebt debt;
    for (StorePosition i = 1; i <= 100'000; ++i) {
        debt.settle(i - 1);
        debt.add(i, 1'000);
        ASSERT_LE(debt.bytes(), 1'000U);
    }
}

}  // namespace
