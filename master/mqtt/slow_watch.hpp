#pragma once

#include "common/event_loop.hpp"

#include <cstddef>

namespace muster::mqtt {

/// Tells a client that is busy from one that is stuck: while its output is so full that QoS 1 and 2
/// have to wait, it must read at least `pace` bytes in each `patience`. Pure.
class SlowWatch {
public:
    /// Some output was written.
    void wrote(std::size_t bytes) noexcept { written_ += bytes; }
    /// Looked at some times a second. True: it is stuck. A patience of 0 is endless.
    bool isStuck(bool hasRoom, std::size_t pace, std::chrono::milliseconds patience,
                 TimePoint now) noexcept {
        if (hasRoom || written_ >= pace || since_ == TimePoint{}) {
            since_ = now;
            written_ = 0;
            return false;
        }
        return patience.count() != 0 && now - since_ >= patience;
    }

private:
    TimePoint since_{};
    std::size_t written_ = 0;
};

}  // namespace muster::mqtt
