#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace muster::modules {

/// CPU time of this process.
struct CpuTime {
    double userUs = 0;
    double systemUs = 0;
    double sum() const { return userUs + systemUs; }
};
CpuTime cpuTime();
CpuTime operator-(const CpuTime& later, const CpuTime& earlier);
nlohmann::json toJson(const CpuTime& time);

/// {n, p50, p90, p99, max} of `samples`, with one decimal.
nlohmann::json summary(std::vector<double> samples);
double microseconds(std::chrono::steady_clock::duration duration);
/// {"d":"xxx"} or {"e":1,"d":"xxx"} with `size` bytes of filling.
std::string filling(std::uint64_t size, bool isEcho);

}  // namespace muster::modules
