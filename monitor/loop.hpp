#pragma once

#include "common/event_loop.hpp"

#include <memory>

namespace muster {

/// An EventLoop on a thread of its own: the monitor's and the admin client's. Posted tasks wait in
/// an unbounded queue: who posts on behalf of others bounds what it posts. An exception that leaves
/// a task is swallowed, so that it cannot end the host process.
class ThreadLoop final : public EventLoop {
public:
    /// Starts the thread. std::system_error if the system has none to give.
    ThreadLoop();
    /// stop() with 2 s.
    ~ThreadLoop() override;
    ThreadLoop(const ThreadLoop&) = delete;
    ThreadLoop& operator=(const ThreadLoop&) = delete;

    TimePoint now() const override { return std::chrono::steady_clock::now(); }
    WallTime wallTime() const override { return std::chrono::system_clock::now(); }
    /// Dropped after stop().
    void post(std::function<void()> task) override;
    TimerId after(std::chrono::milliseconds delay, std::function<void()> task) override;
    void cancel(TimerId timer) override;

    /// Ends the loop after the task that runs, and joins the thread; what is still queued is
    /// dropped. If that task does not end within `patience`, or is the caller, the thread is left
    /// to end by itself: it touches nothing of this object. Idempotent. Any thread.
    void stop(std::chrono::milliseconds patience = std::chrono::seconds(2));
    bool isLoopThread() const;

private:
    struct State;
    std::shared_ptr<State> state_;  // shared with the thread, which may outlive this object
};

}  // namespace muster
