#include "common/log_quota.hpp"

#include <gtest/gtest.h>

namespace muster::log {
namespace {

using namespace std::chrono_literals;

TEST(LogQuota, AllowsTenLinesInASecondAndSaysHowManyItLeftOut) {
    Quota quota;
    const TimePoint start{};
    for (unsigned i = 0; i < Quota::kMost; ++i) EXPECT_TRUE(quota.allows(start)) << i;
    EXPECT_EQ(quota.note(), "");
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(quota.allows(start + 999ms));
    EXPECT_TRUE(quota.allows(start + 1s));
    EXPECT_EQ(quota.note(), " (1000 more were not logged)");
    EXPECT_TRUE(quota.allows(start + 1s));
    EXPECT_EQ(quota.note(), "");
}

}  // namespace
}  // namespace muster::log
