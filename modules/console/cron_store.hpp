#pragma once

#include "common/config/cluster_config.hpp"

#include <string>
#include <vector>

namespace muster::modules {

/// Crons that were added while the cluster ran, over restarts of the master.
class CronStore {
public:
    virtual ~CronStore() = default;
    /// In order of their ids.
    virtual std::vector<config::Cron> crons() const = 0;
    /// Adds or replaces the one of this id. Not waited for; a failure is logged by the store.
    virtual void save(const config::Cron& cron) = 0;
    virtual void erase(const std::string& id) = 0;
};

}  // namespace muster::modules
