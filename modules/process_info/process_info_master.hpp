#pragma once

#include "modules/samples.hpp"

#include <muster/master.hpp>

#include <optional>
#include <string_view>

namespace muster::modules {

/// Latest process figures of each server (pomelo-admin's nodeInfo): asks all every 300 s; clients
/// get {id: {time, serverId, serverType, pid, cpuAvg, memAvg, vsz, rss, usr, sys, gue}}.
class ProcessInfoMaster final : public AdminModule {
public:
    explicit ProcessInfoMaster(Schedule schedule = {}) : schedule_(schedule) {}
    std::string_view id() const override { return "nodeInfo"; }
    std::optional<Schedule> pull() const override { return schedule_; }
    int requiredLevel(const JsonText&) const override { return 2; }
    void start(MasterAgent& agent) override { samples_.follow(agent); }
    void tick(MasterAgent& agent) override;
    void masterHandler(MasterAgent& agent, const ServerInfo& from, const JsonText& message,
                       Reply reply) override;
    void clientHandler(MasterAgent& agent, const Caller& caller, const JsonText& message,
                       Reply reply) override;

private:
    Schedule schedule_;
    Samples samples_;
};

}  // namespace muster::modules
