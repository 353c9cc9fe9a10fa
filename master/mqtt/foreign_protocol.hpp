#pragma once

#include "common/transport.hpp"

#include <string>
#include <vector>

namespace muster::mqtt {

/// Another protocol that uses MQTT's framing on the same port. A CONNECT of level 3 or 4 with clean
/// session, keep alive 0, no user and no will is undecided; if the packet after it is a QoS 0
/// PUBLISH to one of `firstTopics`, the connection is a Link for good, otherwise it is MQTT.
struct ForeignProtocol {
    std::vector<std::string> firstTopics;
    LinkObserver* observer = nullptr;  // outlives the broker; null: switched off
};

}  // namespace muster::mqtt
