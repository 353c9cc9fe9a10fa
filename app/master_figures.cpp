#include "app/master_parts.hpp"

#include <muster/json.hpp>

// The numbers of `metric/master`: what there is, and what was counted since the start.
namespace muster::app {
namespace {

using nlohmann::json;

json figuresOf(const MasterAgentCounters& counters) {
    return {
        {"badMessages", counters.badMessages}, {"foreignReplyTopics", counters.foreignReplyTopics},
        {"lateAnswers", counters.lateAnswers}, {"unknownSenders", counters.unknownSenders},
        {"queuesFull", counters.queuesFull},   {"lost", counters.lost}};
}

json figuresOf(const PomeloGateway::Counters& counters) {
    return {{"registered", counters.registered}, {"reconnected", counters.reconnected},
            {"refused", counters.refused},       {"takenOver", counters.takenOver},
            {"malformed", counters.malformed},   {"ignored", counters.ignored},
            {"repushed", counters.repushed},     {"unknownAnswers", counters.unknownAnswers},
            {"dropped", counters.dropped}};
}

json figuresOf(mqtt::BrokerView& view) {
    json figures = json::object();
    for (const auto& [name, value] : view.figures()) figures[std::string(name)] = value;
    return figures;
}

}  // namespace

void MasterProcess::Parts::addFigures(json& record) {
    record["id"] = config_.masterId;
    record["members"] = agent_->servers().size();
    record["openRequests"] = agent_->openRequests();
    record["openOrders"] = orders_->openCount();
    record["agent"] = figuresOf(agent_->counters());
    record["pomelo"] = figuresOf(gateway_->counters());
    record["broker"] = figuresOf(broker_->view());
}

}  // namespace muster::app
