#include "master/mqtt/outgoing_window.hpp"

namespace muster::mqtt {

InFlight& OutgoingWindow::add(Delivery&& delivery) {
    if (entries_.empty()) first_ = delivery.number;
    while (first_ + entries_.size() < delivery.number) {  // numbers that were never sent
        entries_.emplace().state = InFlight::State::Finished;
    }
    InFlight& entry = entries_.emplace();
    entry.packetId = static_cast<std::uint16_t>(delivery.number % kIds + 1);
    entry.state = delivery.qos == 1 ? InFlight::State::AwaitsPuback : InFlight::State::AwaitsPubrec;
    entry.delivery = std::move(delivery);
    ++unfinished_;
    return entry;
}

InFlight* OutgoingWindow::find(std::uint16_t packetId) {
    if (packetId == 0 || entries_.empty()) return nullptr;
    const std::size_t firstId = static_cast<std::size_t>(first_ % kIds) + 1;
    const std::size_t index = (packetId + kIds - firstId) % kIds;
    if (index >= entries_.size()) return nullptr;
    InFlight& entry = entries_[index];
    return entry.state == InFlight::State::Finished ? nullptr : &entry;
}

void OutgoingWindow::finish(InFlight& entry) {
    entry.state = InFlight::State::Finished;
    entry.delivery = {};
    --unfinished_;
    while (!entries_.empty() && entries_.front().state == InFlight::State::Finished) {
        entries_.pop();
        ++first_;
    }
}

}  // namespace muster::mqtt
