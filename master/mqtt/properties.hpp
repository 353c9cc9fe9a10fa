#pragma once

#include "master/mqtt/byte_reader.hpp"
#include "master/mqtt/codec.hpp"
#include "master/mqtt/packet_type.hpp"

#include <string>

namespace muster::mqtt {

/// Reads a property section (MQTT 5, 2.2.2), its length first, into `out`. Refuses, through
/// `reader`, what `type` does not have, what may occur only once and does again, values out of
/// range, and more user properties than `limits` allow.
void readProperties(ByteReader& reader, PacketType type, const DecodeLimits& limits,
                    Properties& out);

/// Appends the properties that `type` has to `out`, without the length that precedes them.
void appendProperties(const Properties& properties, PacketType type, std::string& out);

/// Appends those properties of a PUBLISH that are the same for every receiver: not expiry,
/// subscription identifiers and topic alias.
void appendMessageProperties(const Properties& message, std::string& out);

/// Appends a whole section: length, then properties.
void appendPropertySection(const Properties& properties, PacketType type, std::string& out);

}  // namespace muster::mqtt
