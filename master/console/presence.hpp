#pragma once

#include "common/event_loop.hpp"

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace muster {

/// What a presence record says of a member (docs/protocol.md, Presence).
struct Presence {
    ServerInfo server;  // info has id, serverType, host, port and pid merged in
    std::string state;  // online, ready, draining, stopping or offline
    std::int64_t busy = 0;
    std::string version;  // of muster in it; empty: not told
};

/// `payload` as it stood at presence/<id>. BadMessage names the field.
Result<Presence> decodePresence(std::string_view id, std::string_view payload);
/// The record that the leader publishes for a peer that speaks pomelo and cannot do it itself.
std::string encodePresence(const ServerInfo& server, std::string_view state, WallTime now);

}  // namespace muster
