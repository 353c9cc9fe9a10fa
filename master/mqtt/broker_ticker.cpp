#include "master/mqtt/broker_ticker.hpp"

namespace muster::mqtt {

namespace {

constexpr std::chrono::milliseconds kTick{250};

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
    timer_ = loop_.after(kTick, [this] {
        broker_.tick(loop_.now());
        schedule();
    });
}

}  // namespace muster::mqtt
