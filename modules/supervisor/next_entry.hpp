#pragma once

#include "common/config/cluster_config.hpp"

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <string>

namespace muster::supervisor {

/// The servers.json entry of one more server of `type`: a copy of the one with the highest number,
/// with the next number in its id and the next free ports of its host ("port" and every key that
/// ends in "Port"). Holds its serverType. UnknownServer: the cluster has no such type. Conflict: no
/// server to copy, an id that cannot be counted on, or no port that is left. Pure.
Result<JsonText> nextEntry(const config::Cluster& cluster, const std::string& type);

}  // namespace muster::supervisor
