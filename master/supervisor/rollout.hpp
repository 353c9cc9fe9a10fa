#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace muster::supervisor {

/// How many servers of a type are away at once; at least one.
struct RolloutWidth {
    std::size_t servers = 1;
    unsigned percent =
        0;  // of the type's servers that take part, rounded down; 0: `servers` counts
    bool operator==(const RolloutWidth&) const = default;
};

/// Restarts servers a few of each type at a time, so that a type stays reachable; a failure stops
/// its type's rest. Pure.
class Rollout {
public:
    explicit Rollout(RolloutWidth width = {}) : width_(width) {}
    void add(const std::string& type, const std::string& id);
    /// Those to restart now; each must be given back to finished().
    std::vector<std::string> next();
    /// `id` is ready again, or is not: then the rest of its type is returned and left alone.
    std::vector<std::string> finished(const std::string& id, bool isReady);
    bool isDone() const;

private:
    struct Lane {
        std::deque<std::string> waiting;
        std::set<std::string> active;
        std::size_t size = 0;  // of all that were added
    };
    std::size_t widthOf(const Lane& lane) const;

    RolloutWidth width_;
    std::map<std::string, Lane> lanes_;  // by type
};

}  // namespace muster::supervisor
