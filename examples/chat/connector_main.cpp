#include "examples/chat/hub.hpp"
#include "examples/chat/line_link.hpp"
#include "examples/chat/member.hpp"
#include "examples/chat/ws_listener.hpp"

#include <exception>
#include <iostream>
#include <map>

/// A connector: browsers connect to it, and it connects to every chat server the watcher tells of.
namespace {

class Connector {
public:
    Connector(chat::Member& member, const std::string& host, int port)
        : member_(member),
          hub_(
              member.id(),
              [this](const std::string& user, const std::string& text) { ws_.send(user, text); },
              [this](const std::string& server, const std::string& line) { send(server, line); }),
          ws_(member.context(), host, port, wsHandlers()) {
        member.monitor().onServers([this](const muster::JsonText& servers) {
            onPeers(chat::peersOfType(servers, "chat"));
        });
        // Busy until the last of them has moved: so long muster does not stop this connector.
        member.monitor().onDrain([this] { hub_.onDrain(); });
        member.monitor().onUndrain([this] { hub_.onUndrain(); });
    }
    ~Connector() {
        for (auto& [id, link] : links_) link.client->close();
    }
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;

private:
    struct Link {
        chat::Peer peer;
        std::shared_ptr<chat::LineClient> client;  // shared with its operations
    };

    chat::WsListener::Handlers wsHandlers() {
        chat::WsListener::Handlers handlers;
        handlers.onConnected = [this](const std::string& user) {
            hub_.onUserConnected(user);
            tellBusy();
        };
        handlers.onMessage = [this](const std::string& user, const std::string& text) {
            hub_.onUserMessage(user, text);
        };
        handlers.onClosed = [this](const std::string& user) {
            hub_.onUserLeft(user);
            tellBusy();
        };
        return handlers;
    }

    void tellBusy() { member_.monitor().setBusy(static_cast<std::int64_t>(hub_.users())); }

    /// Links follow the map: one for each chat server, at the address it has now.
    void onPeers(std::vector<chat::Peer> peers) {
        std::map<std::string, Link> kept;
        for (const chat::Peer& peer : peers) {
            const auto found = links_.find(peer.id);
            if (found == links_.end() || found->second.peer != peer) continue;
            kept.insert(links_.extract(found));
        }
        for (auto& [id, link] : links_) link.client->close();
        links_ = std::move(kept);
        for (const chat::Peer& peer : peers) {
            if (links_.count(peer.id) == 0) open(peer);
        }
        hub_.onServers(std::move(peers));
    }

    void open(const chat::Peer& peer) {
        const std::string id = peer.id;
        chat::LineClient::Handlers handlers;
        handlers.onConnected = [this, id] { hub_.onServerConnected(id); };
        handlers.onLine = [this, id](const std::string& line) { hub_.onServerLine(id, line); };
        handlers.onLost = [this, id] { hub_.onServerLost(id); };
        auto client = std::make_shared<chat::LineClient>(member_.context(), peer.host, peer.port,
                                                         std::move(handlers));
        links_[id] = {peer, client};
        client->start();
    }

    void send(const std::string& server, const std::string& line) {
        const auto found = links_.find(server);
        if (found != links_.end()) found->second.client->send(line);
    }

    chat::Member& member_;
    std::map<std::string, Link> links_;
    chat::Hub hub_;
    chat::WsListener ws_;
};

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::cerr
            << "usage: chat_connector HOST PORT   (the rest comes from muster's environment)\n";
        return 2;
    }
    chat::Member member;
    Connector connector(member, argv[1], chat::portArgument(argv[2]));
    return member.run();
} catch (const std::exception& error) {
    std::cerr << "chat_connector: " << error.what() << '\n';
    return 1;
}
