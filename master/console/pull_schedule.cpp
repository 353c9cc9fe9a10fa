#include "master/console/pull_schedule.hpp"

#include <algorithm>

namespace muster {

using std::chrono::seconds;

void PullSchedule::add(std::string id, Schedule schedule, TimePoint now) {
    const Entry entry{std::max(schedule.interval, seconds(1)),
                      now + std::max(schedule.delay, seconds(0))};
    entries_.insert_or_assign(std::move(id), entry);
}

void PullSchedule::remove(std::string_view id) {
    if (const auto entry = entries_.find(id); entry != entries_.end()) entries_.erase(entry);
}

std::vector<std::string> PullSchedule::due(TimePoint now) {
    std::vector<std::string> ids;
    for (auto& [id, entry] : entries_) {
        if (entry.at > now) continue;
        ids.push_back(id);
        const auto missed = (now - entry.at) / entry.interval;
        entry.at += entry.interval * (missed + 1);
    }
    return ids;
}

std::optional<TimePoint> PullSchedule::next() const {
    std::optional<TimePoint> earliest;
    for (const auto& [id, entry] : entries_)
        if (!earliest || entry.at < *earliest) earliest = entry.at;
    return earliest;
}

}  // namespace muster
