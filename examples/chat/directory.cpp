#include "examples/chat/directory.hpp"

#include <muster/json.hpp>

#include <cstdint>

namespace chat {
namespace {

using nlohmann::json;

std::string textOf(const json& info, const char* key) {
    const auto found = info.find(key);
    return found != info.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int portOf(const json& info, const char* key) {
    const auto found = info.find(key);
    if (found == info.end() || !found->is_number_integer()) return 0;
    const auto port = found->get<std::int64_t>();
    return port > 0 && port <= 65535 ? static_cast<int>(port) : 0;
}

/// FNV-1a, then a mix: neighbouring names must not get neighbouring weights.
std::uint64_t weight(std::string_view room, std::string_view peer) {
    std::uint64_t hash = 14695981039346656037ULL;
    const auto add = [&hash](std::string_view text) {
        for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    };
    add(room);
    add("\n");
    add(peer);
    hash ^= hash >> 33U;
    hash *= 0xff51afd7ed558ccdULL;
    return hash ^ (hash >> 33U);
}

}  // namespace

std::vector<Peer> peersOfType(const std::string& serversJson, std::string_view type) {
    std::vector<Peer> peers;
    const auto servers = muster::parseJson(serversJson);
    if (!servers || !servers->is_object()) return peers;
    for (const auto& [id, info] : servers->items()) {
        if (!info.is_object()) continue;
        Peer peer{id, textOf(info, "serverType"), textOf(info, "host"), portOf(info, "port"),
                  portOf(info, "clientPort")};
        if (peer.type.empty()) peer.type = textOf(info, "type");
        if (peer.type == type && !peer.host.empty()) peers.push_back(std::move(peer));
    }
    return peers;
}

const Peer* peerFor(std::string_view room, const std::vector<Peer>& peers) {
    const Peer* best = nullptr;
    std::uint64_t most = 0;
    for (const Peer& peer : peers) {
        const std::uint64_t own = weight(room, peer.id);
        if (best != nullptr && own <= most) continue;
        best = &peer;
        most = own;
    }
    return best;
}

}  // namespace chat
