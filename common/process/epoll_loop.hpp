#pragma once

#include "common/event_loop.hpp"
#include "common/process/unique_fd.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace muster {

/// Tells when a file descriptor is readable or writable. On the loop's thread only.
class FdWatch {
public:
    virtual ~FdWatch() = default;
    /// Calls `onReady` with epoll's event bits while `fd` has any of `events` (level-triggered).
    /// A second watch of the same fd replaces the first.
    virtual void watch(int fd, std::uint32_t events,
                       std::function<void(std::uint32_t)> onReady) = 0;
    /// Before the fd is closed. No effect on an fd that is not watched.
    virtual void unwatch(int fd) = 0;
};

/// The loop of keeper and node: one thread, epoll, timers and file descriptors. run() is called by
/// the thread that owns it; post() and stop() by any.
class EpollLoop final : public EventLoop, public FdWatch {
public:
    EpollLoop();
    TimePoint now() const override;
    WallTime wallTime() const override;
    void post(std::function<void()> task) override;
    TimerId after(std::chrono::milliseconds delay, std::function<void()> task) override;
    void cancel(TimerId timer) override;
    void watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> onReady) override;
    void unwatch(int fd) override;

    /// Runs until stop(). May be called again after it returned.
    void run();
    /// Makes run() return after the task it is at.
    void stop();

private:
    struct Watch {
        std::uint64_t token;
        std::shared_ptr<std::function<void(std::uint32_t)>> onReady;
    };
    void runPosted();
    void runDueTimers();
    int waitMilliseconds() const;
    void dispatch(std::uint64_t token, std::uint32_t events);

    UniqueFd epoll_;
    UniqueFd wake_;
    std::atomic<bool> isStopping_{false};
    std::mutex mutex_;
    std::deque<std::function<void()>> posted_;
    TimerId nextTimer_ = 1;
    std::map<std::pair<TimePoint, TimerId>, std::function<void()>> timers_;
    std::unordered_map<TimerId, TimePoint> timerTimes_;
    std::uint64_t nextToken_ = 1;
    std::unordered_map<int, Watch> watches_;
    std::unordered_map<std::uint64_t, int> tokens_;  // a token is never reused, an fd is
};

}  // namespace muster
