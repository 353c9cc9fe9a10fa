#include "monitor/standard_modules.hpp"

#include "modules/bench/bench_monitor.hpp"
#include "modules/echo/echo_monitor.hpp"
#include "modules/process_info/process_info_monitor.hpp"
#include "modules/system_info/system_info_monitor.hpp"
#include "modules/watch_server/watch_server_monitor.hpp"

namespace muster {

Result<std::vector<std::shared_ptr<MonitorModule>>> standardModules(
    const std::vector<std::string>& extra) {
    std::vector<std::shared_ptr<MonitorModule>> found{
        std::make_shared<modules::WatchServerMonitor>(),
        std::make_shared<modules::SystemInfoMonitor>(),
        std::make_shared<modules::ProcessInfoMonitor>()};
    for (const std::string& id : extra) {
        if (id == "echo")
            found.push_back(std::make_shared<modules::EchoMonitor>());
        else if (id == "bench")
            found.push_back(std::make_shared<modules::BenchMonitor>());
        else
            return Error(Errc::BadMessage,
                         "MonitorOptions::modules: '" + id.substr(0, 64) +
                             "' is not built in; 'echo' and 'bench' are (add() takes your own)");
    }
    return found;
}

}  // namespace muster
