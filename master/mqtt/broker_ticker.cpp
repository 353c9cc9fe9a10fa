#include "master/mqtt/broker_ticker.hpp"

#include <utility>

namespace muster::mqtt {

namespace {

constexpr std::chrono::milliseconds kTick{250};
constexpr std::chrono::milliseconds kLate{1'000};

}  // namespace

BrokerTicker::BrokerTicker(EventLoop& loop, Broker& broker) : loop_(loop), broker_(broker) {
    broker_.enter(loop_.now());
    broker_.setWaker([this] {
        loop_.post([this, running = std::weak_ptr<bool>(alive_)] {
            if (!running.expired()) broker_.work(loop_.now());
        });
    });
    schedule();
}

BrokerTicker::~BrokerTicker() {
    broker_.setWaker({});
    loop_.cancel(timer_);
}

void BrokerTicker::schedule() {
    timer_ = loop_.after(kTick, [this, due = loop_.now() + kTick] {
        // Late: the process was stopped, or its host too busy. What clients sent meanwhile is read
        // before the next tick, so that this pause does not count as their silence.
        const bool isLate = loop_.now() - due >= kLate;
        if (!std::exchange(wasLate_, isLate) && isLate) return schedule();
        broker_.tick(loop_.now());
        schedule();
    });
}

}  // namespace muster::mqtt
