#pragma once

#include "bench/broker/framed_socket.hpp"
#include "bench/broker/measure.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The kinds of load that muster_mqtt_load puts on a broker. Closed loops: what is sent depends on
/// what arrived, and sequence numbers show what was lost, doubled or out of order.
namespace muster::bench {

struct LoadOptions {
    std::uint16_t port = 0;
    int serverPid = 0;
    unsigned qos = 0;
    std::size_t size = 64;     // of a payload
    double seconds = 3;        // of measuring
    std::size_t window = 500;  // messages of one publisher in flight
    std::size_t pairs = 1;
    std::size_t subscribers = 1'000;
    std::size_t rounds = 100;
    std::size_t inFlight = 1;
    std::size_t flood = 0;  // of a payload that is to be retained; 0: no flood
    std::size_t count = 10'000;
    std::size_t concurrency = 64;
};

using Sockets = std::vector<std::unique_ptr<FramedSocket>>;

/// A client id that no other run has.
std::string freshClientId();

/// Connects sockets, 64 at a time, and subscribes each to `topicOf(index)` unless that is empty.
/// Returns when all was granted. Throws if something is refused, or takes more than a minute. A
/// connection that ends later throws as well.
void bringUp(Reactor& reactor, const LoadOptions& options,
             const std::vector<FramedSocket*>& sockets,
             const std::function<std::string(std::size_t)>& topicOf);
/// The same for one; an empty `topic` subscribes to nothing.
void bringUp(Reactor& reactor, const LoadOptions& options, FramedSocket& socket,
             const std::string& topic);

/// Message n follows message n - 1, or this counts what is wrong.
class SequenceCheck {
public:
    void add(std::uint64_t sequence) {
        if (sequence >= next_) {
            lost_ += sequence - next_;
            next_ = sequence + 1;
        } else {
            ++repeated_;
        }
        ++received_;
    }
    std::uint64_t received() const { return received_; }
    std::uint64_t next() const { return next_; }
    /// What is missing of `sent`, of which what comes late, out of order, was counted as repeated.
    std::uint64_t lost() const { return lost_; }
    std::uint64_t repeated() const { return repeated_; }  // or out of order
    /// Whatever is on its way is lost: goes on with `sequence`.
    void skipTo(std::uint64_t sequence) {
        lost_ += sequence - next_;
        next_ = sequence;
    }

private:
    std::uint64_t next_ = 0, received_ = 0, lost_ = 0, repeated_ = 0;
};

/// One publisher to one subscriber, `pairs` times.
void loadStream(const LoadOptions& options);
/// One publisher to many subscribers of one topic.
void loadFanOut(const LoadOptions& options);
/// A asks, B answers; with `flood`, beside a client that publishes retained messages as fast as it
/// is read.
void loadRoundTrip(const LoadOptions& options);
/// TCP connect, CONNECT, CONNACK, DISCONNECT, again and again.
void loadConnections(const LoadOptions& options);
/// Connections that do nothing.
void loadIdle(const LoadOptions& options);
/// To a persistent subscriber that is away: what is acknowledged, and whether it gets it later.
void loadOffline(const LoadOptions& options);

}  // namespace muster::bench
