#include "app/master_metrics.hpp"

#include "master/mqtt/broker_figures.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace muster::app {
namespace {

using http::Figure;

double secondsOf(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::size_t openDescriptors() {
    std::error_code error;
    std::size_t count = 0;
    for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
         at.increment(error))
        ++count;
    return count > 0 ? count - 1 : 0;  // without the one that looked
}

/// Under the names that every client library of Prometheus gives them.
void addProcess(std::vector<Figure>& out) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    out.push_back({"process_cpu_seconds_total", "CPU time used, in seconds.", Figure::Kind::Counter,
                   secondsOf(usage.ru_utime) + secondsOf(usage.ru_stime)});
    double virtualPages = 0, residentPages = 0;
    std::ifstream("/proc/self/statm") >> virtualPages >> residentPages;
    const auto pageSize = static_cast<double>(sysconf(_SC_PAGESIZE));
    out.push_back({"process_virtual_memory_bytes", "Virtual memory, in bytes.", Figure::Kind::Gauge,
                   virtualPages * pageSize});
    out.push_back({"process_resident_memory_bytes", "Resident memory, in bytes.",
                   Figure::Kind::Gauge, residentPages * pageSize});
    out.push_back({"process_open_fds", "Open file descriptors.", Figure::Kind::Gauge,
                   static_cast<double>(openDescriptors())});
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    out.push_back({"process_max_fds", "File descriptors that may be open.", Figure::Kind::Gauge,
                   static_cast<double>(limit.rlim_cur)});
}

}  // namespace

std::vector<Figure> metricsOf(mqtt::Broker& broker) {
    std::vector<Figure> out;
    for (const mqtt::CounterFigure& figure : mqtt::kCounterFigures)
        out.push_back({figure.metric, figure.help, Figure::Kind::Counter,
                       static_cast<double>(broker.counters().*figure.field)});
    const mqtt::BrokerGauges gauges = broker.gauges();
    for (const mqtt::GaugeFigure& figure : mqtt::kGaugeFigures)
        out.push_back({figure.metric, figure.help, Figure::Kind::Gauge,
                       static_cast<double>(gauges.*figure.field)});
    addProcess(out);
    return out;
}

http::HttpListener::Handler metricsHandler(mqtt::Broker& broker) {
    return [&broker](std::string_view path) -> http::Answer {
        if (path == "/metrics")
            return {200, http::kExpositionType, http::exposition(metricsOf(broker))};
        if (path != "/healthz") return {404, "text/plain", "/metrics and /healthz are here\n"};
        if (!broker.isStoreFailing()) return {200, "text/plain", "ok\n"};
        return {503, "text/plain", "the broker cannot write to its store\n"};
    };
}

}  // namespace muster::app
