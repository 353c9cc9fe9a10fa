#pragma once

#include "common/process/unique_fd.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <sys/epoll.h>

namespace muster {

class AsioLoop;

/// Which of many sockets became ready, as one source of the loop: an epoll instance of their own,
/// since a wait of Asio's costs a system call for each socket and turn. Edge-triggered: an event
/// says that something changed, once; its owner keeps in mind what it did not use up (epoll(7)).
/// On the loop's thread; the loop outlives it.
class ReadySet {
public:
    static constexpr std::size_t kMostEvents = 256;

    /// `onReady` is called when take() has something to give.
    ReadySet(AsioLoop& loop, std::function<void()> onReady);
    ~ReadySet();
    ReadySet(const ReadySet&) = delete;
    ReadySet& operator=(const ReadySet&) = delete;

    /// False if the system has no descriptors left: errno says it.
    bool open();
    /// Watches `fd` in both directions until remove(). `owner` comes back in its events as
    /// data.ptr. False: errno says why.
    bool add(int fd, void* owner) const;
    /// Call it before `fd` is closed. To close it is not enough: a child process has a copy until
    /// it calls exec, and events of what the copy stands for would go on to come, for an owner that
    /// is gone (epoll(7)).
    void remove(int fd) const;
    /// Events since the last call, at most kMostEvents; good until the next call. Never blocks.
    std::span<const epoll_event> take();
    /// Calls back for what comes after now. Before it, what came is not announced.
    void arm();
    /// Never calls back again. Idempotent.
    void close();

private:
    class Waiter;
    AsioLoop& loop_;
    std::function<void()> onReady_;
    std::shared_ptr<Waiter> waiter_;  // shared with the wait that is under way
    std::vector<epoll_event> events_;
};

}  // namespace muster
