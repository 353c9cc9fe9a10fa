#pragma once

#include <cstdint>
#include <initializer_list>

namespace muster::mqtt {

/// MQTT control packet types (MQTT 5, 2.1.2). `Will` is no packet: it names the will's properties
/// in a CONNECT.
enum class PacketType : std::uint8_t {
    Will = 0,
    Connect = 1,
    Connack = 2,
    Publish = 3,
    PubAck = 4,
    PubRec = 5,
    PubRel = 6,
    PubComp = 7,
    Subscribe = 8,
    Suback = 9,
    Unsubscribe = 10,
    Unsuback = 11,
    Pingreq = 12,
    Pingresp = 13,
    Disconnect = 14,
    Auth = 15,
};

/// A set of packet types, for the tables of properties and reason codes.
class PacketTypes {
public:
    constexpr PacketTypes(std::initializer_list<PacketType> types) noexcept {
        for (const PacketType type : types) bits_ |= bit(type);
    }
    constexpr bool has(PacketType type) const noexcept { return (bits_ & bit(type)) != 0; }
    constexpr PacketTypes operator|(PacketTypes other) const noexcept {
        other.bits_ |= bits_;
        return other;
    }

private:
    static constexpr std::uint32_t bit(PacketType type) noexcept {
        return 1U << static_cast<unsigned>(type);
    }
    std::uint32_t bits_ = 0;
};

}  // namespace muster::mqtt
