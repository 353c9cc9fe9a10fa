#pragma once

#include "master/mqtt/counters.hpp"

#include <vector>

namespace muster::mqtt {

/// One counter: its name here, its name for Prometheus, and what it says.
struct CounterFigure {
    const char* name;
    const char* metric;
    std::uint64_t BrokerCounters::*field;
    const char* help;
};
struct GaugeFigure {
    const char* name;
    const char* metric;
    std::uint64_t BrokerGauges::*field;
    const char* help;
};

/// Every field of BrokerCounters and BrokerGauges, in their order: whoever shows them takes these.
extern const std::vector<CounterFigure> kCounterFigures;
extern const std::vector<GaugeFigure> kGaugeFigures;
static_assert(sizeof(BrokerCounters) == 38 * sizeof(std::uint64_t), "broker_figures.cpp has all");

}  // namespace muster::mqtt
