#pragma once

#include <cstdint>

namespace muster::mqtt {

/// What the broker has counted since it began. Only ever rises, but for the gauges.
struct BrokerCounters {
    std::uint64_t connectionsAccepted = 0;
    std::uint64_t connectionsRefused = 0;    // by the cap on all of them
    std::uint64_t addressRefused = 0;        // by the cap on those of one address
    std::uint64_t halfOpenClosed = 0;        // made way for others before they had a session
    std::uint64_t sessionsRefused = 0;       // there were too many
    std::uint64_t subscriptionsRefused = 0;  // the client had too many
    std::uint64_t topicsTooDeep = 0;         // topics and filters with too many levels
    std::uint64_t packetsTooLarge = 0;       // closed for a packet, CONNECT or its properties
    std::uint64_t ratePauses = 0;            // a client sent faster than it may
    std::uint64_t storePauses = 0;           // a client sent faster than the store writes
    std::uint64_t slowConsumersClosed = 0;   // clients sent away for reading too slowly
    std::uint64_t clientsConnected = 0;      // CONNECT accepted
    std::uint64_t clientsRefused = 0;        // CONNACK with a code other than 0, or closed instead
    std::uint64_t foreignLinks = 0;          // recognised as another protocol
    std::uint64_t takeOvers = 0;
    std::uint64_t protocolErrors = 0;  // connections closed for what they sent
    std::uint64_t keepAliveTimeouts = 0;
    std::uint64_t connectTimeouts = 0;
    std::uint64_t messagesReceived = 0;  // PUBLISH
    std::uint64_t messagesSent = 0;      // PUBLISH
    std::uint64_t packetsReceived = 0;   // of any type
    std::uint64_t packetsSent = 0;       // of any type
    std::uint64_t bytesReceived = 0;     // of MQTT, without TLS and WebSocket
    std::uint64_t bytesSent = 0;
    std::uint64_t payloadBytesReceived = 0;  // of PUBLISH
    std::uint64_t publishesDenied = 0;       // mayPublish said no
    std::uint64_t subscriptionsDenied = 0;
    std::uint64_t deliveriesDenied = 0;  // mayRead said no
    std::uint64_t droppedQos0 = 0;       // receiver's output was full
    std::uint64_t droppedQueueFull = 0;  // session's or the broker's queue was full
    std::uint64_t droppedExpired = 0;
    std::uint64_t droppedTooLarge = 0;  // above the client's Maximum Packet Size
    std::uint64_t retainedRefused = 0;  // the retained store was full
    std::uint64_t storeRefused = 0;     // publishes refused because the store could not be written
    std::uint64_t redealt = 0;          // given to another member of a shared subscription
    std::uint64_t slowConsumers = 0;    // links closed because their output was full
    std::uint64_t willsPublished = 0;
    std::uint64_t sessionsExpired = 0;
};

/// What is there at this moment.
struct BrokerGauges {
    std::uint64_t connections = 0;
    std::uint64_t halfOpen = 0;          // of them, those without a session yet
    std::uint64_t connectedClients = 0;  // sessions with a live end, in this process too
    std::uint64_t sessions = 0;
    std::uint64_t subscriptions = 0;
    std::uint64_t retained = 0;
    std::uint64_t retainedBytes = 0;
    std::uint64_t queuedBytes = 0;
};

}  // namespace muster::mqtt
