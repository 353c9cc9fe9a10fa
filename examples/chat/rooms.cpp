#include "examples/chat/rooms.hpp"

#include <muster/json.hpp>

#include <set>

namespace chat {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxUsers = 100'000;
constexpr std::size_t kHistory = 30;
constexpr std::size_t kMaxName = 40, kMaxRoom = 40, kMaxText = 1000;

std::string textOf(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string cleaned(const std::string& text, std::size_t maxBytes) {
    std::string clean;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) clean += c;
    }
    if (clean.size() > maxBytes) {
        std::size_t end = maxBytes;
        while (end > 0 && (static_cast<unsigned char>(clean[end]) & 0xc0U) == 0x80U) --end;
        clean.resize(end);
    }
    const std::size_t begin = clean.find_first_not_of(' ');
    return begin == std::string::npos ? std::string() : clean.substr(begin);
}

bool Rooms::onLine(int connector, const std::string& line, const std::string& time) {
    const auto parsed = muster::parseJson(line);
    if (!parsed || !parsed->is_object()) return false;
    const std::string op = textOf(*parsed, "op");
    const UserKey key{connector, textOf(*parsed, "user")};
    if (key.second.empty() || key.second.size() > 64) return false;
    if (op == "join") {
        User user{cleaned(textOf(*parsed, "name"), kMaxName),
                  cleaned(textOf(*parsed, "room"), kMaxRoom)};
        if (user.name.empty() || user.room.empty()) return false;
        join(key, std::move(user));
        return true;
    }
    if (op == "say") say(key, cleaned(textOf(*parsed, "text"), kMaxText), time);
    if (op == "leave") leave(key);
    return op == "say" || op == "leave";
}

void Rooms::onConnectorLost(int connector) {
    std::set<UserKey> gone;
    for (const auto& [key, user] : users_) {
        if (key.first == connector) gone.insert(key);
    }
    for (const UserKey& key : gone) leave(key);
}

void Rooms::join(const UserKey& key, User user) {
    leave(key);
    if (users_.size() >= kMaxUsers) return;
    Room& room = rooms_[user.room];
    room.members[key] = user.name;
    json history = json::array();
    for (const std::string& event : room.history) history.push_back(json::parse(event));
    json welcome{{"kind", "welcome"},
                 {"room", user.room},
                 {"server", serverId_},
                 {"history", std::move(history)}};
    send_(key.first, muster::jsonText({{"user", key.second}, {"event", std::move(welcome)}}));
    tellRoom(user.room, room, presence(room, "joined", user.name));
    users_[key] = std::move(user);
}

void Rooms::say(const UserKey& key, const std::string& text, const std::string& time) {
    const auto user = users_.find(key);
    if (user == users_.end() || text.empty()) return;
    Room& room = rooms_[user->second.room];
    const std::string event = muster::jsonText(
        {{"kind", "message"}, {"name", user->second.name}, {"text", text}, {"time", time}});
    room.history.push_back(event);
    if (room.history.size() > kHistory) room.history.pop_front();
    tellRoom(user->second.room, room, event);
}

void Rooms::leave(const UserKey& key) {
    const auto found = users_.find(key);
    if (found == users_.end()) return;
    const User user = found->second;
    users_.erase(found);
    const auto room = rooms_.find(user.room);
    if (room == rooms_.end()) return;
    room->second.members.erase(key);
    if (room->second.members.empty()) {
        rooms_.erase(room);
        return;
    }
    tellRoom(user.room, room->second, presence(room->second, "left", user.name));
}

void Rooms::tellRoom(const std::string& name, const Room& room, const std::string& event) {
    const std::string line = muster::jsonText({{"room", name}, {"event", json::parse(event)}});
    std::set<int> connectors;
    for (const auto& member : room.members) connectors.insert(member.first.first);
    for (const int connector : connectors) send_(connector, line);
}

std::string Rooms::presence(const Room& room, const char* kind, const std::string& name) const {
    json names = json::array();
    for (const auto& member : room.members) names.push_back(member.second);
    return muster::jsonText(
        {{"kind", kind}, {"name", name}, {"members", std::move(names)}, {"server", serverId_}});
}

}  // namespace chat
