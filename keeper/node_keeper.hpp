#pragma once

#include "keeper/child_table.hpp"

#include <string>
#include <vector>

namespace muster::keeper {

/// Keeps the node running: at once when it ran 5 s, otherwise after a wait that doubles from 100 ms
/// to 5 s. Owned by the keeper, which tells it of every exit.
class NodeKeeper {
public:
    NodeKeeper(EpollLoop& loop, ChildTable& children, std::vector<std::string> argv)
        : loop_(loop), children_(children), argv_(std::move(argv)) {}
    ~NodeKeeper() { loop_.cancel(timer_); }
    NodeKeeper(const NodeKeeper&) = delete;
    NodeKeeper& operator=(const NodeKeeper&) = delete;

    /// Starts the node unless it was adopted.
    void start();
    void onExit(const ChildState& child);
    /// Sends SIGTERM to the node, SIGKILL after 5 s, and does not start it again.
    void stop();
    /// Ends the node that runs, so that it is started anew.
    void restart();
    bool isGone() const;

private:
    void launch();
    void launchAfter(std::chrono::milliseconds wait);
    void signal(int signal);

    EpollLoop& loop_;
    ChildTable& children_;
    std::vector<std::string> argv_;
    std::chrono::milliseconds wait_{0};
    TimerId timer_ = 0;
    bool isStopping_ = false;
};

}  // namespace muster::keeper
