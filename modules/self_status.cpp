#include "modules/self_status.hpp"

#include "modules/body.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace muster::modules {
namespace {

using nlohmann::json;

struct SelfUsage {
    double userSeconds = 0;
    double systemSeconds = 0;
    double guestSeconds = 0;
    double uptimeSeconds = 0;
    std::uint64_t vszBytes = 0;
    std::uint64_t rssBytes = 0;
};

double systemUptime() {
    double seconds = 0;
    std::ifstream("/proc/uptime") >> seconds;
    return seconds;
}

/// The fields of /proc/self/stat from number 3 on (proc(5)); the name before may hold anything.
SelfUsage readSelf() {
    std::string line;
    std::getline(std::ifstream("/proc/self/stat"), line);
    std::istringstream rest(line.substr(std::min(line.rfind(')') + 1, line.size())));
    std::string state;
    rest >> state;
    std::array<double, 41> field{};  // field[n - 4] is number n of proc(5)
    for (double& value : field) rest >> value;
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    const auto number = [&field](std::size_t n) { return field.at(n - 4); };
    SelfUsage usage;
    usage.userSeconds = number(14) / ticks;
    usage.systemSeconds = number(15) / ticks;
    usage.guestSeconds = number(43) / ticks;
    usage.uptimeSeconds = std::max(systemUptime() - number(22) / ticks, 0.01);
    usage.vszBytes = static_cast<std::uint64_t>(number(23));
    usage.rssBytes =
        static_cast<std::uint64_t>(number(24) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    return usage;
}

std::uint64_t totalMemory() {
    return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
           static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::string sampleTime() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    const int hour = local.tm_hour % 12 == 0 ? 12 : local.tm_hour % 12;
    return fmt::format("{:04}-{:02}-{:02} {}:{:02}:{:02} {}", local.tm_year + 1900,
                       local.tm_mon + 1, local.tm_mday, hour, local.tm_min, local.tm_sec,
                       local.tm_hour < 12 ? "AM" : "PM");
}

json selfRow(const ServerInfo& self) {
    const SelfUsage usage = readSelf();
    json row{{"serverId", self.id},
             {"serverType", self.type},
             {"host", self.host},
             {"pid", ::getpid()},
             {"heapUsed", twoDecimals(static_cast<double>(usage.rssBytes) / 1e6)},
             {"uptime", twoDecimals(usage.uptimeSeconds / 60.0)}};
    if (self.port > 0) row["port"] = self.port;
    return row;
}

json selfListRow(const ServerInfo& self) {
    const SelfUsage usage = readSelf();
    const std::string memory = twoDecimals(static_cast<double>(usage.rssBytes) / (1024.0 * 1024.0));
    return {{"serverId", self.id},
            {"serverType", self.type},
            {"pid", ::getpid()},
            {"rss", memory},
            {"heapTotal", memory},
            {"heapUsed", memory},
            {"uptime", twoDecimals(usage.uptimeSeconds / 60.0)}};
}

json selfStatus(const ServerInfo& self) {
    const SelfUsage usage = readSelf();
    const auto share = [&usage](double seconds) {
        return twoDecimals(100.0 * seconds / usage.uptimeSeconds);
    };
    const double memory = 100.0 * static_cast<double>(usage.rssBytes) /
                          static_cast<double>(std::max<std::uint64_t>(totalMemory(), 1));
    return {{"time", sampleTime()},
            {"serverId", self.id},
            {"serverType", self.type},
            {"pid", std::to_string(::getpid())},
            {"cpuAvg", share(usage.userSeconds + usage.systemSeconds)},
            {"memAvg", twoDecimals(memory)},
            {"vsz", std::to_string(usage.vszBytes / 1024)},
            {"rss", std::to_string(usage.rssBytes / 1024)},
            {"usr", share(usage.userSeconds)},
            {"sys", share(usage.systemSeconds)},
            {"gue", share(usage.guestSeconds)}};
}

}  // namespace muster::modules
