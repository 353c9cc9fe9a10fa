#pragma once

#include "console/admin.hpp"
#include "console/arguments.hpp"
#include "console/cli.hpp"

#include <muster/result.hpp>

#include <string>

namespace muster::cli {

/// The configuration that the command line is about: -c, MUSTER_CONFIG, or ./config if it holds
/// one; empty: none.
std::string configPath(const Arguments& arguments, const Hooks& hooks);

/// Where the master is and who asks: from flags, then environment (MUSTER_URL, MUSTER_USER,
/// MUSTER_PASSWORD), then the configuration (address, cluster, and the admin token if it is
/// readable), then mqtt://127.0.0.1:3005. BadMessage: a configuration was asked for that does not
/// load, or the flags contradict each other, or mean no address, cluster or file.
Result<Endpoint> resolveEndpoint(const Arguments& arguments, const Hooks& hooks);

/// The first line of a small private file, without white space at its end; empty if unreadable.
std::string readSecret(const std::string& path);

}  // namespace muster::cli
