#include "bench/broker/load.hpp"

#include <stdexcept>

namespace muster::bench {

namespace {

constexpr const char* kRequests = "bench/request";
constexpr const char* kAnswers = "bench/answer";
constexpr std::uint64_t kWarmUp = 500'000'000;
constexpr unsigned kPublish = 3;

/// Publishes retained messages, always more than the socket takes. Nothing without a size.
class Flood {
public:
    Flood(Reactor& reactor, const LoadOptions& options) : socket_(reactor) {
        if (options.flood == 0) return;
        constexpr int kTopics = 50;
        constexpr char kRetain = 1;
        for (int i = 0; i < kTopics; ++i) {
            const std::size_t at = messages_.size();
            const std::string topic = "bench/flood/" + std::to_string(i);
            PublishTemplate(topic, 0, options.flood).appendTo(messages_, {});
            messages_[at] = static_cast<char>(messages_[at] | kRetain);
        }
        bringUp(reactor, options, socket_, "");
    }
    void goOn() {
        if (messages_.empty() || socket_.isStuck()) return;
        if (socket_.pending() == 0) socket_.out = messages_;
        socket_.flush();
    }

private:
    FramedSocket socket_;
    std::string messages_;
};

class RoundTrips {
public:
    explicit RoundTrips(const LoadOptions& options)
        : options_(options),
          asker_(reactor_),
          answerer_(reactor_),
          flood_(reactor_, options),
          request_(kRequests, options.qos, options.size),
          answer_(kAnswers, options.qos, options.size) {
        answerer_.onPacket = [this](FramedSocket& self, const Frame& frame) {
            if (frame.type() != kPublish) return;
            const Arrival arrival = readArrival(frame);
            answer_.appendTo(self.out, arrival.stamp);
            if (frame.qos() > 0) appendAck(self.out, arrival.packetId);
        };
        asker_.onPacket = [this](FramedSocket& self, const Frame& frame) {
            if (frame.type() != kPublish) return;
            const Arrival arrival = readArrival(frame);
            times.add(nowNs() - arrival.stamp.sentAt);
            check.add(arrival.stamp.sequence);
            if (frame.qos() > 0) appendAck(self.out, arrival.packetId);
        };
        bringUp(reactor_, options, answerer_, kRequests);
        bringUp(reactor_, options, asker_, kAnswers);
    }
    void runFor(std::uint64_t time) {
        constexpr int kWaitMs = 1'000;
        for (const std::uint64_t end = nowNs() + time; nowNs() < end;) {
            while (sent_ - check.received() < options_.inFlight)
                request_.appendTo(asker_.out, {sent_++, nowNs()});
            for (FramedSocket* socket : {&asker_, &answerer_})
                if (socket->pending() > 0 && !socket->isStuck()) socket->flush();
            flood_.goOn();
            reactor_.poll(kWaitMs);
        }
    }

    Samples times;
    SequenceCheck check;

private:
    const LoadOptions& options_;
    Reactor reactor_;
    FramedSocket asker_, answerer_;
    Flood flood_;
    PublishTemplate request_, answer_;
    std::uint64_t sent_ = 0;
};

}  // namespace

void loadRoundTrip(const LoadOptions& options) {
    RoundTrips trips(options);
    trips.runFor(kWarmUp);
    trips.times.clear();
    const std::uint64_t before = trips.check.received();
    Interval interval(options.serverPid);
    interval.start();
    trips.runFor(static_cast<std::uint64_t>(options.seconds * 1e9));
    interval.stop();
    const std::uint64_t count = trips.check.received() - before;
    if (count == 0) throw std::runtime_error("no answer came");
    Row()
        .add(interval, static_cast<double>(count))
        .add("lost", static_cast<double>(trips.check.lost()))
        .add("repeated", static_cast<double>(trips.check.repeated()))
        .add("p50Us", trips.times.us(.5))
        .add("p99Us", trips.times.us(.99))
        .print();
}

}  // namespace muster::bench
