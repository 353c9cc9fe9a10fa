#pragma once

#include "test/support/certificates.hpp"
#include "test/support/live_broker.hpp"

#include <string>

namespace muster::test {

inline std::string bytesOf(const mqtt::Packet& packet) {
    std::string bytes;
    encode(packet, mqtt::Version::V311, bytes);
    return bytes;
}

inline std::string connectBytes(std::string id) {
    mqtt::Connect packet;
    packet.version = mqtt::Version::V311;
    packet.clientId = std::move(id);
    packet.keepAlive = 60;
    return bytesOf(packet);
}

inline std::string publishBytes(std::string topic, std::string payload) {
    mqtt::Publish packet;
    packet.topic = std::move(topic);
    packet.payload = std::move(payload);
    return bytesOf(packet);
}

inline std::string subscribeBytes(std::string filter) {
    mqtt::Subscribe packet;
    packet.packetId = 1;
    packet.subscriptions.push_back({std::move(filter), {}});
    return bytesOf(packet);
}

inline const std::string kAccepted("\x20\x02\x00\x00", 4);
inline const std::string kPing("\xC0\x00", 2);
inline const std::string kPong("\xD0\x00", 2);

inline TlsFiles tlsFiles(const Certificates& certificates) {
    TlsFiles files;
    files.certificate = certificates.pem("server");
    files.key = certificates.key("server");
    return files;
}

inline mqtt::ListenerOptions tlsListener(const TlsFiles& files) {
    mqtt::ListenerOptions options;
    options.tls = files;
    return options;
}

inline mqtt::ListenerOptions webSocketListener() {
    mqtt::ListenerOptions options;
    options.webSocket = mqtt::WebSocketOptions{};
    return options;
}

/// Limits with deadlines that a test can wait for.
inline mqtt::BrokerLimits impatient() {
    mqtt::BrokerLimits limits;
    limits.connectDeadline = std::chrono::seconds(1);
    return limits;
}

}  // namespace muster::test
