// Bounds on connections, and on what topics look like.
#include "master/mqtt/connection.hpp"

#include <algorithm>

namespace muster::mqtt {

bool Broker::admits(std::string_view peer) {
    if (connections_.size() >= limits_.maxConnections) {
        ++counters_.connectionsRefused;
        return false;
    }
    const std::size_t most = limits_.maxConnectionsPerAddress;
    if (most != 0 && admission_.ofAddress(peer) >= most) {
        ++counters_.addressRefused;
        return false;
    }
    return true;
}

// The oldest goes, not the newest: else whoever fills the places would keep all others out.
void Broker::boundHalfOpen() {
    while (admission_.halfOpen() > limits_.maxHalfOpen) {
        ++counters_.halfOpenClosed;
        admission_.oldest().makeWay();
    }
}

bool Broker::isTooDeep(std::string_view topic) {
    const auto slashes = static_cast<std::size_t>(std::count(topic.begin(), topic.end(), '/'));
    if (slashes < std::min(limits_.maxTopicLevels, kMaxTopicLevels)) return false;
    ++counters_.topicsTooDeep;
    return true;
}

bool Broker::takesTopic(std::string_view topic) {
    const bool isValid = isValidTopicName(topic);
    // Most often nobody has to count levels again.
    if (isValid && limits_.maxTopicLevels >= kMaxTopicLevels) return true;
    return !isTooDeep(topic) && isValid;
}

}  // namespace muster::mqtt
