#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::mqtt {

/// An application message as clients see it. The properties below `retain` exist in MQTT 5 only.
struct Message {
    std::string topic;
    std::string payload;
    int qos = 0;
    bool retain = false;
    std::string responseTopic;                   // empty: none (MQTT 5, 3.3.2.3.5)
    std::string correlationData;                 // binary; empty: none (MQTT 5, 3.3.2.3.6)
    std::optional<std::chrono::seconds> expiry;  // Message Expiry Interval
    std::vector<std::pair<std::string, std::string>> userProperties;

    bool operator==(const Message&) const = default;
};

}  // namespace muster::mqtt
