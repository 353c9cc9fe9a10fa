#pragma once

#include "test/integration/durability/load_roles.hpp"

#include <array>
#include <set>

namespace muster::test {

/// Subscribes and unsubscribes filters all the time, and in each life of the broker compares what a
/// probe for each filter brings with what was acknowledged.
class Toggler final : public LoadClient {
public:
    static constexpr std::size_t kFilters = 8;
    Toggler(std::uint16_t port, Violations& violations, Chance& chance);

    /// A new life of the broker: changes nothing until its probes were seen.
    void beginLife(std::size_t life);
    bool isReady() const noexcept { return isReady_; }
    bool wasProbed() const noexcept { return wasProbed_; }

private:
    enum class Filter { Off, On, Changing };
    void onUp() override;
    void onPacket(const mqtt::Packet& packet) override;
    void work() override;
    void onProbe(const mqtt::Publish& packet);
    void request(std::size_t index);
    void check();

    Chance& chance_;
    std::array<Filter, kFilters> filters_{};
    std::array<bool, kFilters> wanted_{};
    std::array<bool, kFilters> isUncertain_{};  // was changing when the broker died
    std::set<std::size_t> seen_;
    std::size_t life_ = 0;
    bool isReady_ = false;
    bool wasProbed_ = false;
};

/// Publishes one message for each of the toggler's filters and then one for all, once in each life.
class Prober final : public LoadClient {
public:
    Prober(std::size_t life, std::uint16_t port, Violations& violations);

private:
    void onUp() override;
    void onPacket(const mqtt::Packet&) override {}

    std::size_t life_;
};

}  // namespace muster::test
