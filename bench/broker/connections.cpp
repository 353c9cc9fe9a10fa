#include "bench/broker/load.hpp"

#include <stdexcept>

namespace muster::bench {

namespace {

/// Connects, says goodbye when it is welcome, connects again.
class Visitors {
public:
    explicit Visitors(const LoadOptions& options) : options_(options) {
        for (std::size_t i = 0; i < options.concurrency; ++i) {
            FramedSocket& socket = *sockets_.emplace_back(std::make_unique<FramedSocket>(reactor_));
            socket.onOpen = [](FramedSocket& self) {
                self.out += connectPacket({freshClientId()});
            };
            socket.onPacket = [this](FramedSocket& self, const Frame& frame) {
                if (frame.body.back() != 0) ++failed;
                self.out.append("\xE0\0", 2);  // DISCONNECT
                self.flush();
                self.close();
                finished(self);
            };
            socket.onEnd = [this](FramedSocket& self) {
                ++failed;
                finished(self);
            };
            free_.push_back(&socket);
        }
    }
    void run() {
        constexpr int kWaitMs = 100;
        while (done_ < options_.count) {
            for (; !free_.empty() && started_ < options_.count; ++started_) {
                free_.back()->connect(options_.port);
                free_.pop_back();
            }
            reactor_.poll(kWaitMs);
        }
    }

    std::size_t failed = 0;

private:
    void finished(FramedSocket& socket) {
        ++done_;
        free_.push_back(&socket);
    }

    const LoadOptions& options_;
    Reactor reactor_;
    Sockets sockets_;
    std::vector<FramedSocket*> free_;
    std::size_t started_ = 0, done_ = 0;
};

}  // namespace

void loadConnections(const LoadOptions& options) {
    Visitors visitors(options);
    Interval interval(options.serverPid);
    interval.start();
    visitors.run();
    interval.stop();
    Row()
        .add(interval, static_cast<double>(options.count))
        .add("failed", static_cast<double>(visitors.failed))
        .print();
}

void loadIdle(const LoadOptions& options) {
    constexpr int kWaitMs = 50;
    constexpr std::uint64_t kSettle = 1'000'000'000;
    Reactor reactor;
    Sockets sockets;
    std::vector<FramedSocket*> all;
    for (std::size_t i = 0; i < options.count; ++i) {
        all.push_back(sockets.emplace_back(std::make_unique<FramedSocket>(reactor)).get());
        all.back()->onPacket = [](FramedSocket&, const Frame&) {};
    }
    const auto stay = [&](std::uint64_t time) {
        for (const std::uint64_t end = nowNs() + time; nowNs() < end;) reactor.poll(kWaitMs);
    };
    const long before = residentKib(options.serverPid);
    bringUp(reactor, options, all, [](std::size_t) { return std::string(); });
    stay(kSettle);
    const long after = residentKib(options.serverPid);
    Interval interval(options.serverPid);
    interval.start();
    stay(static_cast<std::uint64_t>(options.seconds * 1e9));
    interval.stop();
    Row()
        .add("rssKib", static_cast<double>(before))
        .add("kibPerConnection",
             static_cast<double>(after - before) / static_cast<double>(options.count))
        .add("idleCores", interval.serverCpu() / interval.wall())
        .print();
    for (const auto& socket : sockets) socket->onEnd = nullptr;
}

}  // namespace muster::bench
