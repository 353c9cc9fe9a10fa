#pragma once

#include "master/mqtt/codec.hpp"
#include "test/support/client_socket.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace muster::test {

inline std::string bytesOf(const mqtt::Packet& packet, mqtt::Version version) {
    std::string bytes;
    mqtt::encode(packet, version, bytes);
    return bytes;
}

inline mqtt::Publish publishOf(std::string topic, std::string payload, int qos = 0,
                               std::uint16_t packetId = 0) {
    mqtt::Publish packet;
    packet.topic = std::move(topic);
    packet.payload = std::move(payload);
    packet.qos = static_cast<std::uint8_t>(qos);
    packet.packetId = packetId;
    return packet;
}

inline mqtt::Subscribe subscribeOf(std::uint16_t packetId, std::string filter, int qos = 0) {
    mqtt::Subscribe packet;
    packet.packetId = packetId;
    packet.subscriptions.push_back({std::move(filter), static_cast<std::uint8_t>(qos)});
    return packet;
}

inline mqtt::Unsubscribe unsubscribeOf(std::uint16_t packetId, std::string filter) {
    mqtt::Unsubscribe packet;
    packet.packetId = packetId;
    packet.filters.push_back(std::move(filter));
    return packet;
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP.
template <class Ack>
Ack ackOf(std::uint16_t packetId, mqtt::ReasonCode code = mqtt::ReasonCode::Success) {
    Ack packet;
    packet.packetId = packetId;
    packet.code = code;
    return packet;
}

/// An MQTT client that is a script, on a real connection. What is expected comes within ten seconds
/// or fails the test.
class LiveClient {
public:
    LiveClient(std::unique_ptr<ClientSocket> socket, mqtt::Version version)
        : socket_(std::move(socket)), version_(version) {}

    mqtt::Version version() const noexcept { return version_; }
    bool isV5() const noexcept { return version_ == mqtt::Version::V5; }

    /// A CONNECT of this client's version: clean start, no keep alive.
    mqtt::Connect connectPacket(std::string clientId) const;
    /// The same for a session that stays (5.0: for an hour).
    mqtt::Connect lastingPacket(std::string clientId) const;
    /// Connects with the packet, expects CONNACK 0 and returns it.
    mqtt::Connack connects(const mqtt::Connect& packet);
    mqtt::Connack connects(std::string clientId) {
        return connects(connectPacket(std::move(clientId)));
    }
    /// Subscribes and returns the codes of the SUBACK, which has to be the next packet.
    std::vector<std::uint8_t> subscribes(std::string filter, int qos = 0);
    std::vector<std::uint8_t> subscribes(mqtt::Subscription wish, std::uint32_t identifier = 0);
    std::vector<std::uint8_t> unsubscribes(std::string filter);
    /// Publishes and waits for the end of the exchange; the code of PUBACK or PUBREC.
    mqtt::ReasonCode publishes(mqtt::Publish message);
    mqtt::ReasonCode publishes(std::string topic, std::string payload, int qos = 0,
                               bool retain = false);
    mqtt::Publish messageOf(std::string topic, std::string payload, int qos = 0,
                            bool retain = false);
    std::uint16_t nextId() { return nextId_++; }

    void sends(const mqtt::Packet& packet) { sendsBytes(bytesOf(packet, version_)); }
    /// The broker may have closed already: whether it has is for the test to ask.
    void sendsBytes(std::string_view bytes) { (void)socket_->send(bytes); }
    /// The network fails.
    void vanishes() { socket_.reset(); }

    /// The next packet, which has to be a T.
    template <class T>
    T expects() {
        const auto packet = nextPacket();
        if (!packet) {
            ADD_FAILURE() << (socket_->isClosed() ? "the broker closed" : "nothing came");
            return {};
        }
        if (const auto* wanted = std::get_if<T>(&*packet)) return *wanted;
        ADD_FAILURE() << "a packet of another type came, type " << packet->index() + 1;
        return {};
    }
    /// The next packet is this PUBLISH; returns it.
    mqtt::Publish expectsMessage(std::string_view topic, std::string_view payload);
    /// The same, and acknowledges it to the end.
    mqtt::Publish receives(std::string_view topic, std::string_view payload);
    void acknowledges(const mqtt::Publish& message);
    /// Everything sent so far was handled, and brought nothing.
    void expectsNothing();
    void expectsClosed();
    /// 5.0: a DISCONNECT with the code; then, in all versions, the end.
    void expectsRefusal(mqtt::ReasonCode code);
    /// A CONNACK with the code (of 5.0, or the return code of 3.x) and the end.
    void expectsRefusedConnect(mqtt::ReasonCode code, std::uint8_t returnCode);
    /// The next `size` bytes as they are.
    std::string expectsBytes(std::size_t size);

private:
    std::optional<mqtt::Packet> nextPacket();
    bool receiveMore();

    std::unique_ptr<ClientSocket> socket_;
    mqtt::Version version_;
    std::uint16_t nextId_ = 1;
    std::string bytes_;  // received, not looked at yet
};

}  // namespace muster::test
