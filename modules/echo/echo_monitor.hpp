#pragma once

#include <muster/monitor.hpp>

#include <string_view>

namespace muster::modules {

/// Answers what it is asked. Off by default; for tests and measurements.
class EchoMonitor final : public MonitorModule {
public:
    std::string_view id() const override { return "echo"; }
    void monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) override;
};

}  // namespace muster::modules
