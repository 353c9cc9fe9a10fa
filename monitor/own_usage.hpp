#pragma once

#include <muster/types.hpp>

#include <chrono>
#include <optional>

namespace muster {

/// What this process uses, from the kernel: for `metric/<id>`. Not thread-safe.
class OwnUsage {
public:
    /// {"cpuPercent"?, "rssBytes", "fds", "threads", "load"}: per cent of one core since the last
    /// call (absent at the first), the resident set, open descriptors, the host's load of a minute.
    JsonText sample(std::chrono::steady_clock::time_point now);

private:
    std::optional<std::chrono::steady_clock::time_point> lastTime_;
    std::chrono::microseconds lastCpu_{0};
};

}  // namespace muster
