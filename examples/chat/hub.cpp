#include "examples/chat/hub.hpp"

#include <muster/json.hpp>

namespace chat {
namespace {

using nlohmann::json;

constexpr const char* kMove = R"({"kind":"move"})";

std::string textOf(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

void Hub::onUserConnected(const std::string& user) {
    users_[user] = {};
    if (isDraining_) return tell(user, kMove);
    tell(user, muster::jsonText({{"kind", "hello"}, {"connector", connectorId_}}));
}

void Hub::onUserMessage(const std::string& user, const std::string& text) {
    const auto found = users_.find(user);
    if (found == users_.end()) return;
    const auto message = muster::parseJson(text);
    if (!message || !message->is_object()) return tellNotice(user, "error", "not a JSON object");
    const std::string op = textOf(*message, "op");
    User& self = found->second;
    if (op == "join") {
        sendLeave(user, self);
        self = {textOf(*message, "name"), textOf(*message, "room"), {}};
        if (self.name.empty() || self.room.empty()) {
            self = {};
            return tellNotice(user, "error", "join needs a name and a room");
        }
        return join(user, self);
    }
    if (op != "say") return tellNotice(user, "error", "unknown op: use join or say");
    if (self.room.empty()) return tellNotice(user, "error", "join a room first");
    if (self.server.empty()) return tellNotice(user, "error", "no chat server is up: try again");
    toServer_(
        self.server,
        muster::jsonText({{"op", "say"}, {"user", user}, {"text", textOf(*message, "text")}}));
}

void Hub::onUserLeft(const std::string& user) {
    const auto found = users_.find(user);
    if (found == users_.end()) return;
    sendLeave(user, found->second);
    users_.erase(found);
}

void Hub::onDrain() {
    isDraining_ = true;
    for (const auto& [id, user] : users_) tell(id, kMove);
}

void Hub::onServers(std::vector<Peer> peers) {
    peers_ = std::move(peers);
    for (auto& [id, user] : users_) {
        if (user.room.empty()) continue;
        const Peer* owner = peerFor(user.room, peers_);
        const std::string now = owner == nullptr ? std::string() : owner->id;
        if (now == user.server) continue;
        sendLeave(id, user);
        join(id, user);
    }
}

void Hub::onServerConnected(const std::string& serverId) {
    for (auto& [id, user] : users_) {
        if (user.server == serverId) join(id, user);
    }
}

void Hub::onServerLost(const std::string& serverId) {
    for (const auto& [id, user] : users_) {
        if (user.server != serverId) continue;
        tellNotice(id, "waiting", serverId + " is away; you are put back as soon as it returns");
    }
}

void Hub::onServerLine(const std::string& serverId, const std::string& line) {
    const auto parsed = muster::parseJson(line);
    if (!parsed || !parsed->is_object() || !parsed->contains("event")) return;
    const std::string event = muster::jsonText(parsed->at("event"));
    const std::string one = textOf(*parsed, "user");
    const std::string room = textOf(*parsed, "room");
    if (!one.empty()) {
        const auto found = users_.find(one);  // a server that the user has left may still answer
        if (found != users_.end() && found->second.server == serverId) tell(one, event);
        return;
    }
    for (const auto& [id, user] : users_) {
        if (user.server == serverId && user.room == room) tell(id, event);
    }
}

void Hub::join(const std::string& id, User& user) {
    const Peer* owner = peerFor(user.room, peers_);
    user.server = owner == nullptr ? std::string() : owner->id;
    if (owner == nullptr) return tellNotice(id, "waiting", "no chat server is up yet");
    toServer_(
        owner->id,
        muster::jsonText({{"op", "join"}, {"user", id}, {"name", user.name}, {"room", user.room}}));
}

void Hub::sendLeave(const std::string& id, const User& user) {
    if (user.server.empty()) return;
    toServer_(user.server, muster::jsonText({{"op", "leave"}, {"user", id}}));
}

void Hub::tell(const std::string& user, const std::string& event) {
    toUser_(user, event);
}

void Hub::tellNotice(const std::string& user, const char* kind, const std::string& text) {
    tell(user, muster::jsonText({{"kind", kind}, {"text", text}}));
}

}  // namespace chat
