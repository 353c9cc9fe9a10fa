#pragma once

#include "modules/supervisor/probes.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace muster::supervisor {

/// How many commands look at servers at one time, of all servers of a node; the others wait.
inline constexpr std::size_t kMostLookingCommands = 8;

/// Makes what looks at a server again and again, as its spec's liveness says, until it is
/// destroyed; none where the spec has none. `onLook` is called on the loop after each look, never
/// inside the maker: empty, or why it failed; it may destroy the probe.
using LivenessMaker = std::function<std::unique_ptr<Probe>(
    const ServerSpec& spec, std::function<void(const std::string& reason)> onLook)>;

/// The real ones, on the node's loop (which outlives them). Tcp: connects within the time of a
/// look; a stopped process is not found by that, since the kernel accepts for it. Command: as of
/// readiness.
LivenessMaker makeLiveness(EpollLoop& loop);

}  // namespace muster::supervisor
