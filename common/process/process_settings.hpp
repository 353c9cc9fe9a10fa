#pragma once

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// What a server's process is given beside its command, and what it is held to: as muster.json says
/// it per type, passed on from the master to the node and the keeper.
struct ProcessSettings {
    // Of all its processes together, by its cgroup. 0: no bound, or the kernel's default.
    std::int64_t memoryMax = 0;  // bytes
    int cpuMax = 0;              // per cent of one core
    int cpuWeight = 0;           // 1..10000; the kernel's default is 100
    int pidsMax = 0;

    std::optional<int> nice;  // -20..19; none: the keeper's
    int umask = 022;
    std::vector<int> cpus;                        // it may run on; empty: the keeper's
    std::map<std::string, std::int64_t> rlimits;  // name as in resourceOf(); -1: unlimited
    std::vector<std::string> sockets;             // "host:port", passed as LISTEN_FDS
    bool operator==(const ProcessSettings&) const = default;

    bool hasLimits() const { return memoryMax > 0 || cpuMax > 0 || cpuWeight > 0 || pidsMax > 0; }
};

/// The RLIMIT_ number of "nofile", "core", "nproc" and so on (setrlimit(2), lower case); no value:
/// there is no such limit.
std::optional<int> resourceOf(std::string_view name);
/// All names that resourceOf() knows.
std::vector<std::string> resourceNames();

/// As a JSON object; what has its default is left out.
JsonText encode(const ProcessSettings& settings);
/// BadMessage names the field that is out of range. Unknown keys are a later version's: ignored.
Result<ProcessSettings> decodeProcessSettings(std::string_view text);

}  // namespace muster
