#include "keeper/sweep.hpp"

#include <algorithm>

namespace muster::keeper {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kFirstPatience{1'000};  // with what has survived all tries
constexpr milliseconds kLongestPatience{5'000};

}  // namespace

Sweep::Next Sweep::looked(const std::vector<Remnant>& alive) {
    seen_.insert(alive.begin(), alive.end());
    remaining_ = static_cast<int>(alive.size());
    looks_ = std::min(looks_ + 1, 1'000);
    if (alive.empty()) return {true, milliseconds(0)};
    if (looks_ < kTries) return {false, milliseconds(1LL << (looks_ - 1))};
    return {looks_ == kTries, std::min(kFirstPatience * (looks_ - kTries + 1), kLongestPatience)};
}

SweepOutcome Sweep::outcome() const {
    return {static_cast<int>(seen_.size()) - remaining_, remaining_};
}

}  // namespace muster::keeper
