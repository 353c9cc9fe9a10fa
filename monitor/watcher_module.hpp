#pragma once

#include <muster/monitor.hpp>

#include <functional>
#include <map>
#include <string>

namespace muster {

/// The monitor's half of the watcher: keeps the map of the cluster's servers and gives it to the
/// host after each change (pomelo's __monitorwatcher__). Called through UserCalls only, so never
/// on two threads at once.
class WatcherModule final : public MonitorModule {
public:
    /// Without it: keeps no map and asks for none, but answers. Before the monitor starts.
    void watch(std::function<void(const JsonText& servers)> onServers);

    std::string_view id() const override { return "__monitorwatcher__"; }
    /// {"action": "addServer" | "removeServer" | "replaceServer" | "startOver", …}: answers 1,
    /// or 0 when the action cannot be done as it stands.
    void monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) override;

    /// Asks the master for the whole map: after each registration.
    void subscribe(MonitorAgent& agent);
    bool isWatching() const { return static_cast<bool>(onServers_); }

private:
    bool addServer(const JsonText& info);
    bool replaceAll(const JsonText& servers);
    void tell();

    std::function<void(const JsonText& servers)> onServers_;
    std::map<std::string, JsonText> servers_;
    bool isTold_ = false;
};

}  // namespace muster
