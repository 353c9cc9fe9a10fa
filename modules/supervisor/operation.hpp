#pragma once

#include "common/event_loop.hpp"
#include "master/supervisor/drain.hpp"
#include "master/supervisor/rollout.hpp"
#include "modules/console/server_control.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

namespace muster::supervisor {

/// How an operation goes about it, beside what it is.
struct OperationOptions {
    RolloutWidth width;          // restart: of each type at a time
    bool isOnlyChanged = false;  // restart: only what runs with another spec than the config's
    std::optional<std::chrono::milliseconds> drain;  // stop, restart: so long for it to get empty
    bool isGivingUp = false;  // it did not get empty: it goes on instead of being stopped
};

/// A client's operation until each of its servers has an outcome.
struct Operation {
    enum class Verb { Start, Stop, Restart, Kill };
    /// The process that a restart gave a server, as its node answered.
    struct Successor {
        pid_t pid = 0;               // 0: it did not say
        std::uint64_t revision = 0;  // of the node's news of it
    };
    Verb verb = Verb::Start;
    OperationOptions options;
    std::set<std::string> open;
    std::vector<ServerOutcome> outcomes;
    OutcomesReply done;
    TimerId timer = 0;
    Rollout rollout;
    std::map<std::string, pid_t> oldPids;         // of those that were ordered to restart
    std::map<std::string, Successor> successors;  // the node has a new process
    std::map<std::string, Drain> drains;          // of those that are to get empty first
    std::set<std::string> unwished;               // nobody had started or stopped it before
    std::uint64_t serial = 0;                     // tells it from a later one
};

}  // namespace muster::supervisor
