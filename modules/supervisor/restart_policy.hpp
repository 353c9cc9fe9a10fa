#pragma once

#include "common/config/cluster_config.hpp"

#include <chrono>
#include <cstdint>
#include <random>
#include <string>

namespace muster::supervisor {

/// Decides what follows an exit nobody asked for: at once the first time, then exponential with
/// jitter. Pure; the seed makes the jitter repeatable.
class RestartDecider {
public:
    struct Verdict {
        bool restarts = false;
        std::chrono::milliseconds delay{0};
        std::string reason;  // why not, if it does not
    };
    explicit RestartDecider(std::uint32_t seed) : random_(seed) {}
    /// `ranFor`: how long it ran, as the keeper measured it; long enough starts the count anew.
    Verdict onExit(const config::RestartPolicy& policy, bool isFailure,
                   std::chrono::milliseconds ranFor);
    /// A person started it: the count starts anew.
    void reset() { inRow_ = 0; }
    /// Exits in a row without a stable time between.
    int inRow() const { return inRow_; }

private:
    std::chrono::milliseconds delay(const config::RestartPolicy& policy);
    std::minstd_rand random_;
    int inRow_ = 0;
};

}  // namespace muster::supervisor
