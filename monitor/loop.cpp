#include "monitor/loop.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace muster {

struct ThreadLoop::State {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> posted;
    std::map<std::pair<TimePoint, TimerId>, std::function<void()>> timers;
    std::map<TimerId, TimePoint> dueTimes;
    TimerId lastTimer = 0;
    bool isStopping = false;
    bool isDone = false;
    std::thread thread;

    std::function<void()> next();
    void run();
};

// Waits for the next task; an empty function when the loop is to end.
std::function<void()> ThreadLoop::State::next() {
    std::unique_lock lock(mutex);
    for (;;) {
        if (isStopping) return {};
        if (!timers.empty() && timers.begin()->first.first <= std::chrono::steady_clock::now()) {
            auto due = timers.extract(timers.begin());
            dueTimes.erase(due.key().second);
            return std::move(due.mapped());
        }
        if (!posted.empty()) {
            auto task = std::move(posted.front());
            posted.pop_front();
            return task;
        }
        if (timers.empty())
            changed.wait(lock);
        else
            changed.wait_until(lock, TimePoint(timers.begin()->first.first));
    }
}

void ThreadLoop::State::run() {
    while (auto task = next()) {
        try {
            task();
        } catch (...) {  // NOLINT(bugprone-empty-catch): the class comment says why
        }
    }
    std::lock_guard lock(mutex);
    isDone = true;
    changed.notify_all();
}

ThreadLoop::ThreadLoop() : state_(std::make_shared<State>()) {
    std::lock_guard lock(state_->mutex);
    state_->thread = std::thread([state = state_] { state->run(); });
}

ThreadLoop::~ThreadLoop() {
    stop();
}

void ThreadLoop::post(std::function<void()> task) {
    {
        std::lock_guard lock(state_->mutex);
        if (state_->isStopping) return;
        state_->posted.push_back(std::move(task));
    }
    state_->changed.notify_all();
}

TimerId ThreadLoop::after(std::chrono::milliseconds delay, std::function<void()> task) {
    std::lock_guard lock(state_->mutex);
    const TimerId id = ++state_->lastTimer;
    const TimePoint due = now() + delay;
    state_->timers.emplace(std::pair(due, id), std::move(task));
    state_->dueTimes.emplace(id, due);
    state_->changed.notify_all();
    return id;
}

void ThreadLoop::cancel(TimerId timer) {
    std::function<void()> dropped;  // destroyed outside the lock: it may own what posts
    std::lock_guard lock(state_->mutex);
    const auto found = state_->dueTimes.find(timer);
    if (found == state_->dueTimes.end()) return;
    const auto entry = state_->timers.find({found->second, timer});
    dropped = std::move(entry->second);
    state_->timers.erase(entry);
    state_->dueTimes.erase(found);
}

bool ThreadLoop::isLoopThread() const {
    std::lock_guard lock(state_->mutex);
    return state_->thread.get_id() == std::this_thread::get_id();
}

void ThreadLoop::stop(std::chrono::milliseconds patience) {
    std::thread thread;
    bool isDone = false;
    decltype(state_->posted) posted;  // destroyed outside the lock
    decltype(state_->timers) timers;
    {
        std::unique_lock lock(state_->mutex);
        state_->isStopping = true;
        state_->changed.notify_all();
        if (!state_->thread.joinable()) return;
        if (state_->thread.get_id() != std::this_thread::get_id())
            isDone = state_->changed.wait_for(lock, patience, [&] { return state_->isDone; });
        if (!state_->thread.joinable()) return;  // another caller was quicker
        thread = std::move(state_->thread);
        posted.swap(state_->posted);
        timers.swap(state_->timers);
        state_->dueTimes.clear();
    }
    if (isDone)
        thread.join();
    else
        thread.detach();
}

}  // namespace muster
