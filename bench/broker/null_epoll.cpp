// The null broker on bare epoll: the physical limit of a broker that writes once for each
// connection and round.
//
//   muster_null_epoll --port P
//
// Until it is killed. Loopback only.
#include "bench/broker/framed_socket.hpp"
#include "bench/broker/null_router.hpp"

#include <cstdio>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/socket.h>

namespace {

using namespace muster::bench;

struct Client;

/// All clients and who has something to write.
struct NullBroker {
    Reactor reactor;
    NullRouter<Client> router;
    std::vector<std::unique_ptr<Client>> clients;
    std::vector<Client*> dirty;
    bool hasGone = false;  // some client's socket was closed

    void accept(int listener);
    void run(std::uint16_t port);
};

struct Client {
    explicit Client(NullBroker& nullBroker) : broker(nullBroker), socket(nullBroker.reactor) {}
    void queue(std::string_view bytes) {
        if (socket.out.empty()) broker.dirty.push_back(this);
        socket.out += bytes;
    }
    void close() {
        socket.close();
        broker.hasGone = true;
    }

    NullBroker& broker;
    FramedSocket socket;
};

void NullBroker::accept(int listener) {
    for (int fd = 0; (fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
        setNoDelay(fd);
        auto& client = *clients.emplace_back(std::make_unique<Client>(*this));
        client.socket.onPacket = [&](FramedSocket&, const Frame& frame) {
            router.handle(client, frame);
        };
        client.socket.onEnd = [this](FramedSocket&) { hasGone = true; };
        client.socket.adopt(fd);
    }
}

void NullBroker::run(std::uint16_t port) {
    FramedSocket listener(reactor);
    const int fd = listenOn(port);
    listener.isListener = true;
    listener.onOpen = [&](FramedSocket&) { accept(fd); };
    listener.adopt(fd);
    for (;;) {
        constexpr int kWaitMs = 1'000;
        reactor.poll(kWaitMs);
        for (Client* client : dirty)
            if (client->socket.isOpen() && !client->socket.isStuck()) client->socket.flush();
        dirty.clear();
        if (!std::exchange(hasGone, false)) continue;
        std::erase_if(clients, [&](const auto& client) {
            if (client->socket.isOpen()) return false;
            router.forget(*client);
            return true;
        });
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("a broker that only forwards, on epoll");
    std::uint16_t port = 0;
    app.add_option("--port", port, "of 127.0.0.1")->required();
    CLI11_PARSE(app, argc, argv);
    try {
        NullBroker().run(port);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
