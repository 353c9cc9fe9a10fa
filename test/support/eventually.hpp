#pragma once

#include <chrono>

#include <poll.h>

namespace muster::test {

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
