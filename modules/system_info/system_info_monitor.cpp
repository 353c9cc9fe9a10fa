#include "modules/system_info/system_info_monitor.hpp"

#include "modules/system_info/host_sample.hpp"

#include <muster/json.hpp>

namespace muster::modules {

void SystemInfoMonitor::monitorHandler(MonitorAgent& agent, const JsonText& /*message*/,
                                       Reply reply) {
    const ServerInfo& self = agent.self();
    const JsonText report = jsonText({{"serverId", self.id}, {"body", hostSample()}});
    agent.notify(id(), report);
    reply(report);
}

}  // namespace muster::modules
