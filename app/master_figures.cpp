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

json figuresOf(const mqtt::BrokerCounters& counters) {
    return {{"connectionsAccepted", counters.connectionsAccepted},
            {"connectionsRefused", counters.connectionsRefused},
            {"clientsConnected", counters.clientsConnected},
            {"clientsRefused", counters.clientsRefused},
            {"foreignLinks", counters.foreignLinks},
            {"takeOvers", counters.takeOvers},
            {"protocolErrors", counters.protocolErrors},
            {"keepAliveTimeouts", counters.keepAliveTimeouts},
            {"connectTimeouts", counters.connectTimeouts},
            {"messagesReceived", counters.messagesReceived},
            {"messagesSent", counters.messagesSent},
            {"publishesDenied", counters.publishesDenied},
            {"subscriptionsDenied", counters.subscriptionsDenied},
            {"deliveriesDenied", counters.deliveriesDenied},
            {"droppedQos0", counters.droppedQos0},
            {"droppedQueueFull", counters.droppedQueueFull},
            {"droppedExpired", counters.droppedExpired},
            {"droppedTooLarge", counters.droppedTooLarge},
            {"retainedRefused", counters.retainedRefused},
            {"slowConsumers", counters.slowConsumers},
            {"willsPublished", counters.willsPublished},
            {"sessionsExpired", counters.sessionsExpired}};
}

json figuresOf(const mqtt::BrokerGauges& gauges) {
    return {{"connections", gauges.connections},     {"sessions", gauges.sessions},
            {"subscriptions", gauges.subscriptions}, {"retained", gauges.retained},
            {"retainedBytes", gauges.retainedBytes}, {"queuedBytes", gauges.queuedBytes}};
}

}  // namespace

void MasterProcess::Parts::addFigures(json& record) {
    mqtt::Broker& broker = broker_->broker();
    json brokerFigures = figuresOf(broker.counters());
    brokerFigures.update(figuresOf(broker.gauges()));
    record["id"] = config_.masterId;
    record["members"] = agent_->servers().size();
    record["openRequests"] = agent_->openRequests();
    record["openOrders"] = orders_->openCount();
    record["agent"] = figuresOf(agent_->counters());
    record["pomelo"] = figuresOf(gateway_->counters());
    record["broker"] = std::move(brokerFigures);
}

}  // namespace muster::app
