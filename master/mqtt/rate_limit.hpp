#pragma once

#include "common/event_loop.hpp"

#include <cstddef>
#include <cstdint>

namespace muster::mqtt {

/// How much one connection may send in the long run; 0: as much as it likes.
struct RateLimits {
    std::uint64_t messagesPerSecond = 0;
    std::uint64_t bytesPerSecond = 0;
    bool isOn() const noexcept { return messagesPerSecond != 0 || bytesPerSecond != 0; }
};

/// Two token buckets of one second each. What was read is never lost: it may go into debt, and then
/// nothing more is read until that is paid off. Pure; one for each connection that has limits.
class RateLimit {
public:
    RateLimit(RateLimits limits, TimePoint now) noexcept;

    /// `count` bytes were read.
    void takeBytes(std::size_t count) noexcept { bytes_ -= static_cast<double>(count); }
    /// One PUBLISH was read.
    void takeMessage() noexcept { messages_ -= 1; }
    /// Fills up for the time since the last call. Time never goes back.
    void refill(TimePoint now) noexcept;
    bool isInDebt() const noexcept {
        return (limits_.messagesPerSecond != 0 && messages_ < 0) ||
               (limits_.bytesPerSecond != 0 && bytes_ < 0);
    }

private:
    RateLimits limits_;
    TimePoint filledAt_;
    double messages_;
    double bytes_;
};

}  // namespace muster::mqtt
