#pragma once

#include "app/roles.hpp"
#include "common/config/cluster_config.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace muster::app {

/// A whole master in this process: store, leadership, broker, agent, console and modules, wired
/// and run on the thread that calls run().
class MasterProcess {
public:
    /// The modules of `extensions` come before the built-in ones, as in pomelo.
    MasterProcess(config::Cluster cluster, Extensions extensions);
    ~MasterProcess();
    MasterProcess(const MasterProcess&) = delete;
    MasterProcess& operator=(const MasterProcess&) = delete;

    /// Takes the lead, opens the listeners, starts the modules. Conflict: another master leads
    /// here. The error says what to do. Call once, before run().
    Result<void> start();
    /// Has these started once this master leads, and stopped by a SIGINT; neither type nor ids:
    /// all. Before start(). Without it servers are started on request only.
    void startServers(std::string type, std::vector<std::string> ids);
    /// Runs until a signal or stop(). SIGTERM: this process ends, servers go on. SIGINT: servers
    /// are stopped first, if startServers() was called, and the host's keeper
    /// ends; a second SIGINT, a second later, does not wait. The exit status.
    int run();
    /// From any thread.
    void stop();

private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace muster::app
