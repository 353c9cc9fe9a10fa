#include "master/mqtt/reason_codes.hpp"

#include <array>

namespace muster::mqtt {
namespace {

using enum PacketType;

struct Row {
    std::uint8_t code;
    PacketTypes types;
};

// MQTT 5, table 2-6 and the tables of each packet.
constexpr std::array kRows{
    Row{0x00, {Connack, PubAck, PubRec, PubRel, PubComp, Suback, Unsuback, Disconnect, Auth}},
    Row{0x01, {Suback}},
    Row{0x02, {Suback}},
    Row{0x04, {Disconnect}},
    Row{0x10, {PubAck, PubRec}},
    Row{0x11, {Unsuback}},
    Row{0x18, {Auth}},
    Row{0x19, {Auth}},
    Row{0x80, {Connack, PubAck, PubRec, Suback, Unsuback, Disconnect}},
    Row{0x81, {Connack, Disconnect}},
    Row{0x82, {Connack, Disconnect}},
    Row{0x83, {Connack, PubAck, PubRec, Suback, Unsuback, Disconnect}},
    Row{0x84, {Connack}},
    Row{0x85, {Connack}},
    Row{0x86, {Connack}},
    Row{0x87, {Connack, PubAck, PubRec, Suback, Unsuback, Disconnect}},
    Row{0x88, {Connack}},
    Row{0x89, {Connack, Disconnect}},
    Row{0x8A, {Connack}},
    Row{0x8B, {Disconnect}},
    Row{0x8C, {Connack, Disconnect}},
    Row{0x8D, {Disconnect}},
    Row{0x8E, {Disconnect}},
    Row{0x8F, {Suback, Unsuback, Disconnect}},
    Row{0x90, {Connack, PubAck, PubRec, Disconnect}},
    Row{0x91, {PubAck, PubRec, Suback, Unsuback}},
    Row{0x92, {PubRel, PubComp}},
    Row{0x93, {Disconnect}},
    Row{0x94, {Disconnect}},
    Row{0x95, {Connack, Disconnect}},
    Row{0x96, {Disconnect}},
    Row{0x97, {Connack, PubAck, PubRec, Suback, Disconnect}},
    Row{0x98, {Disconnect}},
    Row{0x99, {Connack, PubAck, PubRec, Disconnect}},
    Row{0x9A, {Connack, Disconnect}},
    Row{0x9B, {Connack, Disconnect}},
    Row{0x9C, {Connack, Disconnect}},
    Row{0x9D, {Connack, Disconnect}},
    Row{0x9E, {Suback, Disconnect}},
    Row{0x9F, {Connack, Disconnect}},
    Row{0xA0, {Disconnect}},
    Row{0xA1, {Suback, Disconnect}},
    Row{0xA2, {Suback, Disconnect}},
};

}  // namespace

bool isReasonCode(std::uint8_t code, PacketType type) noexcept {
    for (const Row& row : kRows)
        if (row.code == code) return row.types.has(type);
    return false;
}

}  // namespace muster::mqtt
