#include "modules/system_info/host_sample.hpp"

#include "modules/body.hpp"
#include "modules/self_status.hpp"

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <nlohmann/json.hpp>
#include <sys/utsname.h>
#include <unistd.h>

namespace muster::modules {
namespace {

using nlohmann::json;

std::string readFile(const char* path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

double uptimeSeconds() {
    double seconds = 0;
    std::ifstream("/proc/uptime") >> seconds;
    return seconds;
}

bool isWholeDisk(std::string_view name) {
    const bool isNvme = name.starts_with("nvme") || name.starts_with("mmcblk");
    if (isNvme) return name.find('p', 4) == std::string_view::npos;
    const bool isDisk = name.starts_with("sd") || name.starts_with("vd") ||
                        name.starts_with("xvd") || name.starts_with("hd");
    return isDisk && (name.back() < '0' || name.back() > '9');
}

/// Name, address and family of each configured address (Node's os.networkInterfaces()).
json networkInterfaces() {
    ifaddrs* first = nullptr;
    json interfaces = json::object();
    if (getifaddrs(&first) != 0) return interfaces;
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, freeifaddrs);
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr) continue;
        const int family = one->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6) continue;
        std::array<char, INET6_ADDRSTRLEN> text{};
        // The address lies inside the structure that its family names.
        const void* raw = one->ifa_addr;
        const void* address =
            family == AF_INET
                ? static_cast<const void*>(&static_cast<const sockaddr_in*>(raw)->sin_addr)
                : &static_cast<const sockaddr_in6*>(raw)->sin6_addr;
        if (inet_ntop(family, address, text.data(), text.size()) == nullptr) continue;
        interfaces[one->ifa_name].push_back(
            {{"address", text.data()}, {"family", family == AF_INET ? "IPv4" : "IPv6"}});
    }
    return interfaces;
}

json iostat() {
    const CpuShares cpu = parseCpuShares(readFile("/proc/stat")).value_or(CpuShares{});
    const DiskTotals disk = parseDiskTotals(readFile("/proc/diskstats"));
    const double seconds = std::max(uptimeSeconds(), 1.0);
    const auto perSecond = [seconds](std::uint64_t total) {
        return twoDecimals(static_cast<double>(total) / seconds);
    };
    return {{"date", sampleTime()},
            {"disk",
             {{"tps", perSecond(disk.transfers)},
              {"kb_read_per", perSecond(disk.readKb)},
              {"kb_wrtn_per", perSecond(disk.writtenKb)},
              {"kb_read", std::to_string(disk.readKb)},
              {"kb_wrtn", std::to_string(disk.writtenKb)}}},
            {"cpu",
             {{"cpu_user", twoDecimals(cpu.user)},
              {"cpu_nice", twoDecimals(cpu.nice)},
              {"cpu_system", twoDecimals(cpu.system)},
              {"cpu_iowait", twoDecimals(cpu.iowait)},
              {"cpu_steal", twoDecimals(cpu.steal)},
              {"cpu_idle", twoDecimals(cpu.idle)}}}};
}

/// The model of each processor, as far as /proc/cpuinfo names it.
json processors() {
    json all = json::array();
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line) && all.size() < 1024;)
        if (line.starts_with("model name"))
            all.push_back({{"model", line.substr(std::min(line.find(':') + 2, line.size()))}});
    return all;
}

}  // namespace

std::optional<CpuShares> parseCpuShares(std::string_view text) {
    std::istringstream line{std::string(text.substr(0, text.find('\n')))};
    std::string name;
    // proc(5): user nice system idle iowait irq softirq steal
    std::array<double, 8> ticks{};
    double sum = 0;
    if (!(line >> name) || name != "cpu") return std::nullopt;
    for (double& value : ticks) {
        if (!(line >> value)) return std::nullopt;
        sum += value;
    }
    if (sum <= 0) return std::nullopt;
    const auto share = [sum](double value) { return 100.0 * value / sum; };
    return CpuShares{share(ticks[0]), share(ticks[1]), share(ticks[2] + ticks[5] + ticks[6]),
                     share(ticks[3]), share(ticks[4]), share(ticks[7])};
}

DiskTotals parseDiskTotals(std::string_view text) {
    DiskTotals totals;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string name;
        // iostats.rst: reads, merged, sectors read, ms, writes, merged, sectors written
        std::array<std::uint64_t, 2> device{};
        std::array<std::uint64_t, 7> count{};
        fields >> device[0] >> device[1] >> name;
        for (auto& value : count) fields >> value;
        if (!fields || name.empty() || !isWholeDisk(name)) continue;
        totals.transfers += count[0] + count[4];
        totals.readKb += count[2] / 2;  // sectors of 512 bytes
        totals.writtenKb += count[6] / 2;
    }
    return totals;
}

std::uint64_t parseMemory(std::string_view text, std::string_view key) {
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':')
            continue;
        return std::strtoull(line.c_str() + key.size() + 1, nullptr, 10) * 1024;
    }
    return 0;
}

json hostSample() {
    utsname host{};
    ::uname(&host);
    std::array<double, 3> load{};
    ::getloadavg(load.data(), static_cast<int>(load.size()));
    const std::string memory = readFile("/proc/meminfo");
    return {{"hostname", host.nodename},
            {"type", host.sysname},
            {"platform", "linux"},
            {"arch", host.machine},
            {"release", host.release},
            {"uptime", uptimeSeconds()},
            {"loadavg", load},
            {"totalmem", parseMemory(memory, "MemTotal")},
            {"freemem", parseMemory(memory, "MemAvailable")},
            {"cpus", processors()},
            {"networkInterfaces", networkInterfaces()},
            {"versions", {{"cplusplus", std::to_string(__cplusplus)}}},
            {"iostat", iostat()}};
}

}  // namespace muster::modules
