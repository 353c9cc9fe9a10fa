#include "master/async/asio_loop.hpp"

#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace muster {

struct AsioLoop::Timers {
    std::unordered_map<TimerId, std::unique_ptr<boost::asio::steady_timer>> waiting;
};

AsioLoop::AsioLoop(boost::asio::io_context& context)
    : context_(context), timers_(std::make_unique<Timers>()) {}

AsioLoop::~AsioLoop() = default;

TimePoint AsioLoop::now() const {
    return std::chrono::steady_clock::now();
}
WallTime AsioLoop::wallTime() const {
    return std::chrono::system_clock::now();
}

void AsioLoop::post(std::function<void()> task) {
    boost::asio::post(context_, std::move(task));
}

TimerId AsioLoop::after(std::chrono::milliseconds delay, std::function<void()> task) {
    const TimerId id = next_++;
    auto& timer =
        *timers_->waiting.emplace(id, std::make_unique<boost::asio::steady_timer>(context_, delay))
             .first->second;
    timer.async_wait([this, id, task = std::move(task)](const boost::system::error_code& error) {
        // A cancelled timer may already be queued to run: only one that is still known counts.
        if (error || timers_->waiting.erase(id) == 0) return;
        task();
    });
    return id;
}

void AsioLoop::cancel(TimerId timer) {
    timers_->waiting.erase(timer);
}

}  // namespace muster
