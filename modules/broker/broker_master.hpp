#pragma once

#include "master/mqtt/broker_view.hpp"

#include <muster/master.hpp>

#include <nlohmann/json_fwd.hpp>

namespace muster::modules {

/// What `muster broker` asks (docs/commands/broker.md): lists in pages, figures, traces, and to
/// disconnect a client. Level 2 looks, level 1 disconnects. On the master's thread.
class BrokerMaster final : public AdminModule {
public:
    /// `view` is null with an external broker: then every answer says so. It outlives the module.
    explicit BrokerMaster(mqtt::BrokerView* view) : view_(view) {}

    std::string_view id() const override { return "broker"; }
    int requiredLevel(const JsonText& message) const override;
    void clientHandler(MasterAgent& agent, const Caller& caller, const JsonText& message,
                       Reply reply) override;

private:
    Result<JsonText> answer(const Caller& caller, const nlohmann::json& body);
    Result<JsonText> sessions(const nlohmann::json& body, mqtt::SessionKind kind) const;
    Result<JsonText> subscriptions(const nlohmann::json& body) const;
    Result<JsonText> retained(const nlohmann::json& body) const;
    Result<JsonText> stats() const;
    Result<JsonText> disconnect(const nlohmann::json& body);
    Result<JsonText> trace(const Caller& caller, const nlohmann::json& body);

    mqtt::BrokerView* view_;
};

}  // namespace muster::modules
