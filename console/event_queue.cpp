#include "console/event_queue.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace muster::cli {
namespace {

constexpr std::size_t kMaxQueued = 10'000;

sigset_t endSignals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

}  // namespace

EventQueue::EventQueue() : wakeFd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    const sigset_t set = endSignals();
    pthread_sigmask(SIG_BLOCK, &set, &before_);
    signalFd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

EventQueue::~EventQueue() {
    if (wakeFd_ >= 0) ::close(wakeFd_);
    if (signalFd_ >= 0) ::close(signalFd_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void EventQueue::wake() const {
    const std::uint64_t one = 1;
    // A full counter means that the reader is awake already.
    [[maybe_unused]] const auto written = ::write(wakeFd_, &one, sizeof one);
}

void EventQueue::put(const AdminMessage& message) {
    {
        std::lock_guard lock(mutex_);
        if (messages_.size() < kMaxQueued) {
            messages_.push_back(message);
        } else {
            ++dropped_;
        }
    }
    wake();
}

void EventQueue::close() {
    {
        std::lock_guard lock(mutex_);
        isClosed_ = true;
    }
    wake();
}

bool EventQueue::pop(Taken& taken) {
    std::lock_guard lock(mutex_);
    taken.dropped = std::exchange(dropped_, 0);
    if (!messages_.empty()) {
        taken.kind = Kind::Message;
        taken.message = std::move(messages_.front());
        messages_.pop_front();
        return true;
    }
    if (isClosed_) taken.kind = Kind::Closed;
    return isClosed_;
}

EventQueue::Taken EventQueue::take(std::chrono::milliseconds wait) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + wait;
    Taken taken;
    while (!pop(taken)) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
        if (left.count() <= 0) return taken;
        std::array<pollfd, 2> fds{{{wakeFd_, POLLIN, 0}, {signalFd_, POLLIN, 0}}};
        const auto millis = std::min<std::int64_t>(left.count(), std::numeric_limits<int>::max());
        ::poll(fds.data(), fds.size(), static_cast<int>(millis));
        if (fds[1].revents != 0) {
            // Else it would strike once it is no longer blocked.
            signalfd_siginfo signal{};
            [[maybe_unused]] const auto got = ::read(signalFd_, &signal, sizeof signal);
            taken.kind = Kind::Interrupted;
            return taken;
        }
        std::uint64_t count = 0;
        [[maybe_unused]] const auto read = ::read(wakeFd_, &count, sizeof count);
    }
    return taken;
}

}  // namespace muster::cli
