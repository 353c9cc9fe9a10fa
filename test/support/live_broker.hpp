#pragma once

#include "common/event_loop.hpp"
#include "master/mqtt/listener.hpp"
#include "test/support/manual_session_store.hpp"
#include "test/support/scripted_client.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace muster {
class AsioLoop;
}

namespace muster::test {

/// A broker on a real port of its own, run by a thread of its own.
class LiveBroker {
public:
    explicit LiveBroker(mqtt::BrokerLimits limits = {}, LinkObserver* foreign = nullptr,
                        std::size_t maxConnections = 1000);
    /// With a listener as `options` say.
    LiveBroker(mqtt::BrokerLimits limits, mqtt::ListenerOptions options,
               LinkObserver* foreign = nullptr);
    ~LiveBroker();
    LiveBroker(const LiveBroker&) = delete;
    LiveBroker& operator=(const LiveBroker&) = delete;

    std::uint16_t port() const;
    AsioLoop& loop();
    mqtt::Broker& broker() { return broker_; }

    /// Runs `task` on the broker's thread and gives its result.
    template <class Task>
    std::invoke_result_t<Task> call(Task task) {
        using Value = std::invoke_result_t<Task>;
        if constexpr (std::is_void_v<Value>) {
            run(task);
        } else {
            std::optional<Value> value;
            run([&] { value.emplace(task()); });
            return std::move(*value);
        }
    }
    /// The same with the loop's time as the store's; what was counted by then.
    mqtt::BrokerCounters callAt(ManualSessionStore& store, const std::function<void()>& task);
    mqtt::BrokerCounters counters();
    mqtt::BrokerGauges gauges();

    /// Reads the listener's TLS files anew.
    Result<void> reload();

    ScriptedAccess access;  // change it before clients come

private:
    /// Until it has run on the broker's thread.
    void run(const std::function<void()>& task);

    mqtt::Broker broker_;
    struct Machinery;  // Asio's part, which tests need not read
    std::unique_ptr<Machinery> machinery_;
};

}  // namespace muster::test
