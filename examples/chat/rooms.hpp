#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>

namespace chat {

/// The rooms of one chat server: who is in, what was said last. Pure: it gets lines of connectors
/// and gives lines for them. A connector is known by a number of its own (one per connection).
///
/// Lines are JSON objects. In: {"op":"join","user","name","room"}, {"op":"say","user","text"},
/// {"op":"leave","user"}. Out: {"user","event"} for one user, {"room","event"} for all users of a
/// room at that connector.
class Rooms {
public:
    using Send = std::function<void(int connector, const std::string& line)>;

    Rooms(std::string serverId, Send send)
        : serverId_(std::move(serverId)), send_(std::move(send)) {}

    /// A line that is no known request is ignored; false then.
    bool onLine(int connector, const std::string& line, const std::string& time);
    /// All its users are gone.
    void onConnectorLost(int connector);
    std::size_t users() const { return users_.size(); }

private:
    using UserKey = std::pair<int, std::string>;  // connector, its id of the user
    struct User {
        std::string name, room;
    };
    struct Room {
        std::map<UserKey, std::string> members;  // to their names
        std::deque<std::string> history;         // events, as JSON
    };
    void join(const UserKey& key, User user);
    void say(const UserKey& key, const std::string& text, const std::string& time);
    void leave(const UserKey& key);
    void tellRoom(const std::string& name, const Room& room, const std::string& event);
    std::string presence(const Room& room, const char* kind, const std::string& name) const;

    std::string serverId_;
    Send send_;
    std::map<UserKey, User> users_;
    std::map<std::string, Room> rooms_;
};

/// `text` as one line of at most `maxBytes`, whole UTF-8 characters, without control characters.
std::string cleaned(const std::string& text, std::size_t maxBytes);

}  // namespace chat
