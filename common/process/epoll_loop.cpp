#include "common/process/epoll_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace muster {

EpollLoop::EpollLoop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = 0;
    if (!epoll_ || !wake_ || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0)
        throw std::runtime_error("no epoll instance or eventfd: out of file descriptors?");
}

TimePoint EpollLoop::now() const {
    return std::chrono::steady_clock::now();
}
WallTime EpollLoop::wallTime() const {
    return std::chrono::system_clock::now();
}

void EpollLoop::post(std::function<void()> task) {
    {
        std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
    }
    const std::uint64_t one = 1;
    // A full counter wakes the loop as well: the result does not matter.
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

TimerId EpollLoop::after(std::chrono::milliseconds delay, std::function<void()> task) {
    const TimerId id = nextTimer_++;
    const TimePoint time = now() + delay;
    timers_.emplace(std::pair(time, id), std::move(task));
    timerTimes_.emplace(id, time);
    return id;
}

void EpollLoop::cancel(TimerId timer) {
    const auto found = timerTimes_.find(timer);
    if (found == timerTimes_.end()) return;
    timers_.erase(std::pair(found->second, timer));
    timerTimes_.erase(found);
}

void EpollLoop::watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> onReady) {
    unwatch(fd);
    epoll_event event{};
    event.events = events;
    const std::uint64_t token = nextToken_++;
    event.data.u64 = token;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        throw std::runtime_error("epoll does not take a file descriptor");
    tokens_.emplace(token, fd);
    watches_.emplace(
        fd, Watch{token, std::make_shared<std::function<void(std::uint32_t)>>(std::move(onReady))});
}

void EpollLoop::unwatch(int fd) {
    const auto found = watches_.find(fd);
    if (found == watches_.end()) return;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    tokens_.erase(found->second.token);
    watches_.erase(found);
}

void EpollLoop::run() {
    std::array<epoll_event, 64> events{};
    while (!isStopping_) {
        const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                       waitMilliseconds());
        for (int index = 0; index < count && !isStopping_; ++index) {
            const auto& event = events[static_cast<std::size_t>(index)];
            dispatch(event.data.u64, event.events);
        }
        runPosted();
        runDueTimers();
    }
    isStopping_ = false;
}

void EpollLoop::stop() {
    isStopping_ = true;
    post([] {});
}

void EpollLoop::dispatch(std::uint64_t token, std::uint32_t events) {
    if (token == 0) {
        std::uint64_t ignored = 0;
        [[maybe_unused]] const auto got = ::read(wake_.get(), &ignored, sizeof ignored);
        return;
    }
    const auto fd = tokens_.find(token);
    if (fd == tokens_.end()) return;  // unwatched by an earlier event of this round
    const auto onReady = watches_.at(fd->second).onReady;  // keeps it alive if it unwatches itself
    (*onReady)(events);
}

void EpollLoop::runPosted() {
    std::deque<std::function<void()>> tasks;
    {
        std::lock_guard lock(mutex_);
        tasks.swap(posted_);
    }
    for (auto& task : tasks) task();
}

void EpollLoop::runDueTimers() {
    const TimePoint time = now();
    while (!timers_.empty() && timers_.begin()->first.first <= time && !isStopping_) {
        auto due = timers_.extract(timers_.begin());
        timerTimes_.erase(due.key().second);
        due.mapped()();
    }
}

int EpollLoop::waitMilliseconds() const {
    constexpr auto kLongest = std::chrono::milliseconds(60'000);
    if (timers_.empty()) return static_cast<int>(kLongest.count());
    const auto wait =
        std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - now());
    return static_cast<int>(std::clamp(wait, std::chrono::milliseconds(0), kLongest).count());
}

}  // namespace muster
