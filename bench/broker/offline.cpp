#include "bench/broker/load.hpp"

#include <stdexcept>

namespace muster::bench {

namespace {

constexpr const char* kTopic = "bench/offline";
constexpr std::uint64_t kWarmUp = 200'000'000;
constexpr std::uint64_t kQuietFor = 1'000'000'000;  // then nothing more comes
constexpr unsigned kConnack = 2, kPublish = 3, kPuback = 4, kSuback = 9;
constexpr int kWaitMs = 100;

/// A subscriber that keeps its session while it is away.
class Absentee {
public:
    explicit Absentee(Reactor& reactor) : reactor_(reactor), id_(freshClientId()) {}
    void subscribeAndLeave(std::uint16_t port) {
        bool isGranted = false;
        FramedSocket socket(reactor_);
        socket.onOpen = [this](FramedSocket& self) { self.out += connectPacket({id_, true}); };
        socket.onPacket = [&](FramedSocket& self, const Frame& frame) {
            if (frame.type() == kConnack) self.out += subscribePacket(kTopic, 1);
            if (frame.type() == kSuback) self.out.append("\xE0\0", 2);
            isGranted = isGranted || frame.type() == kSuback;
            self.flush();
        };
        socket.connect(port);
        while (!isGranted || socket.isOpen()) reactor_.poll(kWaitMs);
    }
    /// Comes back and takes what was kept, until nothing more comes.
    void takeAll(std::uint16_t port) {
        FramedSocket socket(reactor_);
        std::uint64_t heardAt = nowNs();
        socket.onOpen = [this](FramedSocket& self) { self.out += connectPacket({id_, true}); };
        socket.onPacket = [&](FramedSocket& self, const Frame& frame) {
            heardAt = nowNs();
            if (frame.type() != kPublish) return;
            const Arrival arrival = readArrival(frame);
            check.add(arrival.stamp.sequence);
            appendAck(self.out, arrival.packetId);
        };
        socket.connect(port);
        while (nowNs() - heardAt < kQuietFor) {
            reactor_.poll(kWaitMs);
            if (socket.isOpen() && socket.pending() > 0 && !socket.isStuck()) socket.flush();
        }
    }

    SequenceCheck check;

private:
    Reactor& reactor_;
    std::string id_;
};

class Sender {
public:
    Sender(Reactor& reactor, const LoadOptions& options)
        : options_(options),
          reactor_(reactor),
          socket_(reactor),
          message_(kTopic, 1, options.size) {
        socket_.onPacket = [this](FramedSocket&, const Frame& frame) {
            if (frame.type() == kPuback) ++acknowledged;
        };
        bringUp(reactor, options, socket_, "");
    }
    // At most `count` in all, so that the broker's bound of a queue is not what is measured.
    void runFor(std::uint64_t time) {
        for (const std::uint64_t end = nowNs() + time;
             nowNs() < end && acknowledged < options_.count;) {
            while (sent_ < options_.count && sent_ - acknowledged < options_.window)
                message_.appendTo(socket_.out, {sent_++, 0});
            if (!socket_.isStuck()) socket_.flush();
            reactor_.poll(kWaitMs);
        }
    }
    std::uint64_t acknowledged = 0;

private:
    const LoadOptions& options_;
    Reactor& reactor_;
    FramedSocket socket_;
    PublishTemplate message_;
    std::uint64_t sent_ = 0;
};

}  // namespace

void loadOffline(const LoadOptions& options) {
    Reactor reactor;
    Absentee absentee(reactor);
    absentee.subscribeAndLeave(options.port);
    std::uint64_t acknowledged = 0;
    Row row;
    {
        Sender sender(reactor, options);
        sender.runFor(kWarmUp);
        const std::uint64_t before = sender.acknowledged;
        Interval interval(options.serverPid);
        interval.start();
        sender.runFor(static_cast<std::uint64_t>(options.seconds * 1e9));
        interval.stop();
        acknowledged = sender.acknowledged;
        row.add(interval, static_cast<double>(acknowledged - before));
    }
    absentee.takeAll(options.port);
    const auto received = absentee.check.next();
    row.add("acknowledged", static_cast<double>(acknowledged))
        .add("lost",
             static_cast<double>(absentee.check.lost()) +
                 (received < acknowledged ? static_cast<double>(acknowledged - received) : 0.0))
        .add("repeated", static_cast<double>(absentee.check.repeated()))
        .print();
}

}  // namespace muster::bench
