#pragma once

#include "common/event_loop.hpp"
#include "master/mqtt/broker.hpp"

#include <memory>

namespace muster::mqtt {

/// Gives a broker its time: one sweep over all deadlines four times a second, and turns of the loop
/// for long searches. One for each broker; loop and broker outlive it.
class BrokerTicker {
public:
    BrokerTicker(EventLoop& loop, Broker& broker);
    ~BrokerTicker();
    BrokerTicker(const BrokerTicker&) = delete;
    BrokerTicker& operator=(const BrokerTicker&) = delete;

private:
    void schedule();

    EventLoop& loop_;
    Broker& broker_;
    TimerId timer_ = 0;
    bool wasLate_ = false;  // the last tick, which was left out
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with posted tasks
};

}  // namespace muster::mqtt
