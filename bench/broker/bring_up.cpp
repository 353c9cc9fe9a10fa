#include "bench/broker/load.hpp"

#include <stdexcept>

#include <unistd.h>

namespace muster::bench {

namespace {

constexpr std::size_t kAtOnce = 64;
constexpr std::uint64_t kLongest = 60'000'000'000;

[[noreturn]] void endedEarly(FramedSocket&) {
    throw std::runtime_error("the broker closed a connection");
}

/// Sockets on their way to being subscribed.
class BringUp {
public:
    BringUp(const std::vector<FramedSocket*>& sockets, unsigned qos,
            const std::function<std::string(std::size_t)>& topicOf)
        : sockets_(sockets), qos_(qos), topicOf_(topicOf) {}

    void startSome(std::uint16_t port) {
        for (; started_ < sockets_.size() && started_ - done_ < kAtOnce; ++started_)
            start(started_, port);
    }
    bool isDone() const { return done_ == sockets_.size(); }

private:
    void start(std::size_t index, std::uint16_t port) {
        FramedSocket& socket = *sockets_[index];
        socket.onOpen = [](FramedSocket& self) { self.out += connectPacket({freshClientId()}); };
        socket.onEnd = endedEarly;
        auto later = std::move(socket.onPacket);
        socket.onPacket = [this, index, later](FramedSocket& self, const Frame& frame) {
            onPacket(self, frame, index, later);
        };
        socket.connect(port);
    }
    using Handler = std::function<void(FramedSocket&, const Frame&)>;
    void onPacket(FramedSocket& socket, const Frame& frame, std::size_t index, Handler later) {
        constexpr unsigned kConnack = 2;
        const auto code = static_cast<unsigned char>(frame.body.back());
        if (code > 2 || (frame.type() == kConnack && code != 0))
            throw std::runtime_error("the broker refused a client");
        const std::string topic = frame.type() == kConnack ? topicOf_(index) : std::string();
        if (!topic.empty()) {
            socket.out += subscribePacket(topic, qos_);
            return socket.flush();
        }
        ++done_;
        socket.onPacket = later;  // destroys the function that called this: last
    }

    const std::vector<FramedSocket*>& sockets_;
    unsigned qos_;
    const std::function<std::string(std::size_t)>& topicOf_;
    std::size_t started_ = 0, done_ = 0;
};

}  // namespace

std::string freshClientId() {
    static std::uint64_t next = 0;
    return "b" + std::to_string(::getpid()) + "-" + std::to_string(next++);
}

void bringUp(Reactor& reactor, const LoadOptions& options,
             const std::vector<FramedSocket*>& sockets,
             const std::function<std::string(std::size_t)>& topicOf) {
    constexpr int kWaitMs = 100;
    BringUp work(sockets, options.qos, topicOf);
    const std::uint64_t begin = nowNs();
    while (!work.isDone()) {
        work.startSome(options.port);
        reactor.poll(kWaitMs);
        if (nowNs() - begin > kLongest) throw std::runtime_error("connecting took a minute");
    }
}

void bringUp(Reactor& reactor, const LoadOptions& options, FramedSocket& socket,
             const std::string& topic) {
    bringUp(reactor, options, {&socket}, [&](std::size_t) { return topic; });
}

}  // namespace muster::bench
