#pragma once

#include <muster/monitor.hpp>

#include <functional>

namespace players {

/// The half of module `players` in a server: answers how many players it has, and says so by itself
/// every ten seconds.
class PlayersMonitor final : public muster::MonitorModule {
public:
    using Count = std::function<int()>;
    explicit PlayersMonitor(Count count) : count_(std::move(count)) {}

    std::string_view id() const override { return "players"; }
    std::optional<muster::Schedule> push() const override {
        return muster::Schedule{std::chrono::seconds(10), std::chrono::seconds(1)};
    }
    void monitorHandler(muster::MonitorAgent& agent, const muster::JsonText& message,
                        muster::Reply reply) override;
    void tick(muster::MonitorAgent& agent) override;

private:
    Count count_;
};

}  // namespace players
