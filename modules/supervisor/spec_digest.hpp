#pragma once

#include "modules/supervisor/server_spec.hpp"

#include <map>
#include <string>
#include <vector>

namespace muster::supervisor {

/// The parts of a spec, each as a short hash: "argv", "env.NAME", "properties.port". Parts that
/// have their default are left out, so that a new field of muster's own changes no server. The
/// hashes compare, they hide nothing: they go only where the spec itself goes.
using SpecDigests = std::map<std::string, std::string>;

/// What only a new process takes: command, environment, directory, user, entry of servers.json.
SpecDigests processDigests(const ServerSpec& spec);
/// What the node alone looks at, and a running process is not touched for: restart, stop,
/// readiness, liveness, onUnresponsive.
SpecDigests policyDigests(const ServerSpec& spec);
/// All of it in 16 hexadecimal digits; never empty.
std::string fingerprintOf(const SpecDigests& digests);
/// Names of the parts that differ, or that only one has; sorted.
std::vector<std::string> differences(const SpecDigests& before, const SpecDigests& after);

}  // namespace muster::supervisor
