#pragma once

#include <optional>
#include <string_view>

namespace muster {

/// Where a server is in its life, as the tables show it (docs/protocol.md, "Module supervisor").
enum class ServerState {
    Stopped,       // no process, and none is wanted or the policy says so
    Waiting,       // to be started, but for something that the note names
    Starting,      // a process that is not ready yet
    Ready,         // serves
    Draining,      // serves what it has, takes nothing new
    Stopping,      // asked to end
    Backoff,       // ended unasked; started again after a wait
    Failed,        // ended unasked; not started again
    Unresponsive,  // a process that lets its watchdog time pass
    Lost,          // its node is away: nothing is known
    Adopting       // its node has not heard of the keeper yet
};

/// "stopped", "waiting", ...
const char* stateName(ServerState state) noexcept;
std::optional<ServerState> parseServerState(std::string_view name) noexcept;
/// True where a process of it may exist.
bool mayRun(ServerState state) noexcept;

}  // namespace muster
