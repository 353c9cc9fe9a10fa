#pragma once

#include "common/config/cluster_config.hpp"

#include <muster/result.hpp>

#include <functional>
#include <string>
#include <vector>

namespace muster::modules {

/// Crons that were added while the cluster ran, over restarts of the master.
class CronStore {
public:
    virtual ~CronStore() = default;
    /// In order of their ids.
    virtual std::vector<config::Cron> crons() const = 0;
    using Done = std::function<void(Result<void>)>;
    /// Adds one; Conflict if there is one of this id. `done` is called once, when it is kept.
    virtual void add(const config::Cron& cron, Done done) = 0;
    /// Removes the one of this id, if there is one.
    virtual void erase(const std::string& id, Done done) = 0;
};

}  // namespace muster::modules
