#include "master/mqtt/session.hpp"

#include <algorithm>

namespace muster::mqtt {

using State = InFlight::State;

namespace {

// A QoS 2 exchange that an earlier process may have begun. It does not expire, nobody else gets the
// message, and its packet id stays in use: the client would take what comes next under it for a
// duplicate (MQTT 5, 4.3.3-7, 4.8.2-5).
bool hasBegun(const Delivery& delivery) {
    return delivery.qos == 2 && delivery.mayBeKnown;
}

}  // namespace

Session::Session(std::string clientId, ClientIdentity identity, const BrokerLimits& limits,
                 ByteBudget& budget, Recorder& recorder, StoreDebt& debt)
    : clientId_(std::move(clientId)),
      identity_(std::move(identity)),
      limits_(limits),
      budget_(budget),
      recorder_(recorder),
      debt_(debt) {}

Session::~Session() {
    budget_.give(queuedBytes_ + inFlightBytes_);
}

InFlight& Session::takeOff(Delivery&& delivery) {
    const std::size_t bytes = delivery.message->bytes();
    inFlightBytes_ += bytes;
    budget_.take(bytes);
    return window_.add(std::move(delivery));
}

// What the client has, or will not get any more, takes no room.
void Session::land(const Delivery& delivery) noexcept {
    if (delivery.message == nullptr) return;
    const std::size_t bytes = delivery.message->bytes();
    inFlightBytes_ -= bytes;
    budget_.give(bytes);
}

SessionRow Session::row() const {
    SessionRow row;
    row.key = key_;
    row.clientId = clientId_;
    row.identity = identity_;
    row.expirySeconds = expirySeconds;
    row.isConnected = isConnected();
    row.endsAt = endsAt;
    row.sentUpTo = firstUnsent();
    if (will) row.will = *will;
    row.willDue = willDue;
    return row;
}

std::uint64_t Session::firstUnsent() const {
    for (std::size_t i = 0; i < queue_.size(); ++i) {
        if (!queue_[i].mayBeKnown) return queue_[i].number;
    }
    return nextNumber_;
}

void Session::restore(Delivery delivery, bool isReceived) {
    nextNumber_ = delivery.number + 1;
    if (isReceived) {  // what is older was sent before it
        while (!queue_.empty()) takeOff(unqueue());
        delivery.qos = 2;
        window_.add(std::move(delivery)).state = State::AwaitsPubcomp;
        return;
    }
    queuedBytes_ += delivery.message->bytes();
    budget_.take(delivery.message->bytes());
    queue_.push(std::move(delivery));
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

// One message always may, so that nobody starves for others' sake.
bool Session::maySend(const Delivery& delivery, std::size_t newBytes) const noexcept {
    const std::size_t bytes = inFlightBytes_ + delivery.message->bytes();
    const bool fits =
        inFlightBytes_ == 0 || (bytes <= limits_.maxQueuedBytes && budget_.hasRoomFor(newBytes));
    return outlet_ != nullptr && sentInFlight_ < quota_ && fits &&
           window_.hasRoomFor(delivery.number) && delivery.after <= recorder_.committed() &&
           outlet_->hasRoom();
}

// A QoS 2 message goes out only when its packet id is in the store: it would get another one after
// a restart, and the client could not tell that it has it already.
void Session::number(Delivery& delivery) {
    delivery.number = nextNumber_++;
    if (!isKept() || !recorder_.isOn() || delivery.kept == nullptr) return;
    auto row = std::make_unique<DeliveryRow>();
    row->session = key_;
    row->number = delivery.number;
    row->message = delivery.kept->key();
    row->qos = delivery.qos;
    row->retain = delivery.retain;
    if (delivery.extras) row->subscriptionIds = delivery.extras->subscriptionIds;
    if (const SharedGroup* group = delivery.group()) row->sharedFilter = group->text;
    recorder_.record(change::PutDelivery{std::move(row)});
    if (delivery.qos == 2) delivery.after = recorder_.recorded();
}

void Session::recordErased(std::uint64_t number) {
    if (isKept()) recorder_.record(change::EraseDelivery{key_, number});
}

bool Session::hasRoomFor(Delivery& delivery) const {
    const std::size_t bytes = delivery.message->bytes();
    const bool isDirect = queue_.empty() && unsentInFlight_ == 0;
    const bool fits = queue_.size() < limits_.maxQueuedMessages &&
                      queuedBytes_ + bytes <= limits_.maxQueuedBytes && budget_.hasRoomFor(bytes);
    delivery.number = nextNumber_;
    return fits || (isDirect && maySend(delivery, bytes));
}

bool Session::deliver(Delivery&& delivery) {
    const std::size_t bytes = delivery.message->bytes();
    const bool isDirect = queue_.empty() && unsentInFlight_ == 0;
    if (!hasRoomFor(delivery)) return false;
    number(delivery);
    if (isDirect && maySend(delivery, bytes)) {
        sendNew(std::move(delivery));
        return true;
    }
    queuedBytes_ += bytes;
    budget_.take(bytes);
    queue_.push(std::move(delivery));
    return true;
}

Delivery Session::unqueue() {
    Delivery delivery = std::move(queue_.front());
    const std::size_t bytes = delivery.message->bytes();
    queuedBytes_ -= bytes;
    budget_.give(bytes);
    queue_.pop();
    return delivery;
}

std::size_t Session::pump(TimePoint now) {
    while (unsentInFlight_ > 0 && outlet_ != nullptr && sentInFlight_ < quota_ &&
           outlet_->hasRoom())
        resendOne();
    std::size_t expired = 0;
    while (!queue_.empty() && unsentInFlight_ == 0 && maySend(queue_.front(), 0)) {
        Delivery delivery = unqueue();
        if (delivery.message->hasExpired(now) && !hasBegun(delivery)) {
            recordErased(delivery.number);
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
        if (hasBegun(delivery) || !unwanted(*delivery.message)) return false;
        queuedBytes_ -= delivery.message->bytes();
        budget_.give(delivery.message->bytes());
        recordErased(delivery.number);
        return true;
    });
    return before - queue_.size();
}

std::vector<Delivery> Session::takeShared(const std::function<bool(SharedGroup&)>& mayGo) {
    std::vector<Delivery> taken;
    const auto isWanted = [&](const Delivery& delivery) {
        return delivery.group() != nullptr && mayGo(*delivery.group());
    };
    for (std::size_t i = window_.length(); i-- > 0;) {  // finish() removes at the front only
        InFlight& entry = window_.at(i);
        if (entry.state != State::AwaitsPuback || !isWanted(entry.delivery)) continue;
        recordErased(entry.delivery.number);
        land(entry.delivery);
        taken.push_back(std::exchange(entry.delivery, {}));
        finish(entry);
    }
    std::reverse(taken.begin(), taken.end());
    queue_.removeIf([&](Delivery& delivery) {
        if (hasBegun(delivery) || !isWanted(delivery)) return false;
        queuedBytes_ -= delivery.message->bytes();
        budget_.give(delivery.message->bytes());
        recordErased(delivery.number);
        taken.push_back(std::move(delivery));
        return true;
    });
    return taken;
}

void Session::sendNew(Delivery&& delivery) {
    InFlight& entry = takeOff(std::move(delivery));
    const Delivery& kept = entry.delivery;
    entry.isSent = true;
    ++sentInFlight_;
    const DeliveryForm form{kept.qos, kept.retain, kept.mayBeKnown, entry.packetId,
                            kept.subscriptionIds()};
    if (!outlet_->send(kept, form)) end(entry);  // MQTT 5, 3.1.2-25
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
    const DeliveryForm form{kept.qos, kept.retain, true, entry.packetId, kept.subscriptionIds()};
    if (!outlet_->send(kept, form)) end(entry);
}

// Finished for good, also in the store.
void Session::end(InFlight& entry) {
    recordErased(entry.delivery.number);
    finish(entry);
}

void Session::finish(InFlight& entry) {
    if (entry.isSent) {
        --sentInFlight_;
    } else {
        --unsentInFlight_;
    }
    land(entry.delivery);
    window_.finish(entry);
}

Session::AckMeaning Session::onPuback(std::uint16_t packetId) {
    InFlight* entry = window_.find(packetId);
    if (entry == nullptr) return AckMeaning::Unknown;
    if (entry->state != State::AwaitsPuback) return AckMeaning::Misplaced;
    end(*entry);
    return AckMeaning::End;
}

Session::AckMeaning Session::onPubrec(std::uint16_t packetId, ReasonCode code) {
    InFlight* entry = window_.find(packetId);
    if (entry == nullptr) return AckMeaning::Unknown;
    if (entry->state == State::AwaitsPuback) return AckMeaning::Misplaced;
    if (code >= ReasonCode::UnspecifiedError) {  // MQTT 5, 4.3.3: ends the exchange
        end(*entry);
        return AckMeaning::End;
    }
    if (entry->state == State::AwaitsPubcomp) return AckMeaning::Step;
    entry->state = State::AwaitsPubcomp;
    const std::uint64_t number = entry->delivery.number;
    if (isKept()) recorder_.record(change::MarkReceived{key_, number});
    land(entry->delivery);
    entry->delivery = {};  // the client has it: only the id is still of interest
    entry->delivery.number = number;
    return AckMeaning::Step;
}

Session::AckMeaning Session::onPubcomp(std::uint16_t packetId) {
    InFlight* entry = window_.find(packetId);
    if (entry == nullptr) return AckMeaning::Unknown;
    if (entry->state != State::AwaitsPubcomp) return AckMeaning::Misplaced;
    end(*entry);
    return AckMeaning::End;
}

Session::Qos2Arrival Session::receiveQos2(std::uint16_t packetId, std::size_t maximum) {
    if (unreleased_.count(packetId) != 0) return Qos2Arrival::Duplicate;
    if (unreleased_.size() >= maximum) return Qos2Arrival::TooMany;
    unreleased_.insert(packetId);
    if (isKept()) recorder_.record(change::PutUnreleased{key_, packetId});
    return Qos2Arrival::New;
}

bool Session::releaseQos2(std::uint16_t packetId) {
    if (unreleased_.erase(packetId) == 0) return false;
    if (isKept()) recorder_.record(change::EraseUnreleased{key_, packetId});
    return true;
}

}  // namespace muster::mqtt
