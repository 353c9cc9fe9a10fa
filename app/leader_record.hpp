#pragma once

#include "common/event_loop.hpp"
#include "master/cluster/leadership.hpp"

#include <string>
#include <vector>

namespace muster::app {

/// The retained `leader` record (docs/protocol.md, "Leader") as JSON text.
std::string leaderRecord(const LeaderTerm& term, const std::vector<std::string>& endpoints,
                         WallTime now);

}  // namespace muster::app
