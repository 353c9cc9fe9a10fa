#pragma once

#include "common/config/cluster_config.hpp"

#include <string>
#include <string_view>

namespace muster::config {

/// "mqtt", "mqtts", "ws", "wss".
std::string_view schemeOf(Listener::Protocol protocol);

/// Whether an address means this host only, or every address of it.
bool isLoopback(const std::string& host);
bool isAnyAddress(const std::string& host);

/// Whether anybody could join as a server through it, from another host, and nobody wanted that.
bool isOpen(const Listener& listener, bool hasServerTokens);

/// Where this host's node, servers and command line reach the embedded broker: the first plain
/// listener, else the first with TLS. Precondition: the cluster is one that load() gave, so that
/// there is one.
const Listener& localListener(const Cluster& cluster);
/// The same for other hosts: the first of them that listens beyond loopback, else the local one.
const Listener& remoteListener(const Cluster& cluster);

/// "mqtts://host:port" of a listener, as a client has to write it: for one that listens on every
/// address the loopback address, or with TLS the master's host, which its certificate names.
std::string urlOf(const Listener& listener, const Cluster& cluster);
/// The same with a host of the caller's choice; an IPv6 address gets its brackets.
std::string urlOf(const Listener& listener, const std::string& host);

}  // namespace muster::config
