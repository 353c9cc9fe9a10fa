#pragma once

#include "master/cluster/orders.hpp"
#include "master/console/master_agent.hpp"

#include <functional>
#include <string>
#include <utility>

namespace muster::app {

/// Sends the orders of the ledger through the master's agent. `message` turns what is stored of an
/// order into what its receiver needs. Lives on the master's thread; the agent outlives it.
class AgentOrderSender final : public OrderSender {
public:
    using Message = std::function<JsonText(const std::string& moduleId, const JsonText& body)>;
    AgentOrderSender(MasterAgentImpl& agent, Message message)
        : agent_(agent), message_(std::move(message)) {}

    void send(const std::string& target, const std::string& moduleId, const JsonText& body,
              const wire::OrderTag& tag) override {
        wire::Envelope envelope;
        envelope.moduleId = moduleId;
        envelope.body = message_(moduleId, body);
        envelope.order = tag;
        // A member that left meanwhile is sent it again when it returns: nothing to do here.
        (void)agent_.sendOrder(target, envelope);
    }

private:
    MasterAgentImpl& agent_;
    Message message_;
};

}  // namespace muster::app
