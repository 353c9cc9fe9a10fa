#pragma once

#include "common/event_loop.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace muster::log {

/// Bounds the lines of one kind that strangers can cause: who is turned away may come again at
/// once, for ever, and fill the disk that the log is on. At most kMost of them in a second; how
/// many were left out is said with the next one. Pure; a value.
class Quota {
public:
    static constexpr unsigned kMost = 10;

    /// Whether to write a line now. False counts it as left out.
    bool allows(TimePoint now) {
        if (!begin_ || now - *begin_ >= std::chrono::seconds(1)) {
            begin_ = now;
            used_ = 0;
        }
        if (used_ >= kMost) {
            ++leftOut_;
            return false;
        }
        ++used_;
        return true;
    }
    /// For the end of a line that is allowed: " (123 more were not logged)", or nothing.
    std::string note() {
        const auto count = std::exchange(leftOut_, 0);
        return count == 0 ? std::string() : " (" + std::to_string(count) + " more were not logged)";
    }

private:
    std::optional<TimePoint> begin_;  // of the second that counts
    unsigned used_ = 0;
    std::uint64_t leftOut_ = 0;
};

}  // namespace muster::log
