#include "bench/broker/measure.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace muster::bench {

namespace {

double ticks() {
    return static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// User and system seconds of a process (proc(5): fields 14 and 15 of stat).
double cpuOf(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    if (!std::getline(file, line)) return 0;
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string field;
    double sum = 0;
    for (int i = 3; i <= 15 && fields >> field; ++i)
        if (i >= 14) sum += std::stod(field);
    return sum / ticks();
}

double ownCpuSeconds() {
    rusage usage = {};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Of all processors together: all but idle, waiting for disks, and what guests repeat.
double machineBusy() {
    std::ifstream file("/proc/stat");
    std::string name;
    double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softIrq = 0, stolen = 0;
    file >> name >> user >> nice >> system >> idle >> waiting >> irq >> softIrq >> stolen;
    return (user + nice + system + irq + softIrq + stolen) / ticks();
}

}  // namespace

std::uint64_t nowNs() {
    timespec now = {};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(now.tv_nsec);
}

long residentKib(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    long size = 0, resident = 0;
    file >> size >> resident;
    return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

void Interval::start() {
    from_ = nowNs();
    busy_ = machineBusy();
    own_ = ownCpuSeconds();
    server_ = cpuOf(serverPid_);
}

void Interval::stop() {
    wall_ = static_cast<double>(nowNs() - from_) / 1e9;
    own_ = ownCpuSeconds() - own_;
    server_ = cpuOf(serverPid_) - server_;
    foreign_ = std::max(0.0, (machineBusy() - busy_ - own_ - server_) / wall_);
}

double Samples::us(double part) {
    if (values_.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(values_.size()));
    std::nth_element(values_.begin(), values_.begin() + at, values_.end());
    return static_cast<double>(values_[static_cast<std::size_t>(at)]) / 1e3;
}

Row& Row::add(const std::string& name, double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%s\"%s\":%.6g", text_.empty() ? "" : ",", name.c_str(),
                  value);
    text_ += text;
    return *this;
}

Row& Row::add(const Interval& interval, double events) {
    add("rate", events / interval.wall());
    add("cpuUs", events > 0 ? interval.serverCpu() * 1e6 / events : 0);
    add("ownCpuUs", events > 0 ? interval.ownCpu() * 1e6 / events : 0);
    return add("foreign", interval.foreign());
}

void Row::print() const {
    std::printf("{%s}\n", text_.c_str());
    std::fflush(stdout);
}

}  // namespace muster::bench
