#pragma once

#include "master/mqtt/broker.hpp"
#include "master/mqtt/broker_view.hpp"

namespace muster::mqtt {

/// The view of a Broker, which outlives it.
class LiveBrokerView final : public BrokerView {
public:
    explicit LiveBrokerView(Broker& broker) : broker_(broker) {}

    Page<SessionFacts> sessions(SessionKind kind, const PageRequest& request) const override;
    Result<Page<SubscriptionRow>> subscriptions(const std::string& clientId,
                                                const std::string& matching,
                                                const PageRequest& request) const override;
    Result<Page<RetainedRow>> retained(const std::string& filter,
                                       const PageRequest& request) const override;
    std::vector<std::pair<std::string_view, std::uint64_t>> figures() const override;
    bool disconnect(const std::string& clientId) override;
    Result<std::uint64_t> startTrace(const std::string& owner, const TraceWish& wish) override;
    Result<TraceLines> readTrace(const std::string& owner, std::uint64_t trace) override;
    void stopTrace(const std::string& owner, std::uint64_t trace) override;

private:
    Broker& broker_;
};

}  // namespace muster::mqtt
