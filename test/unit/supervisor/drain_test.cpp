#include "master/supervisor/drain.hpp"

#include <gtest/gtest.h>

namespace muster::supervisor {

using std::chrono_literals::operator""s;
using Verdict = Drain::Verdict;

namespace {

const TimePoint kStart{};

Verdict after(std::chrono::seconds time, const DrainFacts& facts) {
    return Drain(kStart, 60s).look(facts, kStart + time);
}

}  // namespace

TEST(Drain, WaitsForTheLastSession) {
    EXPECT_EQ(after(1s, {true, true, true, 1}), Verdict::Waiting);
    EXPECT_EQ(after(1s, {true, true, true, 0}), Verdict::Empty);
}

TEST(Drain, BelievesNoCountOfOneThatStillTakesSessions) {
    EXPECT_EQ(after(1s, {true, true, false, 0}), Verdict::Waiting);
    EXPECT_EQ(after(10s, {true, true, false, 0}), Verdict::Empty);  // it never says
}

TEST(Drain, EndsAtItsDeadline) {
    EXPECT_EQ(after(59s, {true, true, true, 3}), Verdict::Waiting);
    EXPECT_EQ(after(60s, {true, true, true, 3}), Verdict::Late);
}

TEST(Drain, WaitsForNobodyWhoCountsNothingOrHasNoProcess) {
    EXPECT_EQ(after(0s, {true, false, false, std::nullopt}), Verdict::Empty);
    EXPECT_EQ(after(0s, {true, false, false, 2}), Verdict::Waiting);
    EXPECT_EQ(after(0s, {false, false, false, std::nullopt}), Verdict::Empty);
}

}  // namespace muster::supervisor
