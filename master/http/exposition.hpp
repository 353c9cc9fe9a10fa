#pragma once

#include <string>
#include <vector>

namespace muster::http {

/// One number for Prometheus. A counter's name ends in `_total`, units are in the name.
struct Figure {
    enum class Kind { Counter, Gauge };
    std::string name;
    std::string help;
    Kind kind = Kind::Gauge;
    double value = 0;
};

/// The figures in Prometheus' text format 0.0.4, in their order. The names must differ.
std::string exposition(const std::vector<Figure>& figures);
inline constexpr const char* kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace muster::http
