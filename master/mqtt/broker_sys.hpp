#pragma once

#include "common/event_loop.hpp"
#include "master/mqtt/broker.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace muster::mqtt {

/// Mosquitto's load figures: an average per minute over 1, 5 and 15 minutes, of a counter that is
/// looked at now and then. Weighs the past exponentially. Pure.
class LoadAverage {
public:
    static constexpr std::array<int, 3> kMinutes{1, 5, 15};
    /// `total` is the counter now, `passed` the time since the last call (more than 0).
    void update(std::uint64_t total, std::chrono::milliseconds passed);
    /// Per minute; `index` as in kMinutes.
    double perMinute(std::size_t index) const { return averages_[index]; }

private:
    std::uint64_t last_ = 0;
    std::array<double, kMinutes.size()> averages_{};
};

/// Publishes `$SYS/broker/...`, retained and never stored, under the names that Mosquitto has. Only
/// what has changed is published. On the broker's thread; loop and broker outlive it.
class BrokerSys {
public:
    /// `version` is the program's, in words. `interval` 0: never publishes anything.
    BrokerSys(EventLoop& loop, Broker& broker, std::string version,
              std::chrono::milliseconds interval);
    ~BrokerSys();
    BrokerSys(const BrokerSys&) = delete;
    BrokerSys& operator=(const BrokerSys&) = delete;

private:
    void schedule();
    void publishAll();
    void publishClients();
    void publishTraffic();
    void publishLoads(std::chrono::milliseconds passed);
    void publish(std::string_view name, std::string value);
    void publish(std::string_view name, std::uint64_t value) {
        publish(name, std::to_string(value));
    }

    EventLoop& loop_;
    Broker& broker_;
    std::string version_;
    std::chrono::milliseconds interval_;
    TimePoint startedAt_;
    TimePoint publishedAt_;
    TimerId timer_ = 0;
    std::uint64_t mostClients_ = 0;
    std::array<LoadAverage, 7> loads_;
    std::unordered_map<std::string, std::string> last_;  // what was published, by name
};

}  // namespace muster::mqtt
