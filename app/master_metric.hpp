#pragma once

#include "common/event_loop.hpp"
#include "common/mqtt/client.hpp"
#include "common/wire/topics.hpp"
#include "monitor/own_usage.hpp"

#include <functional>

#include <nlohmann/json_fwd.hpp>

namespace muster::app {

/// The retained `metric/master`: what this master uses, and what it and its broker have counted
/// (docs/protocol.md, "State"). On the master's thread; loop and client outlive it.
class MasterMetric {
public:
    static constexpr std::chrono::seconds kEvery{5};
    /// Adds to the record what else is known.
    using Figures = std::function<void(nlohmann::json& record)>;

    MasterMetric(EventLoop& loop, mqtt::Client& client, wire::Topics topics, Figures figures);
    ~MasterMetric();
    MasterMetric(const MasterMetric&) = delete;
    MasterMetric& operator=(const MasterMetric&) = delete;

    /// The client is connected: publishes, and again every kEvery.
    void connected();
    void lost();
    /// Takes the record away: this master is no more. While connected.
    void clear();

private:
    void tick();
    void publish(std::string payload);

    EventLoop& loop_;
    mqtt::Client& client_;
    wire::Topics topics_;
    Figures figures_;
    OwnUsage usage_;
    TimerId timer_ = 0;
};

}  // namespace muster::app
