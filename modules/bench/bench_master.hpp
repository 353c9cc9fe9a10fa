#pragma once

#include "common/event_loop.hpp"

#include <muster/master.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace muster::modules {

/// What `info` shows of the master beyond its process; empty functions count as 0.
struct BenchDeps {
    std::function<std::uint64_t()> clients;
    std::function<std::uint64_t()> sockets;
    std::function<std::uint64_t()> pending;
};

/// Loads inside the master, for measurements beside pomelo-admin's: client bodies {"op": info,
/// mcount, reqrep, notify, fanout, notifyOnly, issue, ...}. Times in microseconds unless named
/// otherwise. Off by default; level 1, since a load hurts. `loop` outlives it.
class BenchMaster final : public AdminModule {
public:
    BenchMaster(EventLoop& loop, BenchDeps deps);
    ~BenchMaster() override;
    std::string_view id() const override { return "bench"; }
    void masterHandler(MasterAgent& agent, const ServerInfo& from, const JsonText& message,
                       Reply reply) override;
    void clientHandler(MasterAgent& agent, const Caller& caller, const JsonText& message,
                       Reply reply) override;

private:
    JsonText info(MasterAgent& agent) const;

    EventLoop& loop_;
    BenchDeps deps_;
    std::uint64_t notifies_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace muster::modules
