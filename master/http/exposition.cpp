#include "master/http/exposition.hpp"

#include <sstream>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace muster::http {

namespace {

prometheus::MetricFamily familyOf(const Figure& figure) {
    const bool isCounter = figure.kind == Figure::Kind::Counter;
    prometheus::ClientMetric metric;
    (isCounter ? metric.counter.value : metric.gauge.value) = figure.value;
    prometheus::MetricFamily family;
    family.name = figure.name;
    family.help = figure.help;
    family.type = isCounter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    family.metric.push_back(std::move(metric));
    return family;
}

}  // namespace

std::string exposition(const std::vector<Figure>& figures) {
    std::vector<prometheus::MetricFamily> families;
    families.reserve(figures.size());
    for (const Figure& figure : figures) families.push_back(familyOf(figure));
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families);
    return out.str();
}

}  // namespace muster::http
