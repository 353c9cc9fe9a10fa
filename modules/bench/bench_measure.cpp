#include "modules/bench/bench_measure.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>
#include <sys/resource.h>

namespace muster::modules {
namespace {

double toUs(const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

}  // namespace

CpuTime cpuTime() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return {toUs(usage.ru_utime), toUs(usage.ru_stime)};
}

CpuTime operator-(const CpuTime& later, const CpuTime& earlier) {
    return {later.userUs - earlier.userUs, later.systemUs - earlier.systemUs};
}

nlohmann::json toJson(const CpuTime& time) {
    return {{"userUs", time.userUs}, {"sysUs", time.systemUs}};
}

nlohmann::json summary(std::vector<double> samples) {
    if (samples.empty()) return {{"n", 0}};
    std::sort(samples.begin(), samples.end());
    const auto at = [&samples](double share) {
        const auto last = static_cast<double>(samples.size() - 1);
        const double value = samples[static_cast<std::size_t>(std::lround(share * last))];
        return std::round(value * 10.0) / 10.0;
    };
    return {{"n", samples.size()},
            {"p50", at(0.5)},
            {"p90", at(0.9)},
            {"p99", at(0.99)},
            {"max", at(1.0)}};
}

double microseconds(std::chrono::steady_clock::duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

std::string filling(std::uint64_t size, bool isEcho) {
    return (isEcho ? R"({"e":1,"d":")" : R"({"d":")") + std::string(size, 'x') + "\"}";
}

}  // namespace muster::modules
