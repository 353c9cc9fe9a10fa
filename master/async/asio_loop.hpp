#pragma once

#include "common/event_loop.hpp"

#include <memory>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace muster {

/// The master's EventLoop: one io_context, run by one thread. The io_context outlives it.
class AsioLoop final : public EventLoop {
public:
    explicit AsioLoop(boost::asio::io_context& context) : context_(context) {}
    TimePoint now() const override;
    WallTime wallTime() const override;
    void post(std::function<void()> task) override;
    TimerId after(std::chrono::milliseconds delay, std::function<void()> task) override;
    void cancel(TimerId timer) override;
    boost::asio::io_context& context() { return context_; }

private:
    boost::asio::io_context& context_;
    TimerId next_ = 1;
    std::unordered_map<TimerId, std::unique_ptr<boost::asio::steady_timer>> timers_;
};

}  // namespace muster
