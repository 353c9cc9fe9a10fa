#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace muster {

using TimePoint = std::chrono::steady_clock::time_point;  // decisions use only this
using WallTime = std::chrono::system_clock::time_point;   // for what people and other hosts read
using TimerId = std::uint64_t;                            // never 0, never reused

/// One thread's loop, as a seam: AsioLoop in the master, ThreadLoop in the monitor, ManualLoop in
/// tests. post() may be called from any thread; everything else only on the loop's own thread.
class EventLoop {
public:
    virtual ~EventLoop() = default;
    virtual TimePoint now() const = 0;
    virtual WallTime wallTime() const = 0;
    /// Runs `task` on the loop's thread, after what was posted before. Never runs it inline.
    virtual void post(std::function<void()> task) = 0;
    /// Runs `task` once, not before `delay` has passed.
    virtual TimerId after(std::chrono::milliseconds delay, std::function<void()> task) = 0;
    /// No effect on a timer that ran or never was.
    virtual void cancel(TimerId timer) = 0;
};

}  // namespace muster
