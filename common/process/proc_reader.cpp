#include "common/process/proc_reader.hpp"

#include "common/process/process_identity.hpp"

#include <string>

#include <dirent.h>
#include <unistd.h>

namespace muster {

namespace {

int countFds(pid_t pid) {
    DIR* directory = ::opendir(("/proc/" + std::to_string(pid) + "/fd").c_str());
    if (directory == nullptr) return -1;
    int count = 0;
    while (const dirent* entry = ::readdir(directory)) {
        if (entry->d_name[0] != '.') ++count;
    }
    ::closedir(directory);
    return count;
}

}  // namespace

std::optional<ProcessUsage> readUsage(pid_t pid) {
    const auto stat = readProcStat(pid);
    if (!stat) return std::nullopt;
    const auto ticksPerSecond = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    const auto ticks = stat->userTicks + stat->systemTicks;
    ProcessUsage usage;
    usage.cpuTime = std::chrono::milliseconds(ticks * 1000 / ticksPerSecond);
    usage.rssBytes = stat->rssPages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    usage.threads = stat->threads;
    usage.fds = countFds(pid);
    return usage;
}

std::optional<double> CpuMeter::percent(std::chrono::milliseconds cpuTime, TimePoint now) {
    using Milliseconds = std::chrono::duration<double, std::milli>;
    std::optional<double> share;
    if (lastTime_ && cpuTime >= lastCpu_) {
        const Milliseconds passed = now - *lastTime_;
        if (passed < std::chrono::milliseconds(10)) return std::nullopt;
        share = 100.0 * (Milliseconds(cpuTime - lastCpu_) / passed);
    }
    lastTime_ = now;
    lastCpu_ = cpuTime;
    return share;
}

}  // namespace muster
