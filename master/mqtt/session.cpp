#include "master/mqtt/session.hpp"

#include <algorithm>

namespace muster::mqtt {

using State = InFlight::State;

Session::Session(std::string clientId, ClientIdentity identity, const BrokerLimits& limits,
                 QueueBudget& budget)
    : clientId_(std::move(clientId)),
      identity_(std::move(identity)),
      limits_(limits),
      budget_(budget) {}

Session::~Session() {
    budget_.used -= queuedBytes_;
}

void Session::attach(SessionOutlet& outlet, ClientIdentity identity, std::uint16_t receiveMaximum) {
    outlet_ = &outlet;
    identity_ = std::move(identity);
    quota_ = std::min(receiveMaximum, limits_.maxInFlight);
    sentInFlight_ = 0;
    unsentInFlight_ = window_.size();
    resendNext_ = window_.first();
    for (std::size_t i = 0; i < window_.length(); ++i) window_.at(i).isSent = false;
}

bool Session::maySend() const noexcept {
    return outlet_ != nullptr && sentInFlight_ < quota_ && !window_.isFull() && outlet_->hasRoom();
}

bool Session::deliver(Delivery delivery) {
    if (queue_.empty() && unsentInFlight_ == 0 && maySend()) {
        sendNew(std::move(delivery));
        return true;
    }
    const std::size_t bytes = delivery.message->bytes();
    if (queue_.size() >= limits_.maxQueuedMessages ||
        queuedBytes_ + bytes > limits_.maxQueuedBytes || budget_.used + bytes > budget_.limit) {
        return false;
    }
    queuedBytes_ += bytes;
    budget_.used += bytes;
    queue_.push(std::move(delivery));
    return true;
}

std::size_t Session::pump(TimePoint now) {
    while (unsentInFlight_ > 0 && outlet_ != nullptr && sentInFlight_ < quota_ &&
           outlet_->hasRoom())
        resendOne();
    std::size_t expired = 0;
    while (!queue_.empty() && unsentInFlight_ == 0 && maySend()) {
        Delivery delivery = std::move(queue_.front());
        const std::size_t bytes = delivery.message->bytes();
        queuedBytes_ -= bytes;
        budget_.used -= bytes;
        queue_.pop();
        if (delivery.message->hasExpired(now)) {
            ++expired;
        } else {
            sendNew(std::move(delivery));
        }
    }
    return expired;
}

std::size_t Session::dropQueued(const std::function<bool(const RoutedMessage&)>& unwanted) {
    const std::size_t before = queue_.size();
    queue_.removeIf([&](const Delivery& delivery) {
        if (!unwanted(*delivery.message)) return false;
        queuedBytes_ -= delivery.message->bytes();
        budget_.used -= delivery.message->bytes();
        return true;
    });
    return before - queue_.size();
}

void Session::sendNew(Delivery delivery) {
    InFlight& entry = window_.add(std::move(delivery));
    const Delivery& kept = entry.delivery;
    entry.isSent = true;
    ++sentInFlight_;
    const DeliveryForm form{kept.qos, kept.retain, false, entry.packetId, kept.subscriptionIds};
    if (!outlet_->send(kept, form)) finish(entry);  // MQTT 5, 3.1.2-25
}

// Oldest first (MQTT 5, 4.6.0-1).
void Session::resendOne() {
    for (; resendNext_ < window_.first() + window_.length(); ++resendNext_) {
        if (resendNext_ < window_.first()) resendNext_ = window_.first();
        InFlight& entry = window_.at(static_cast<std::size_t>(resendNext_ - window_.first()));
        if (entry.state == State::Finished || entry.isSent) continue;
        --unsentInFlight_;
        return sendAgain(entry);
    }
    unsentInFlight_ = 0;
}

void Session::sendAgain(InFlight& entry) {
    entry.isSent = true;
    ++sentInFlight_;
    if (entry.state == State::AwaitsPubcomp) return outlet_->sendPubrel(entry.packetId);
    const Delivery& kept = entry.delivery;
    const DeliveryForm form{kept.qos, kept.retain, true, entry.packetId, kept.subscriptionIds};
    if (!outlet_->send(kept, form)) finish(entry);
}

void Session::finish(InFlight& entry) {
    if (entry.isSent) {
        --sentInFlight_;
    } else {
        --unsentInFlight_;
    }
    window_.finish(entry);
}

bool Session::onPuback(std::uint16_t packetId) {
    InFlight* entry = window_.find(packetId);
    if (entry == nullptr || entry->state != State::AwaitsPuback) return false;
    finish(*entry);
    return true;
}

Session::PubrecAnswer Session::onPubrec(std::uint16_t packetId, ReasonCode code) {
    InFlight* entry = window_.find(packetId);
    if (entry == nullptr || entry->state == State::AwaitsPuback) return PubrecAnswer::Unknown;
    if (code >= ReasonCode::UnspecifiedError) {  // MQTT 5, 4.3.3: ends the exchange
        finish(*entry);
        return PubrecAnswer::Ended;
    }
    entry->state = State::AwaitsPubcomp;
    entry->delivery = {};  // the client has it: only the id is still of interest
    return PubrecAnswer::Release;
}

bool Session::onPubcomp(std::uint16_t packetId) {
    InFlight* entry = window_.find(packetId);
    if (entry == nullptr || entry->state != State::AwaitsPubcomp) return false;
    finish(*entry);
    return true;
}

Session::Qos2Arrival Session::receiveQos2(std::uint16_t packetId, std::size_t maximum) {
    if (unreleased_.count(packetId) != 0) return Qos2Arrival::Duplicate;
    if (unreleased_.size() >= maximum) return Qos2Arrival::TooMany;
    unreleased_.insert(packetId);
    return Qos2Arrival::New;
}

}  // namespace muster::mqtt
