#pragma once

#include "common/event_loop.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace muster::supervisor {

/// Which nodes have said nothing for too long, though nobody told that their connection is broken:
/// a cut link and a frozen node look alike, and a broker takes much longer to see either. Pure.
class NodeWatch {
public:
    /// A node says all it has each 5 s.
    static constexpr std::chrono::milliseconds kSilence{12'000};
    /// Who looks later than that was away itself, and has no business to call others silent.
    static constexpr std::chrono::milliseconds kOwnPause{3'000};

    void heard(const std::string& nodeId, TimePoint now) { heard_[nodeId] = now; }
    /// Its connection is broken: that is known otherwise.
    void gone(const std::string& nodeId) { heard_.erase(nodeId); }
    bool watches(const std::string& nodeId) const { return heard_.contains(nodeId); }

    /// Nodes that fell silent since the last look; each is told once, until it is heard again. To
    /// be called about each second.
    std::vector<std::string> look(TimePoint now) {
        const bool wasAway = now - looked_ > kOwnPause;
        looked_ = now;
        std::vector<std::string> silent;
        for (auto node = heard_.begin(); node != heard_.end();) {
            if (wasAway) node->second = now;
            if (now - node->second < kSilence) {
                ++node;
                continue;
            }
            silent.push_back(node->first);
            node = heard_.erase(node);
        }
        return silent;
    }

private:
    std::map<std::string, TimePoint> heard_;
    TimePoint looked_{};
};

}  // namespace muster::supervisor
