#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace muster::supervisor {

/// Restarts servers a few of each type at a time, so that a type stays reachable; a failure stops
/// its type's rest. Pure.
class Rollout {
public:
    /// At most `width` (at least 1) of a type are away at once.
    explicit Rollout(std::size_t width) : width_(width) {}
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
    };
    std::size_t width_;
    std::map<std::string, Lane> lanes_;  // by type
};

}  // namespace muster::supervisor
