#pragma once

#include "common/config/cluster_config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

/// `text` with ${id} ${type} ${host} ${port} ${clientPort} ${env} ${base} ${cluster} replaced by
/// the server's and the cluster's values. What is no placeholder stays as it is; $${ gives ${.
std::string expand(std::string_view text, const Cluster& cluster, const Server& server);

/// Names of placeholders in `text` that expand() does not know.
std::vector<std::string> unknownPlaceholders(std::string_view text);

/// How `server` is started: its type's command, expanded, with cwd absolute. A pomelo type gets
/// what pomelo's starter gives: interpreter arguments, script, env=…, and every key of the entry
/// as key=value in file order. One with a `cpu` is bound to it by taskset(1). BadMessage if the
/// cluster has no command for its type.
Result<Command> commandOf(const Cluster& cluster, const Server& server);

/// When `server` counts as ready: its type's readiness with argv expanded, a program with a slash
/// found from the server's directory, and the port that is looked at: the one given, else the
/// server's, else its clients'.
Readiness readinessOf(const Cluster& cluster, const Server& server);
/// How `server` is looked at when it is ready: its type's liveness, expanded likewise.
Liveness livenessOf(const Cluster& cluster, const Server& server);

/// Servers of a servers.json entry that came at run time; it holds its serverType, and may hold
/// clusterCount and "++" fields, whose numbers go on after the cluster's highest. Checked as a file
/// is, against the servers and users that are there. BadMessage with all problems in one text.
Result<std::vector<Server>> readServers(const JsonText& entry, const Cluster& cluster);

}  // namespace muster::config
