#pragma once

#include "keeper/sweeper.hpp"

#include <set>

namespace muster::keeper {

/// What ended servers left behind, by their cgroup, or by their nonce in /proc. Owned by the table.
class Remnants final : public RemnantKiller {
public:
    /// `running`: the servers' own processes, which are nobody's remnants.
    explicit Remnants(std::function<std::set<pid_t>()> running) : running_(std::move(running)) {}
    bool isSurelyClean(const EndedLife& life) override;
    std::map<std::string, std::vector<Remnant>> kill(
        const std::vector<const EndedLife*>& lives) override;
    bool isThere(const Remnant& remnant) override;

private:
    std::function<std::set<pid_t>()> running_;
};

}  // namespace muster::keeper
