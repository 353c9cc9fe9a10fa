#pragma once

#include "common/event_loop.hpp"

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

namespace muster {

/// Sees to it that each request to a module gets exactly one answer: the module's first one; Failed
/// if it drops its Reply; Timeout after the deadline; Closed if the guard dies first. What is not
/// JSON is not passed on. One thread; guarded replies may outlive the guard.
class ReplyGuard {
public:
    ReplyGuard(EventLoop& loop, std::chrono::milliseconds deadline, std::size_t maxOpen = kMaxOpen);
    ~ReplyGuard();
    ReplyGuard(const ReplyGuard&) = delete;
    ReplyGuard& operator=(const ReplyGuard&) = delete;

    /// `moduleId` is for the error's text. An empty `reply` gives one without effect. If `maxOpen`
    /// wait already, Limit is answered at once and the result is empty: do not ask the module.
    Reply guard(Reply reply, std::string_view moduleId);
    std::size_t open() const;

    static constexpr std::size_t kMaxOpen = 10'000;

private:
    class Open;
    struct Waiting;
    void arm();
    void expire();

    EventLoop& loop_;
    std::chrono::milliseconds deadline_;
    std::size_t maxOpen_;
    std::shared_ptr<Waiting> waiting_;  // shared with the guarded replies, which leave it
    TimerId timer_ = 0;
};

}  // namespace muster
