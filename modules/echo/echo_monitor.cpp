#include "modules/echo/echo_monitor.hpp"

namespace muster::modules {

void EchoMonitor::monitorHandler(MonitorAgent& /*agent*/, const JsonText& message, Reply reply) {
    reply(message);
}

}  // namespace muster::modules
