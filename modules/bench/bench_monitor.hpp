#pragma once

#include <muster/monitor.hpp>

#include <cstdint>
#include <string_view>

namespace muster::modules {

/// The far end of measurements: {"op":"count"} and {"op":"reset"} answer {"n":notifies seen},
/// {"op":"blast","total","size"} notifies the master that often, {"e":1,...} is echoed, anything
/// else counts as a notify. Off by default.
class BenchMonitor final : public MonitorModule {
public:
    std::string_view id() const override { return "bench"; }
    void monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) override;

private:
    void blast(MonitorAgent& agent, const JsonText& message, const Reply& reply) const;
    std::uint64_t notifies_ = 0;
};

}  // namespace muster::modules
