#include "test/integration/durability/toggler.hpp"

#include <algorithm>

namespace muster::test {

using namespace mqtt;

namespace {

constexpr std::uint16_t kEndId = 100;
constexpr std::string_view kToggle = "toggle/", kEnd = "end";

}  // namespace

Toggler::Toggler(std::uint16_t port, Violations& violations, Chance& chance)
    : LoadClient({"toggler", Version::V5, true}, port, violations), chance_(chance) {}

void Toggler::beginLife(std::size_t life) {
    life_ = life;
    wasProbed_ = false;
    seen_.clear();
    for (std::size_t i = 0; i < kFilters; ++i) isUncertain_[i] = filters_[i] == Filter::Changing;
}

void Toggler::onUp() {
    if (!isReady_) {
        Subscribe packet;
        packet.packetId = kEndId;
        packet.subscriptions = {{std::string(kToggle) + std::string(kEnd), 1}};
        return send(packet);
    }
    for (std::size_t i = 0; i < kFilters; ++i)
        if (filters_[i] == Filter::Changing) request(i);  // whether it was done, nobody knows
}

void Toggler::request(std::size_t index) {
    const auto id = static_cast<std::uint16_t>(index + 1);
    std::string filter = std::string(kToggle) + std::to_string(index);
    filters_[index] = Filter::Changing;
    if (wanted_[index]) {
        Subscribe packet;
        packet.packetId = id;
        packet.subscriptions = {{std::move(filter), 1}};
        send(packet);
    } else {
        Unsubscribe packet;
        packet.packetId = id;
        packet.filters = {std::move(filter)};
        send(packet);
    }
}

void Toggler::work() {
    if (!isReady_ || !wasProbed_) return;
    const std::size_t index = chance_.below(kFilters);
    if (filters_[index] == Filter::Changing || chance_.below(3) != 0) return;
    wanted_[index] = !wanted_[index];
    request(index);
}

void Toggler::onPacket(const Packet& packet) {
    std::size_t id = 0;
    if (const auto* suback = std::get_if<Suback>(&packet)) {
        id = suback->packetId;
        if (suback->codes.front() >= 0x80) violation("a subscription was refused");
    }
    if (const auto* unsuback = std::get_if<Unsuback>(&packet)) id = unsuback->packetId;
    if (id == kEndId) {
        isReady_ = wasProbed_ = true;
        sessionIsPromised();
    } else if (id > 0) {
        filters_[id - 1] = wanted_[id - 1] ? Filter::On : Filter::Off;
    }
    if (const auto* publish = std::get_if<Publish>(&packet)) onProbe(*publish);
}

void Toggler::onProbe(const Publish& packet) {
    if (packet.qos == 1) send(Puback{packet.packetId, ReasonCode::Success, {}});
    if (packet.payload != std::to_string(life_) || wasProbed_) return;  // of an earlier life
    const std::string name = packet.topic.substr(kToggle.size());
    if (name != kEnd) {
        seen_.insert(std::stoull(name));
        return;
    }
    check();
    wasProbed_ = true;
}

// Nothing changes between the broker's death and this.
void Toggler::check() {
    for (std::size_t i = 0; i < kFilters; ++i) {
        const bool isSeen = seen_.count(i) != 0;
        if (isUncertain_[i]) continue;
        if (filters_[i] == Filter::On && !isSeen)
            violation("subscription toggle/" + std::to_string(i) + " is lost");
        if (filters_[i] == Filter::Off && isSeen)
            violation("subscription toggle/" + std::to_string(i) + " came back");
    }
}

Prober::Prober(std::size_t life, std::uint16_t port, Violations& violations)
    : LoadClient({"prober-" + std::to_string(life), Version::V311, false}, port, violations),
      life_(life) {}

void Prober::onUp() {
    for (std::size_t i = 0; i <= Toggler::kFilters; ++i) {
        Publish packet;
        packet.topic =
            std::string(kToggle) + (i == Toggler::kFilters ? std::string(kEnd) : std::to_string(i));
        packet.payload = std::to_string(life_);
        packet.qos = 1;
        packet.packetId = static_cast<std::uint16_t>(i + 1);
        send(packet);
    }
}

}  // namespace muster::test
