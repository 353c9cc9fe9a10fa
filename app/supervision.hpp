#pragma once

#include "common/config/cluster_config.hpp"
#include "master/cluster/event_log.hpp"
#include "master/cluster/leadership.hpp"
#include "master/cluster/orders.hpp"
#include "master/console/config_authenticator.hpp"
#include "master/console/token_file.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <string>

namespace muster::app {

/// What the supervisor module needs of the master around it. Everything named outlives the ports.
struct SupervisionParts {
    const config::Cluster& cluster;
    const Tokens& tokens;
    EventLoop& loop;
    Leadership& leadership;
    Orders& orders;
    const EventLog& events;
    ConfigAuthenticator& authenticator;
};

/// The supervisor's doors to orders, store and configuration.
supervisor::SupervisorPorts supervisorPorts(const SupervisionParts& parts);
/// Where servers, nodes and command lines of this host reach the cluster's broker.
std::string brokerUrl(const config::Cluster& cluster);
/// The PEM file that they trust it by; empty: the system's authorities, or no TLS.
std::string brokerCa(const config::Cluster& cluster);

}  // namespace muster::app
