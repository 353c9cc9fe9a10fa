#pragma once

#include "common/event_loop.hpp"

#include <deque>
#include <map>
#include <mutex>

namespace muster::test {

/// An EventLoop in virtual time: nothing runs until the test says so.
class ManualLoop final : public EventLoop {
public:
    TimePoint now() const override { return now_; }
    WallTime wallTime() const override { return wall_; }
    void post(std::function<void()> task) override {
        std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
    }
    TimerId after(std::chrono::milliseconds delay, std::function<void()> task) override {
        const TimerId id = next_++;
        timers_.emplace(std::pair(now_ + delay, id), std::move(task));
        return id;
    }
    void cancel(TimerId timer) override {
        std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
    }

    /// Runs what is posted, and what that posts, until nothing is left.
    void run() {
        while (auto task = nextPosted()) task();
    }
    /// Moves time forward in order of the timers that fall due, running everything on the way.
    void advance(std::chrono::milliseconds by) {
        run();
        const TimePoint until = now_ + by;
        while (!timers_.empty() && timers_.begin()->first.first <= until) {
            auto due = timers_.extract(timers_.begin());
            moveTo(std::max(now_, due.key().first));
            due.mapped()();
            run();
        }
        moveTo(until);
    }
    /// Time passes and nothing runs, as if the process had been stopped; what fell due is late.
    void stall(std::chrono::milliseconds by) { moveTo(now_ + by); }
    /// Moves the wall clock alone, as an operator's `date -s` would.
    void jumpWallTime(std::chrono::milliseconds by) { wall_ += by; }
    std::size_t timers() const { return timers_.size(); }

private:
    std::function<void()> nextPosted() {
        std::lock_guard lock(mutex_);
        if (posted_.empty()) return {};
        auto task = std::move(posted_.front());
        posted_.pop_front();
        return task;
    }
    void moveTo(TimePoint time) {
        wall_ += std::chrono::duration_cast<WallTime::duration>(time - now_);
        now_ = time;
    }

    TimePoint now_{std::chrono::hours(1)};
    WallTime wall_{std::chrono::seconds(1'800'000'000)};
    TimerId next_ = 1;
    std::mutex mutex_;
    std::deque<std::function<void()>> posted_;
    std::map<std::pair<TimePoint, TimerId>, std::function<void()>> timers_;
};

}  // namespace muster::test
