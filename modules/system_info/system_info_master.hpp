#pragma once

#include "modules/samples.hpp"

#include <muster/master.hpp>

#include <optional>
#include <string_view>

namespace muster::modules {

/// Latest figures of each server's host (pomelo-admin's systemInfo): asks all every 300 s; clients
/// get {id: {Time, hostname, serverId, cpu_user..., tps, kb_read..., totalmem, freemem,
/// "free/total", m_1, m_5, m_15}}. Figures that a host did not tell are absent.
class SystemInfoMaster final : public AdminModule {
public:
    explicit SystemInfoMaster(Schedule schedule = {}) : schedule_(schedule) {}
    std::string_view id() const override { return "systemInfo"; }
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
