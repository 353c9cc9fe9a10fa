#pragma once

#include "master/mqtt/codec.hpp"

#include <random>

namespace muster::test {

/// Makes valid packets of every type with contents drawn from a seed; the same on every machine.
class RandomPackets {
public:
    explicit RandomPackets(std::uint32_t seed) : random_(seed) {}

    /// A packet of the type with this index in mqtt::Packet that `from` may send in `version`.
    mqtt::Packet make(std::size_t index, mqtt::Version version, mqtt::From from);
    /// False where the version or the sender has no such packet.
    static bool exists(std::size_t index, mqtt::Version version, mqtt::From from);

    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(random_()) % bound;
    }

private:
    bool coin() { return below(2) == 1; }
    std::uint32_t number();
    std::string text();
    std::string topic();
    std::string binary();
    std::uint16_t packetId() { return static_cast<std::uint16_t>(1 + below(0xFFFF)); }
    std::uint8_t qos() { return static_cast<std::uint8_t>(below(3)); }
    void userProperties(mqtt::Properties& out);
    mqtt::Properties messageProperties();
    mqtt::Properties reasonProperties();
    mqtt::Properties authProperties();
    mqtt::Connect connect(mqtt::Version version);
    mqtt::Connack connack(mqtt::Version version);
    void serverFeatures(mqtt::Properties& out);
    mqtt::Publish publish(mqtt::Version version, mqtt::From from);
    template <class Ack>
    Ack ack(mqtt::Version version, mqtt::ReasonCode other);
    mqtt::Subscribe subscribe(mqtt::Version version);
    mqtt::Suback suback(mqtt::Version version);
    mqtt::Unsubscribe unsubscribe(mqtt::Version version);
    mqtt::Unsuback unsuback(mqtt::Version version);
    mqtt::Disconnect disconnect(mqtt::Version version, mqtt::From from);
    mqtt::Auth auth();

    std::mt19937 random_;
};

}  // namespace muster::test
