#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace muster::mqtt {

/// Waiting times between attempts: doubling from `first` to `cap`, each with +-20 % jitter so that
/// a fleet does not come back in step. A value; the seed decides the jitter.
class Backoff {
public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds cap, std::uint32_t seed)
        : first_(first), cap_(std::max(first, cap)), next_(first), random_(seed) {}

    /// How long to wait before the next attempt; the one after it waits twice as long.
    std::chrono::milliseconds next() {
        const auto now = next_;
        next_ = std::min(cap_, next_ * 2);
        return jittered(now);
    }
    /// `base` with this one's jitter; does not change what next() gives but for the jitter.
    std::chrono::milliseconds jittered(std::chrono::milliseconds base) {
        const auto percent = 80 + static_cast<int>(random_() % 41);
        return base * percent / 100;
    }
    /// After a success: start over.
    void reset() { next_ = first_; }

private:
    std::chrono::milliseconds first_, cap_, next_;
    std::minstd_rand random_;
};

}  // namespace muster::mqtt
