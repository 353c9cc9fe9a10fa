#pragma once

#include <muster/monitor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace muster {

/// The modules that every server has for the master's questions (watchServer, systemInfo,
/// nodeInfo), and those of `extra`: "echo" or "bench". BadMessage names an id that is neither.
Result<std::vector<std::shared_ptr<MonitorModule>>> standardModules(
    const std::vector<std::string>& extra);

}  // namespace muster
