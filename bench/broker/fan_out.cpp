#include "bench/broker/load.hpp"

#include <algorithm>
#include <stdexcept>

namespace muster::bench {

namespace {

constexpr const char* kTopic = "bench/fan";
constexpr std::uint64_t kStalledAfter = 5'000'000'000;

class FanOut {
public:
    explicit FanOut(const LoadOptions& options)
        : publisher_(reactor_), message_(kTopic, options.qos, options.size) {
        std::vector<FramedSocket*> sockets;
        for (std::size_t i = 0; i < options.subscribers; ++i) {
            sockets.push_back(
                subscribers_.emplace_back(std::make_unique<FramedSocket>(reactor_)).get());
            sockets.back()->onPacket = [this](FramedSocket& self, const Frame& frame) {
                arrived(self, frame);
            };
        }
        publisher_.onPacket = [](FramedSocket&, const Frame&) {};
        bringUp(reactor_, options, sockets, [](std::size_t) { return kTopic; });
        bringUp(reactor_, options, publisher_, "");
    }
    /// One message at a time, until all have their copies.
    void run(std::size_t rounds) {
        firstCopy.clear();
        lastCopy.clear();
        copies = 0;
        for (std::size_t i = 0; i < rounds; ++i) {
            arrivedOfThis_ = 0;
            sentAt_ = nowNs();
            message_.appendTo(publisher_.out, {++sequence_, 0});
            publisher_.flush();
            waitForAll();
        }
    }

    Samples firstCopy, lastCopy;
    std::uint64_t copies = 0;

private:
    void arrived(FramedSocket& self, const Frame& frame) {
        const Arrival arrival = readArrival(frame);
        if (arrival.stamp.sequence != sequence_)
            throw std::runtime_error("a copy of another message");
        if (frame.qos() > 0) {
            appendAck(self.out, arrival.packetId);
            self.flush();
        }
        ++copies;
        ++arrivedOfThis_;
        if (arrivedOfThis_ == 1) firstCopy.add(nowNs() - sentAt_);
        if (arrivedOfThis_ == subscribers_.size()) lastCopy.add(nowNs() - sentAt_);
    }
    void waitForAll() {
        constexpr int kWaitMs = 20;
        while (arrivedOfThis_ < subscribers_.size()) {
            reactor_.poll(kWaitMs);
            if (nowNs() - sentAt_ > kStalledAfter)
                throw std::runtime_error(std::to_string(subscribers_.size() - arrivedOfThis_) +
                                         " copies never came");
        }
    }

    Reactor reactor_;
    Sockets subscribers_;
    FramedSocket publisher_;
    PublishTemplate message_;
    std::uint64_t sequence_ = 0;
    std::uint64_t sentAt_ = 0;
    std::size_t arrivedOfThis_ = 0;
};

}  // namespace

void loadFanOut(const LoadOptions& options) {
    FanOut fanOut(options);
    fanOut.run(std::max<std::size_t>(5, options.rounds / 10));
    Interval interval(options.serverPid);
    interval.start();
    fanOut.run(options.rounds);
    interval.stop();
    const auto wanted = static_cast<double>(options.rounds * options.subscribers);
    Row()
        .add(interval, static_cast<double>(fanOut.copies))
        .add("lost", wanted - static_cast<double>(fanOut.copies))
        .add("firstUs", fanOut.firstCopy.us(.5))
        .add("lastUs", fanOut.lastCopy.us(.5))
        .add("lastP99Us", fanOut.lastCopy.us(.99))
        .print();
}

}  // namespace muster::bench
