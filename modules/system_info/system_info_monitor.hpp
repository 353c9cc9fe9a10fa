#pragma once

#include <muster/monitor.hpp>

#include <string_view>

namespace muster::modules {

/// Reports figures of this host when asked (pomelo-admin's systemInfo), from /proc: no program is
/// run for it.
class SystemInfoMonitor final : public MonitorModule {
public:
    std::string_view id() const override { return "systemInfo"; }
    /// Answers, and reports to the master half, {"serverId","body":{...}}.
    void monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) override;
};

}  // namespace muster::modules
