#pragma once

#include "common/event_loop.hpp"

#include <muster/types.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// When each module's tick is due: first after its delay, then every interval, without drift; ticks
/// that were missed are skipped, not made up for. Pure.
class PullSchedule {
public:
    /// Replaces an earlier entry of the same id. An interval below 1 s counts as 1 s, a delay
    /// below 0 as 0.
    void add(std::string id, Schedule schedule, TimePoint now);
    void remove(std::string_view id);
    /// The ids that are due, in order; each is moved to its next time after `now`.
    std::vector<std::string> due(TimePoint now);
    std::optional<TimePoint> next() const;

private:
    struct Entry {
        std::chrono::seconds interval;
        TimePoint at;
    };
    std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace muster
