#pragma once

#include "master/cluster/orders.hpp"
#include "master/console/master_agent.hpp"

namespace muster::app {

/// Sends the orders of the ledger through the master's agent. Lives on the master's thread; the
/// agent outlives it.
class AgentOrderSender final : public OrderSender {
public:
    explicit AgentOrderSender(MasterAgentImpl& agent) : agent_(agent) {}

    void send(const std::string& target, const std::string& moduleId, const JsonText& body,
              const wire::OrderTag& tag) override {
        wire::Envelope envelope;
        envelope.moduleId = moduleId;
        envelope.body = body;
        envelope.order = tag;
        // A member that left meanwhile is sent it again when it returns: nothing to do here.
        (void)agent_.sendOrder(target, envelope);
    }

private:
    MasterAgentImpl& agent_;
};

}  // namespace muster::app
