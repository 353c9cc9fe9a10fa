#pragma once

#include "common/config/cluster_config.hpp"

#include <string>

namespace muster::config {

/// Whether servers of `host` run on this machine, as pomelo decides it: a loopback address or any,
/// the master's own host, or this machine's name or an address of it.
bool isThisHost(const std::string& host, const Cluster& cluster);

/// Whether `server` has a cpu that it can be bound to; on this machine one that processes may use.
bool mayBind(const Server& server, const Cluster& cluster);

}  // namespace muster::config
