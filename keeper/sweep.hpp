#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <vector>

#include <sys/types.h>

namespace muster::keeper {

/// A process that an ended server left behind.
struct Remnant {
    pid_t pid = 0;                 // 0: one that is not listed, e.g. of a cgroup below
    std::uint64_t startTicks = 0;  // 0: not known
    auto operator<=>(const Remnant&) const = default;
};

/// How many were left behind and killed, and how many of them do not die.
struct SweepOutcome {
    int killed = 0;
    int remaining = 0;
    bool operator==(const SweepOutcome&) const = default;
};

/// What an ended server left behind, until nothing of it is there: what to do after each look.
/// Pure.
class Sweep {
public:
    static constexpr int kTries = 10;  // of 1 ms to 256 ms, half a second together
    struct Next {
        bool isTold = false;                // the outcome is to be told now
        std::chrono::milliseconds pause{};  // until the next look; 0: none, it is over
    };
    /// After a look that found `alive`, each of which was killed then.
    Next looked(const std::vector<Remnant>& alive);
    SweepOutcome outcome() const;

private:
    std::set<Remnant> seen_;
    int remaining_ = 0;
    int looks_ = 0;
};

}  // namespace muster::keeper
