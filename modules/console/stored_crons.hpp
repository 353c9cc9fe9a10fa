#pragma once

#include "master/cluster/state_store.hpp"
#include "modules/console/cron_store.hpp"

namespace muster::modules {

/// Crons in the StateStore, under cron/<id> (mirrored as state/cron/<id>). On the master's thread;
/// the store outlives it.
class StoredCrons final : public CronStore {
public:
    explicit StoredCrons(StateStore& store) : store_(store) {}
    std::vector<config::Cron> crons() const override;
    void add(const config::Cron& cron, Done done) override;
    void erase(const std::string& id, Done done) override;

private:
    void commit(Transaction transaction, Done done);
    StateStore& store_;
};

}  // namespace muster::modules
