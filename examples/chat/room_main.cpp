#include "examples/chat/line_link.hpp"
#include "examples/chat/member.hpp"
#include "examples/chat/rooms.hpp"

#include <ctime>
#include <exception>
#include <iostream>
#include <map>

/// A chat server: it holds rooms, and connectors connect to it.
namespace {

std::string utcNow() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

class RoomServer {
public:
    RoomServer(chat::Member& member, const std::string& host, int port)
        : member_(member),
          rooms_(member.id(),
                 [this](int connector, const std::string& line) {
                     const auto found = links_.find(connector);
                     if (found != links_.end()) found->second->send(line);
                 }),
          acceptor_(member.context(), host, port,
                    [this](boost::asio::ip::tcp::socket socket) { add(std::move(socket)); }) {}

private:
    void add(boost::asio::ip::tcp::socket socket) {
        const int connector = next_++;
        auto link = std::make_shared<chat::LineLink>(std::move(socket));
        links_[connector] = link;
        link->start({[this, connector](const std::string& line) {
                         rooms_.onLine(connector, line, utcNow());
                         tellBusy();
                     },
                     [this, connector] {
                         links_.erase(connector);
                         rooms_.onConnectorLost(connector);
                         tellBusy();
                     }});
    }
    void tellBusy() {
        const auto users = static_cast<std::int64_t>(rooms_.users());
        if (users != busy_) member_.monitor().setBusy(users);
        busy_ = users;
    }

    chat::Member& member_;
    std::map<int, std::shared_ptr<chat::LineLink>> links_;  // shared with their operations
    chat::Rooms rooms_;
    chat::Acceptor acceptor_;
    int next_ = 1;
    std::int64_t busy_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::cerr << "usage: chat_room HOST PORT   (the rest comes from muster's environment)\n";
        return 2;
    }
    chat::Member member;
    RoomServer server(member, argv[1], chat::portArgument(argv[2]));
    return member.run();
} catch (const std::exception& error) {
    std::cerr << "chat_room: " << error.what() << '\n';
    return 1;
}
