#pragma once

#include "common/event_loop.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace muster {

/// What a process uses at one moment, from /proc/<pid>.
struct ProcessUsage {
    std::chrono::milliseconds cpuTime{0};  // user and system, since it started
    std::uint64_t rssBytes = 0;
    int threads = 0;
    int fds = -1;  // -1: not readable (another user's process)
};

/// No value if there is no such process.
std::optional<ProcessUsage> readUsage(pid_t pid);

/// Turns two samples of CPU time into a share of one core. Pure.
class CpuMeter {
public:
    /// Per cent of one core since the last call; no value at the first one, within 10 ms of the
    /// last, or when the CPU time went back (another process).
    std::optional<double> percent(std::chrono::milliseconds cpuTime, TimePoint now);

private:
    std::optional<TimePoint> lastTime_;
    std::chrono::milliseconds lastCpu_{0};
};

}  // namespace muster
