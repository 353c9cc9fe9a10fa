#pragma once

#include "common/event_loop.hpp"

#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <thread>

namespace muster::test {

/// A real loop on a thread, for integration tests of the layers below the monitor's.
class TestLoop final : public EventLoop {
public:
    TestLoop() : thread_([this] { run(); }) {}
    ~TestLoop() override {
        {
            const std::lock_guard lock(mutex_);
            isStopped_ = true;
        }
        wake_.notify_all();
        thread_.join();
    }

    TimePoint now() const override { return std::chrono::steady_clock::now(); }
    WallTime wallTime() const override { return std::chrono::system_clock::now(); }
    void post(std::function<void()> task) override {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
        wake_.notify_all();
    }
    TimerId after(std::chrono::milliseconds delay, std::function<void()> task) override {
        const std::lock_guard lock(mutex_);
        timers_.emplace(std::pair(now() + delay, next_), std::move(task));
        wake_.notify_all();
        return next_++;
    }
    void cancel(TimerId timer) override {
        const std::lock_guard lock(mutex_);
        std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
    }
    /// Runs `task` on the loop's thread and waits for its end.
    template <class Task>
    auto call(Task task) {
        std::packaged_task<decltype(task())()> packaged(std::move(task));
        auto result = packaged.get_future();
        post([&packaged] { packaged(); });
        return result.get();
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        while (!isStopped_) {
            std::function<void()> task = due();
            if (!task) {
                if (timers_.empty())
                    wake_.wait(lock);
                else
                    wake_.wait_until(lock, timers_.begin()->first.first);
                continue;
            }
            lock.unlock();
            task();
            task = nullptr;
            lock.lock();
        }
    }
    std::function<void()> due() {
        std::function<void()> task;
        if (!timers_.empty() && timers_.begin()->first.first <= now()) {
            task = std::move(timers_.begin()->second);
            timers_.erase(timers_.begin());
        } else if (!posted_.empty()) {
            task = std::move(posted_.front());
            posted_.pop_front();
        }
        return task;
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> posted_;
    std::map<std::pair<TimePoint, TimerId>, std::function<void()>> timers_;
    TimerId next_ = 1;
    bool isStopped_ = false;
    std::thread thread_;
};

}  // namespace muster::test
