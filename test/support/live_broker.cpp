#include "test/support/live_broker.hpp"

#include "master/async/asio_loop.hpp"
#include "master/mqtt/broker_ticker.hpp"

#include <future>
#include <thread>

#include <boost/asio/io_context.hpp>

namespace muster::test {

namespace {

mqtt::ListenerOptions plain(std::size_t maxConnections) {
    mqtt::ListenerOptions options;
    options.maxConnections = maxConnections;
    return options;
}

}  // namespace

struct LiveBroker::Machinery {
    explicit Machinery(mqtt::Broker& broker) : ticker(loop, broker) {}

    boost::asio::io_context context{1};
    AsioLoop loop{context};
    mqtt::BrokerTicker ticker;
    std::unique_ptr<mqtt::Listener> listener;
    std::thread thread;
};

LiveBroker::LiveBroker(mqtt::BrokerLimits limits, LinkObserver* foreign, std::size_t maxConnections)
    : LiveBroker(limits, plain(maxConnections), foreign) {}

LiveBroker::LiveBroker(mqtt::BrokerLimits limits, mqtt::ListenerOptions options,
                       LinkObserver* foreign)
    : broker_(limits, access, "live"), machinery_(std::make_unique<Machinery>(broker_)) {
    if (foreign != nullptr) broker_.setForeignProtocol({{"register"}, foreign});
    machinery_->listener =
        std::make_unique<mqtt::Listener>(machinery_->loop, broker_, std::move(options));
    const auto started = machinery_->listener->start();
    EXPECT_TRUE(started) << (started ? "" : started.error().detail());
    machinery_->thread = std::thread([this] { machinery_->context.run(); });
}

LiveBroker::~LiveBroker() {
    run([this] { machinery_->listener->stop(); });
    machinery_->context.stop();
    machinery_->thread.join();
    // Its sockets speak to the broker until they are gone.
    machinery_.reset();
}

std::uint16_t LiveBroker::port() const {
    return machinery_->listener->port();
}

AsioLoop& LiveBroker::loop() {
    return machinery_->loop;
}

void LiveBroker::run(const std::function<void()>& task) {
    std::promise<void> done;
    machinery_->loop.post([&] {
        task();
        done.set_value();
    });
    done.get_future().wait();
}

mqtt::BrokerCounters LiveBroker::callAt(ManualSessionStore& store,
                                        const std::function<void()>& task) {
    return call([&] {
        store.now = loop().now();
        task();
        return broker_.counters();
    });
}

mqtt::BrokerCounters LiveBroker::counters() {
    return call([this] { return broker_.counters(); });
}

mqtt::BrokerGauges LiveBroker::gauges() {
    return call([this] { return broker_.gauges(); });
}

Result<void> LiveBroker::reload() {
    return call([this] { return machinery_->listener->reload(); });
}

}  // namespace muster::test
