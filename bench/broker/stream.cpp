#include "bench/broker/load.hpp"

#include <algorithm>

namespace muster::bench {

namespace {

constexpr std::uint64_t kWarmUp = 500'000'000;
constexpr std::uint64_t kStalledAfter = 500'000'000;
constexpr std::size_t kMostPending = 128 * 1024;  // unsent bytes, above which nothing is added
constexpr unsigned kPublish = 3, kPuback = 4;

/// One publisher and its subscriber.
class Pair {
public:
    Pair(Reactor& reactor, const LoadOptions& options, std::size_t index)
        : subscriber(reactor),
          publisher(reactor),
          options_(options),
          topic_("bench/stream/" + std::to_string(index)),
          message_(topic_, options.qos, options.size) {
        subscriber.onPacket = [this](FramedSocket& self, const Frame& frame) {
            if (frame.type() != kPublish) return;
            const Arrival arrival = readArrival(frame);
            check.add(arrival.stamp.sequence);
            if (frame.qos() > 0) appendAck(self.out, arrival.packetId);
        };
        publisher.onPacket = [this](FramedSocket&, const Frame& frame) {
            if (frame.type() == kPuback) ++acknowledged_;
        };
    }
    const std::string& topic() const { return topic_; }
    void pump() {
        const std::uint64_t finished =
            options_.qos > 0 ? std::min(check.next(), acknowledged_) : check.next();
        while (sent_ - finished < options_.window && publisher.pending() < kMostPending)
            message_.appendTo(publisher.out, {sent_++, 0});
        for (FramedSocket* socket : {&publisher, &subscriber})
            if (socket->pending() > 0 && !socket->isStuck()) socket->flush();
    }
    /// QoS 0 that was dropped at the end of a window would stop it for ever.
    void giveUpOnTheWay() { check.skipTo(sent_); }

    FramedSocket subscriber, publisher;
    SequenceCheck check;

private:
    const LoadOptions& options_;
    std::string topic_;
    PublishTemplate message_;
    std::uint64_t sent_ = 0, acknowledged_ = 0;
};

struct Totals {
    std::uint64_t received = 0, lost = 0, repeated = 0;
};

class Stream {
public:
    explicit Stream(const LoadOptions& options) : options_(options) {
        std::vector<FramedSocket*> sockets;
        for (std::size_t i = 0; i < options.pairs; ++i) {
            auto& pair = *pairs_.emplace_back(std::make_unique<Pair>(reactor_, options, i));
            sockets.push_back(&pair.subscriber);
            sockets.push_back(&pair.publisher);
        }
        bringUp(reactor_, options, sockets, [this](std::size_t index) {
            return index % 2 == 0 ? pairs_[index / 2]->topic() : std::string();
        });
    }
    Totals totals() const {
        Totals sum;
        for (const auto& pair : pairs_) {
            sum.received += pair->check.received();
            sum.lost += pair->check.lost();
            sum.repeated += pair->check.repeated();
        }
        return sum;
    }
    void runFor(std::uint64_t time) {
        constexpr int kWaitMs = 20;
        for (const std::uint64_t end = nowNs() + time; nowNs() < end;) {
            for (const auto& pair : pairs_) pair->pump();
            reactor_.poll(kWaitMs);
            lookForStall();
        }
    }

private:
    void lookForStall() {
        const std::uint64_t now = nowNs();
        if (now - lookedAt_ < kStalledAfter) return;
        lookedAt_ = now;
        const std::uint64_t received = totals().received;
        if (received == receivedThen_ && options_.qos == 0)
            for (const auto& pair : pairs_) pair->giveUpOnTheWay();
        receivedThen_ = received;
    }

    const LoadOptions& options_;
    Reactor reactor_;
    std::vector<std::unique_ptr<Pair>> pairs_;
    std::uint64_t lookedAt_ = nowNs(), receivedThen_ = 0;
};

}  // namespace

void loadStream(const LoadOptions& options) {
    Stream stream(options);
    stream.runFor(kWarmUp);
    const Totals before = stream.totals();
    Interval interval(options.serverPid);
    interval.start();
    stream.runFor(static_cast<std::uint64_t>(options.seconds * 1e9));
    interval.stop();
    const Totals after = stream.totals();
    Row()
        .add(interval, static_cast<double>(after.received - before.received))
        .add("lost", static_cast<double>(after.lost))
        .add("repeated", static_cast<double>(after.repeated))
        .print();
}

}  // namespace muster::bench
