#pragma once

#include "master/mqtt/packet_type.hpp"

#include <cstdint>

namespace muster::mqtt {

/// True if MQTT 5 defines `code` for packets of `type` (MQTT 5, 2.4). Codes that only one side may
/// send in a DISCONNECT are accepted from both: the effect is the same.
bool isReasonCode(std::uint8_t code, PacketType type) noexcept;

}  // namespace muster::mqtt
