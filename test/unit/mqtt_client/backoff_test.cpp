#include "common/mqtt/backoff.hpp"

#include <set>

#include <gtest/gtest.h>

namespace muster::mqtt::test {

using namespace std::chrono_literals;

/// Asserts that a wait is `base` with at most 20 % jitter.
void expectAbout(std::chrono::milliseconds wait, std::chrono::milliseconds base) {
    EXPECT_GE(wait, base * 80 / 100);
    EXPECT_LE(wait, base * 120 / 100);
}

TEST(Backoff, DoublesUpToItsCap) {
    Backoff backoff(1s, 5s, 1);
    for (const auto base : {1s, 2s, 4s, 5s, 5s}) expectAbout(backoff.next(), base);
}

TEST(Backoff, StartsOverAfterASuccess) {
    Backoff backoff(1s, 30s, 1);
    for (int i = 0; i < 4; ++i) (void)backoff.next();
    backoff.reset();
    expectAbout(backoff.next(), 1s);
}

TEST(Backoff, IsJittered) {
    Backoff backoff(1s, 1s, 7);
    std::set<std::chrono::milliseconds> waits;
    for (int i = 0; i < 100; ++i) waits.insert(backoff.next());
    EXPECT_GT(waits.size(), 10U);
}

TEST(Backoff, JittersAnyWaitWithoutTakingAStep) {
    Backoff backoff(1s, 5s, 1);
    expectAbout(backoff.jittered(30s), 30s);
    expectAbout(backoff.next(), 1s);
}

TEST(Backoff, TakesACapBelowTheFirstWaitAsTheFirst) {
    Backoff backoff(2s, 1s, 1);
    expectAbout(backoff.next(), 2s);
    expectAbout(backoff.next(), 2s);
}

}  // namespace muster::mqtt::test
