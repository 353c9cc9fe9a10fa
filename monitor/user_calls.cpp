#include "monitor/user_calls.hpp"

#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <utility>

namespace muster {

struct UserCalls::Gate {
    std::recursive_timed_mutex mutex;  // recursive: a call may close the monitor that made it
    std::atomic<bool> isOpen{true};
    LogLine log;

    void failed(const std::string& what, std::string_view why) const {
        if (!log) return;
        try {
            log(3, what + " threw: " + std::string(why));
        } catch (...) {  // NOLINT(bugprone-empty-catch): nobody is left to tell
        }
    }
    void enter(const std::string& what, const std::function<void()>& call) {
        std::lock_guard lock(mutex);
        if (!isOpen) return;
        try {
            call();
        } catch (const std::exception& error) {
            failed(what, error.what());
        } catch (...) {
            failed(what, "something that is no std::exception");
        }
    }
};

UserCalls::UserCalls(std::shared_ptr<EventLoop> loop,
                     std::function<void(std::function<void()>)> runOn, LogLine log)
    : loop_(std::move(loop)), runOn_(std::move(runOn)), gate_(std::make_shared<Gate>()) {
    gate_->log = std::move(log);
}

UserCalls::~UserCalls() {
    close();
}

void UserCalls::run(std::string_view what, std::function<void()> call) {
    auto guarded = [gate = gate_, what = std::string(what), call = std::move(call)] {
        gate->enter(what, call);
    };
    if (!runOn_) return loop_->post(std::move(guarded));
    try {
        runOn_(std::move(guarded));
    } catch (const std::exception& error) {
        gate_->failed("runOn", error.what());
    } catch (...) {
        gate_->failed("runOn", "something that is no std::exception");
    }
}

void UserCalls::runHere(std::string_view what, const std::function<void()>& call) {
    gate_->enter(std::string(what), call);
}

void UserCalls::close(std::chrono::milliseconds patience) {
    gate_->isOpen = false;
    // A call that never ends must not hold up the host's shutdown, so the wait has an end.
    if (gate_->mutex.try_lock_for(patience)) gate_->mutex.unlock();
}

}  // namespace muster
