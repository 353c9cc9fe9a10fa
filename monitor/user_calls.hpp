#pragma once

#include "common/event_loop.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace muster {

/// Writes a line where MonitorOptions::log says; 0 debug, 1 info, 2 warning, 3 error.
using LogLine = std::function<void(int level, std::string_view line)>;

/// Runs the host's code: on its own loop through `runOn`, or on the monitor's. What it throws is
/// logged and goes no further. After close() nothing of the host's runs any more, even if the
/// host's loop still holds calls. run() may be called on any thread.
class UserCalls {
public:
    /// An empty `runOn` means the loop.
    UserCalls(std::shared_ptr<EventLoop> loop, std::function<void(std::function<void()>)> runOn,
              LogLine log);
    ~UserCalls();
    UserCalls(const UserCalls&) = delete;
    UserCalls& operator=(const UserCalls&) = delete;

    /// Queues `call`; `what` names it in the log, e.g. "handler of echo".
    void run(std::string_view what, std::function<void()> call);
    /// The same, at once and on the caller's thread: for when there is no loop any more.
    void runHere(std::string_view what, const std::function<void()>& call);
    /// Waits for the call that runs now, unless that is the caller, at most `patience`.
    void close(std::chrono::milliseconds patience = std::chrono::seconds(2));
    bool hasOwnLoop() const { return static_cast<bool>(runOn_); }

private:
    struct Gate;
    std::shared_ptr<EventLoop> loop_;  // shared with the monitor: calls may outlive it
    std::function<void(std::function<void()>)> runOn_;
    std::shared_ptr<Gate> gate_;  // shared with the calls, which may outlive this object
};

}  // namespace muster
