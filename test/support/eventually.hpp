#pragma once

#include <algorithm>
#include <chrono>

#include <poll.h>

namespace muster::test {

/// A bound of time for what others have to do. A pause of the whole machine (a suspended host, a
/// stopped virtual machine) uses up no more than one slice, since nobody could do anything in it.
class Patience {
public:
    explicit Patience(std::chrono::milliseconds limit) : left_(limit) {}
    /// How long to wait at most until isOver() is asked again.
    std::chrono::milliseconds slice() const {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(left_);
        return std::clamp(left, std::chrono::milliseconds(0), kSlice);
    }
    bool isOver() {
        const auto now = Clock::now();
        left_ -= std::min<Clock::duration>(now - last_, kSlice);
        last_ = now;
        return left_ <= Clock::duration::zero();
    }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds kSlice{100};
    Clock::duration left_;
    Clock::time_point last_ = Clock::now();
};

/// True as soon as `condition()` holds; false if it does not within `deadline`.
template <class Condition>
bool eventually(std::chrono::milliseconds deadline, Condition condition) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        ::poll(nullptr, 0, 5);  // gives the processor away between two looks
    }
    return true;
}

}  // namespace muster::test
