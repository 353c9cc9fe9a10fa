#include "modules/process_info/process_info_monitor.hpp"

#include "modules/self_status.hpp"

#include <muster/json.hpp>

namespace muster::modules {

void ProcessInfoMonitor::monitorHandler(MonitorAgent& agent, const JsonText& /*message*/,
                                        Reply reply) {
    const ServerInfo& self = agent.self();
    const JsonText report = jsonText({{"serverId", self.id}, {"body", selfStatus(self)}});
    agent.notify(id(), report);
    reply(report);
}

}  // namespace muster::modules
