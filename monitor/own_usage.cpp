#include "monitor/own_usage.hpp"

#include <muster/json.hpp>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

namespace muster {
namespace {

using std::chrono::microseconds;

constexpr microseconds kShortest = std::chrono::milliseconds(10);

microseconds cpuTime() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& time) {
        return std::chrono::seconds(time.tv_sec) + microseconds(time.tv_usec);
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

/// Entries of a directory of /proc/self; 0 if it cannot be read.
int countEntries(const char* path) {
    DIR* directory = ::opendir(path);
    if (directory == nullptr) return 0;
    int count = 0;
    while (const dirent* entry = ::readdir(directory))
        if (entry->d_name[0] != '.') ++count;
    ::closedir(directory);
    return count;
}

std::uint64_t residentBytes() {
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;  // in pages (proc(5))
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double twoDigits(double value) {
    return std::round(value * 100.0) / 100.0;
}

}  // namespace

JsonText OwnUsage::sample(std::chrono::steady_clock::time_point now) {
    nlohmann::json sample{{"rssBytes", residentBytes()},
                          {"fds", countEntries("/proc/self/fd")},
                          {"threads", countEntries("/proc/self/task")}};
    double load = 0;
    if (::getloadavg(&load, 1) == 1) sample["load"] = twoDigits(load);
    const microseconds cpu = cpuTime();
    if (lastTime_ && now - *lastTime_ >= kShortest) {
        const std::chrono::duration<double> passed = now - *lastTime_;
        const std::chrono::duration<double> used = cpu - lastCpu_;
        sample["cpuPercent"] = twoDigits(100.0 * used / passed);
    }
    lastTime_ = now;
    lastCpu_ = cpu;
    return jsonText(sample);
}

}  // namespace muster
