#pragma once

#include "common/event_loop.hpp"

#include <memory>

namespace boost::asio {
class io_context;
}

namespace muster {

/// The master's EventLoop: one io_context, run by one thread. The io_context outlives it.
class AsioLoop final : public EventLoop {
public:
    explicit AsioLoop(boost::asio::io_context& context);
    ~AsioLoop() override;
    AsioLoop(const AsioLoop&) = delete;
    AsioLoop& operator=(const AsioLoop&) = delete;
    TimePoint now() const override;
    WallTime wallTime() const override;
    void post(std::function<void()> task) override;
    TimerId after(std::chrono::milliseconds delay, std::function<void()> task) override;
    void cancel(TimerId timer) override;
    boost::asio::io_context& context() { return context_; }

private:
    boost::asio::io_context& context_;
    TimerId next_ = 1;
    struct Timers;  // who uses a loop need not read Asio
    std::unique_ptr<Timers> timers_;
};

}  // namespace muster
