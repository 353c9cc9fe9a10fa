#include "modules/bench/bench_monitor.hpp"

#include "common/wire/json_scanner.hpp"
#include "modules/bench/bench_fields.hpp"

namespace muster::modules {

void BenchMonitor::monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) {
    if (isEcho(message)) return reply(message);
    const auto op = wire::findMember(message, "op");
    const std::string_view name = op ? op->text : std::string_view();
    if (name == "\"blast\"") return blast(agent, message, reply);
    if (name == "\"reset\"") notifies_ = 0;
    if (name == "\"reset\"" || name == "\"count\"")
        return reply("{\"n\":" + std::to_string(notifies_) + "}");
    ++notifies_;
    reply(JsonText("null"));
}

void BenchMonitor::blast(MonitorAgent& agent, const JsonText& message, const Reply& reply) const {
    const std::uint64_t total = numberOf(message, "total", 0, kMaxTotal);
    const JsonText body =
        R"({"op":"n","d":")" + std::string(numberOf(message, "size", 0, kMaxSize), 'x') + "\"}";
    for (std::uint64_t i = 0; i < total; ++i) agent.notify(id(), body);
    reply("{\"sent\":" + std::to_string(total) + "}");
}

}  // namespace muster::modules
