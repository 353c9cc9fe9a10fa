#pragma once

#include "common/process/epoll_loop.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace muster::supervisor {

/// One run of a command that looks at a server: in a session of its own, without input and output.
/// Its whole group is killed when its time is over or the run is destroyed. On the node's loop.
class CommandRun {
public:
    /// `reason`: empty if its exit status was 0, else why not, e.g. "exit status 2".
    using Done = std::function<void(const std::string& reason)>;
    /// Starts it. `done` is called once, later, and may destroy the run.
    CommandRun(EpollLoop& loop, const std::vector<std::string>& argv,
               std::chrono::milliseconds timeout, Done done);
    ~CommandRun();
    CommandRun(const CommandRun&) = delete;
    CommandRun& operator=(const CommandRun&) = delete;

private:
    void finish();
    std::string end();

    EpollLoop& loop_;
    std::string program_;
    Done done_;
    pid_t pid_ = 0;
    UniqueFd process_;
    TimerId timer_ = 0;
};

}  // namespace muster::supervisor
