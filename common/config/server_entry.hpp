#pragma once

#include "common/config/problems.hpp"

#include <map>
#include <string>
#include <vector>

namespace muster::config {

/// The next number of cluster-server-<type>-<number>, by type.
using ClusterSequence = std::map<std::string, int>;

/// Reads one entry of servers.json as pomelo does: a plain one gives one server, one with
/// clusterCount as many, with "++" fields counted up. What is wrong goes to `problems`, and the
/// server in question is left out.
std::vector<Server> readServerEntry(const JsonValue& entry, const std::string& type,
                                    const Place& place, ClusterSequence& sequence,
                                    Problems& problems);

}  // namespace muster::config
