#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace muster::modules {

/// Shares of CPU time since boot, in per cent, from the first line of /proc/stat. No value if
/// `text` is something else.
struct CpuShares {
    double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, steal = 0;
};
std::optional<CpuShares> parseCpuShares(std::string_view text);

/// What whole disks did since boot, from /proc/diskstats; partitions and loop devices are not
/// counted a second time.
struct DiskTotals {
    std::uint64_t transfers = 0;
    std::uint64_t readKb = 0;
    std::uint64_t writtenKb = 0;
};
DiskTotals parseDiskTotals(std::string_view text);

/// The value of `key` ("MemAvailable") in /proc/meminfo, in bytes; 0 if it is not there.
std::uint64_t parseMemory(std::string_view text, std::string_view key);

/// This host with the members that pomelo's systemInfo has.
nlohmann::json hostSample();

}  // namespace muster::modules
