#include "master/supervisor/rollout.hpp"

#include <algorithm>
#include <utility>

namespace muster::supervisor {

void Rollout::add(const std::string& type, const std::string& id) {
    Lane& lane = lanes_[type];
    lane.waiting.push_back(id);
    ++lane.size;
}

std::size_t Rollout::widthOf(const Lane& lane) const {
    const std::size_t width =
        width_.percent > 0 ? lane.size * width_.percent / 100 : width_.servers;
    return std::max<std::size_t>(1, width);
}

std::vector<std::string> Rollout::next() {
    std::vector<std::string> ids;
    for (auto& [type, lane] : lanes_) {
        while (!lane.waiting.empty() && lane.active.size() < widthOf(lane)) {
            ids.push_back(std::move(lane.waiting.front()));
            lane.waiting.pop_front();
            lane.active.insert(ids.back());
        }
    }
    return ids;
}

std::vector<std::string> Rollout::finished(const std::string& id, bool isReady) {
    for (auto& [type, lane] : lanes_) {
        if (lane.active.erase(id) == 0 || isReady) continue;
        const auto rest = std::exchange(lane.waiting, {});
        return {rest.begin(), rest.end()};
    }
    return {};
}

bool Rollout::isDone() const {
    return std::all_of(lanes_.begin(), lanes_.end(), [](const auto& entry) {
        return entry.second.waiting.empty() && entry.second.active.empty();
    });
}

}  // namespace muster::supervisor
