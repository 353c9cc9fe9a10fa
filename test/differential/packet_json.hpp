#pragma once

#include "master/mqtt/packet.hpp"

#include <string>
#include <string_view>

namespace muster::test {

/// A packet as canonical JSON, in mqtt-packet's names, as codec_peer.js writes it: names in the
/// order of the alphabet, strings and bytes in hexadecimal, flags as numbers, user properties by
/// name.
std::string packetJson(const mqtt::Packet& packet);

/// Such JSON without user properties.
std::string withoutUserProperties(std::string_view json);

}  // namespace muster::test
