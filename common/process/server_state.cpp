#include "common/process/server_state.hpp"

#include <array>
#include <cstddef>

namespace muster {

namespace {

constexpr std::array kNames{"stopped", "waiting", "starting",     "ready", "draining", "stopping",
                            "backoff", "failed",  "unresponsive", "lost",  "adopting"};

}  // namespace

const char* stateName(ServerState state) noexcept {
    return kNames[static_cast<std::size_t>(state)];
}

std::optional<ServerState> parseServerState(std::string_view name) noexcept {
    for (std::size_t index = 0; index < kNames.size(); ++index)
        if (name == kNames[index]) return static_cast<ServerState>(index);
    return std::nullopt;
}

bool mayRun(ServerState state) noexcept {
    switch (state) {
        case ServerState::Stopped:
        case ServerState::Waiting:
        case ServerState::Backoff:
        case ServerState::Failed: return false;
        default: return true;
    }
}

}  // namespace muster
