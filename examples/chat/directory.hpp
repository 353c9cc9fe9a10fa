#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chat {

/// A server of the cluster, as the watcher tells it.
struct Peer {
    std::string id, type, host;
    int port = 0;        // for servers; 0: none
    int clientPort = 0;  // for browsers; 0: none
    bool operator==(const Peer&) const = default;
};

/// Reads the map that Monitor::onServers delivers (id -> info); keeps those of `type`, by id in
/// order. What is malformed is left out.
std::vector<Peer> peersOfType(const std::string& serversJson, std::string_view type);

/// The peer that a room belongs to; null for none. Every connector that knows the same peers
/// chooses the same one, and when a peer comes or goes only its own rooms move (rendezvous
/// hashing).
const Peer* peerFor(std::string_view room, const std::vector<Peer>& peers);

}  // namespace chat
