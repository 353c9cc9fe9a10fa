#pragma once

#include "master/async/asio_loop.hpp"
#include "master/mqtt/broker_ticker.hpp"
#include "master/mqtt/listener.hpp"
#include "test/support/manual_session_store.hpp"
#include "test/support/scripted_client.hpp"

#include <future>
#include <thread>

namespace muster::test {

/// A broker on a real port of its own, run by a thread of its own.
class LiveBroker {
public:
    explicit LiveBroker(mqtt::BrokerLimits limits = {}, LinkObserver* foreign = nullptr,
                        std::size_t maxConnections = 1000)
        : LiveBroker(limits, plain(maxConnections), foreign) {}
    /// With a listener as `options` say.
    LiveBroker(mqtt::BrokerLimits limits, mqtt::ListenerOptions options,
               LinkObserver* foreign = nullptr)
        : loop_(context_), broker_(limits, access, "live"), ticker_(loop_, broker_) {
        if (foreign != nullptr) broker_.setForeignProtocol({{"register"}, foreign});
        listener_ = std::make_unique<mqtt::Listener>(loop_, broker_, options);
        const auto started = listener_->start();
        EXPECT_TRUE(started) << (started ? "" : started.error().detail());
        thread_ = std::thread([this] { context_.run(); });
    }
    std::uint16_t port() const { return listener_->port(); }
    AsioLoop& loop() { return loop_; }
    mqtt::Broker& broker() { return broker_; }

    /// Runs `task` on the broker's thread and gives its result.
    template <class Task>
    std::invoke_result_t<Task> call(Task task) {
        auto work =
            std::make_shared<std::packaged_task<std::invoke_result_t<Task>()>>(std::move(task));
        auto result = work->get_future();
        loop_.post([work] { (*work)(); });
        return result.get();
    }
    /// The same with the loop's time as the store's; what was counted by then.
    template <class Task>
    mqtt::BrokerCounters callAt(ManualSessionStore& store, Task task) {
        return call([&, task] {
            store.now = loop_.now();
            task();
            return broker_.counters();
        });
    }
    ~LiveBroker() {
        call([this] { listener_->stop(); });
        context_.stop();
        thread_.join();
    }
    mqtt::BrokerCounters counters() {
        return call([this] { return broker_.counters(); });
    }
    mqtt::BrokerGauges gauges() {
        return call([this] { return broker_.gauges(); });
    }

    /// Reads the listener's TLS files anew.
    Result<void> reload() {
        return call([this] { return listener_->reload(); });
    }

    ScriptedAccess access;  // change it before clients come

private:
    static mqtt::ListenerOptions plain(std::size_t maxConnections) {
        mqtt::ListenerOptions options;
        options.maxConnections = maxConnections;
        return options;
    }

    boost::asio::io_context context_{1};
    AsioLoop loop_;
    mqtt::Broker broker_;
    mqtt::BrokerTicker ticker_;
    std::unique_ptr<mqtt::Listener> listener_;
    std::thread thread_;
};

}  // namespace muster::test
