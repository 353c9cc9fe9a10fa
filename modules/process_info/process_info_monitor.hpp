#pragma once

#include <muster/monitor.hpp>

#include <string_view>

namespace muster::modules {

/// Reports this process's figures when asked (pomelo-admin's nodeInfo), from /proc.
class ProcessInfoMonitor final : public MonitorModule {
public:
    std::string_view id() const override { return "nodeInfo"; }
    /// Answers, and reports to the master half, {"serverId","body":{...}}.
    void monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) override;
};

}  // namespace muster::modules
