#pragma once

#include "console/context.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace muster::cli {

/// Turns looks at the list into news: which server changed its state, and who is still not ready.
/// Pure.
class ReadinessProgress {
public:
    explicit ReadinessProgress(const Selection& selection) : selection_(selection) {}
    /// Takes one list; returns a line per change since the last one.
    std::vector<std::string> look(const ServerList& list);
    /// Whether something is selected and all of it is ready.
    bool isReady() const { return !isNothing() && blockers_.empty(); }
    /// Whether the selection names nothing that the last list has.
    bool isNothing() const { return total_ == 0 && held_.empty(); }
    /// Of a selection of all: those a person stopped, which no start of all waits for.
    const std::vector<std::string>& held() const { return held_; }
    std::size_t total() const { return total_; }
    /// "chat-2 backoff (exit 1)" of those not ready at the last look.
    const std::vector<std::string>& blockers() const { return blockers_; }

private:
    const Selection& selection_;
    std::map<std::string, std::string> states_;
    std::vector<std::string> blockers_;
    std::vector<std::string> held_;
    std::size_t total_ = 0;
};

/// Looks until all selected servers are ready, or `timeout` has passed; tells changes on the way. A
/// master that does not answer yet is waited for as well. Done, TimedOut, NoSuch, or Unreachable.
ExitCode waitUntilReady(Context& context, const Selection& selection,
                        std::chrono::milliseconds timeout);

}  // namespace muster::cli
