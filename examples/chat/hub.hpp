#pragma once

#include "examples/chat/directory.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace chat {

/// What a connector decides: which user is in which room, and which chat server a room belongs to.
/// Pure: it is fed with what users, chat servers and the watcher say, and calls two functions.
class Hub {
public:
    /// To a browser; and to a chat server, where it is lost if that one is away.
    using ToUser = std::function<void(const std::string& user, const std::string& text)>;
    using ToServer = std::function<void(const std::string& serverId, const std::string& line)>;

    Hub(std::string connectorId, ToUser toUser, ToServer toServer)
        : connectorId_(std::move(connectorId)),
          toUser_(std::move(toUser)),
          toServer_(std::move(toServer)) {}

    void onUserConnected(const std::string& user);
    /// A browser's message: {"op":"join","room","name"} or {"op":"say","text"}; others are answered
    /// with an error event.
    void onUserMessage(const std::string& user, const std::string& text);
    void onUserLeft(const std::string& user);
    /// Everybody is asked to move to another connector, those who come later too; nobody is cut.
    void onDrain();
    void onUndrain() { isDraining_ = false; }

    /// The chat servers there are now. Rooms whose server changed are joined at the new one.
    void onServers(std::vector<Peer> peers);
    /// The connection to a chat server is up, perhaps again: its users are joined anew.
    void onServerConnected(const std::string& serverId);
    void onServerLost(const std::string& serverId);
    void onServerLine(const std::string& serverId, const std::string& line);

    std::size_t users() const { return users_.size(); }

private:
    struct User {
        std::string name, room;  // empty: in no room yet
        std::string server;      // where it was joined; empty: nowhere
    };
    void join(const std::string& id, User& user);
    void sendLeave(const std::string& id, const User& user);
    void tell(const std::string& user, const std::string& event);
    void tellNotice(const std::string& user, const char* kind, const std::string& text);

    std::string connectorId_;
    ToUser toUser_;
    ToServer toServer_;
    std::map<std::string, User> users_;
    std::vector<Peer> peers_;
    bool isDraining_ = false;
};

}  // namespace chat
