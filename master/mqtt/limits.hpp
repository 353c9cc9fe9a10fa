#pragma once

#include "master/mqtt/codec.hpp"
#include "master/mqtt/rate_limit.hpp"
#include "master/mqtt/topic_filter.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace muster::mqtt {

inline constexpr std::uint32_t kNeverExpires = 0xFFFF'FFFF;  // MQTT 5, 3.1.2.11.2

/// Every bound of the broker. What clients are told of (Receive Maximum, Maximum Packet Size,
/// Topic Alias Maximum) is announced in CONNACK as well as enforced.
struct BrokerLimits {
    DecodeLimits decode{.maxPacketSize = 4u << 20};
    std::chrono::milliseconds connectDeadline{
        10'000};                                   // from accept to CONNECT, and for authentication
    std::size_t maxConnections = 1'000'000;        // over all listeners
    std::size_t maxConnectionsPerAddress = 0;      // 0: no bound
    std::size_t maxHalfOpen = 10'000;              // without a session; the oldest makes way
    std::size_t maxTopicLevels = kMaxTopicLevels;  // of topics and filters, 1 to kMaxTopicLevels
    RateLimits rate;                               // of each connection, from client to server
    std::uint16_t maxKeepAlive = 0;  // seconds; longer ones, and none, are cut to it; 0: no bound
    std::chrono::milliseconds slowConsumerTimeout{60'000};  // see SlowWatch; 0: never
    std::size_t maxClientIdBytes = 256;
    std::size_t maxSessions = 100'000;              // live and kept
    std::size_t maxSessionsPerIdentity = 100'000;   // of one name
    std::size_t maxSubscriptions = 1'000;           // per session
    std::size_t maxFilterBytes = 1u << 20;          // of a session's subscriptions, as they came
    std::size_t maxSubscriptionBytes = 512u << 20;  // over all sessions, as they are in memory
    std::size_t maxSubscriptionBytesPerIdentity = SIZE_MAX;  // over those of one name
    std::uint32_t maxSessionExpiry = kNeverExpires;          // seconds; longer wishes are cut to it
    std::uint16_t receiveMaximum = 1'000;    // unreleased QoS 2 messages of one client
    std::uint16_t topicAliasMaximum = 16;    // per connection and direction
    std::uint16_t maxInFlight = 1'000;       // unacknowledged messages to one client
    std::size_t maxQueuedMessages = 10'000;  // QoS 1 and 2, per session, beyond those in flight
    std::size_t maxQueuedBytes = 16u << 20;  // the same in bytes; as much again in flight
    std::size_t maxQueuedBytesTotal = 256u << 20;      // over all sessions
    std::size_t maxQueuedBytesPerIdentity = SIZE_MAX;  // over those of one name
    std::size_t maxOutputBytes = 8u << 20;  // unsent bytes per connection; QoS 0 is dropped above
    std::size_t pumpBytes = 1u << 20;       // unsent bytes above which queues wait
    /// Of one name: bytes (see bytesOf()) given to the store and not committed. Above, those of its
    /// clients wait who wrote some of it; above twice that, all of them.
    std::size_t maxUnstoredBytes = 4u << 20;
    std::size_t maxRetained = 100'000;
    std::size_t maxRetainedBytes = 512u << 20;
    std::size_t retainedSlice = 500;  // retained messages sent, or looked at x 16, at a stretch
};

}  // namespace muster::mqtt
