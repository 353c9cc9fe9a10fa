// The lives of sessions: take-over, resumption, wills and expiry.
#include "master/mqtt/broker.hpp"

#include <algorithm>

namespace muster::mqtt {

Session* Broker::find(std::string_view clientId) {
    const auto found = sessions_.find(clientId);
    return found == sessions_.end() ? nullptr : found->second.get();
}

// Makes way for the new connection: no other one of that id, no old state if a clean start is
// asked.
ReasonCode Broker::prepare(const SessionRequest& request) {
    Session* known = find(request.clientId);
    if (known != nullptr && known->identity().name != request.identity.name)
        return ReasonCode::ClientIdentifierNotValid;
    if (!canKeep(request, known)) return ReasonCode::ServerUnavailable;
    if (known != nullptr && known->isConnected()) {
        takeOver(*known);
        known = find(request.clientId);  // it may have ended with its connection
    }
    if (known != nullptr && request.cleanStart) {
        endSession(*known);
        known = nullptr;
    }
    if (known == nullptr && hasTooManySessions(request.identity.name)) {
        ++counters_.sessionsRefused;
        return ReasonCode::QuotaExceeded;
    }
    return ReasonCode::Success;
}

// While the store fails: no new session that would have to be kept, and once too much waits for the
// store, nobody of whom anything would be added.
bool Broker::canKeep(const SessionRequest& request, const Session* known) const {
    if (!recorder_.isFailing()) return true;
    const bool isResumed = known != nullptr && known->expirySeconds != 0 && !request.cleanStart;
    if (request.expirySeconds != 0 && !isResumed) return false;
    const bool isRecorded = request.expirySeconds != 0 || (request.will && request.will->retain) ||
                            (known != nullptr && known->key() != 0);
    return !isRecorded || !recorder_.isFull();
}

bool Broker::hasTooManySessions(const std::string& name) const {
    const auto own = shares_.find(name);
    return sessions_.size() >= limits_.maxSessions ||
           (own != shares_.end() && own->second.sessions >= limits_.maxSessionsPerIdentity);
}

Session& Broker::addSession(std::string clientId, ClientIdentity identity) {
    Share& share = shares_[identity.name];
    ++share.sessions;
    share.queued.limit = limits_.maxQueuedBytesPerIdentity;
    share.queued.total = &budget_;
    share.subscribed.limit = limits_.maxSubscriptionBytesPerIdentity;
    share.subscribed.total = &subscribed_;
    auto session = std::make_unique<Session>(std::move(clientId), std::move(identity), limits_,
                                             share.queued, recorder_, share.debt);
    Session& added = *session;
    sessions_.emplace(added.clientId(), std::move(session));
    return added;
}

void Broker::eraseSession(const Session& session) {
    const auto own = shares_.find(session.identity().name);
    sessions_.erase(sessions_.find(session.clientId()));  // it stands on its share
    if (--own->second.sessions == 0) unused_.insert(own->first);
}

// Not at once: what a name owes stays its debt when it comes back, and it may just be paying.
void Broker::sweepShares() {
    std::erase_if(unused_, [this](const std::string& name) {
        const auto own = shares_.find(name);
        if (own->second.sessions != 0) return true;
        own->second.debt.settle(committed());
        if (own->second.debt.bytes() != 0) return false;
        shares_.erase(own);
        return true;
    });
}

bool Broker::discard(std::string_view clientId, const ClientIdentity& identity) {
    Session* known = find(clientId);
    if (known == nullptr || known->identity().name != identity.name) return false;
    const bool isKept = known->isKept() && !recorder_.isFailing();
    if (!isKept) return false;  // attach() does it
    if (known->isConnected()) takeOver(*known);
    if (known = find(clientId); known != nullptr) endSession(*known);
    return recorder_.recorded() > recorder_.committed();
}

Attachment Broker::attach(SessionRequest request, SessionOutlet& outlet) {
    const ReasonCode code = prepare(request);
    if (code != ReasonCode::Success) return {code, nullptr, false};
    Session* known = find(request.clientId);
    const bool isPresent = known != nullptr;
    Session& session =
        isPresent ? *known : addSession(std::move(request.clientId), request.identity);
    const auto payer = paidBy(&session);
    session.attach(outlet, std::move(request.identity), request.receiveMaximum);
    // In place of one that waited for its delay.
    session.will = request.will ? std::make_unique<Will>(std::move(*request.will)) : nullptr;
    session.willDue.reset();
    session.endsAt.reset();
    session.expirySeconds = std::min(request.expirySeconds, limits_.maxSessionExpiry);
    schedule(session);
    if (isPresent) {  // rights may have changed while it was away
        counters_.deliveriesDenied += session.dropQueued([&](const RoutedMessage& message) {
            return !access_.mayRead(session.identity(), message.topic);
        });
    }
    recordSession(session);
    ++counters_.clientsConnected;
    ++connectedClients_;
    note({"connect", session.clientId(), {}, 0, -1, request.peer});
    if (observer_ != nullptr)
        observer_->clientConnected(session.clientId(), session.identity(), request.peer);
    return {ReasonCode::Success, &session, isPresent};
}

// In the store is who has something to lose: a session that outlives its connection, or a will that
// would correct a retained message.
void Broker::recordSession(Session& session) {
    if (!recorder_.isOn()) return;
    if (session.expirySeconds != 0 || (session.will && session.will->retain)) {
        if (session.key() == 0) session.setKey(recorder_.newKey());
        recorder_.record(change::PutSession{std::make_unique<SessionRow>(session.row())});
    } else if (session.key() != 0) {
        recorder_.record(change::EraseSession{session.key()});
        session.setKey(0);
    }
}

void Broker::takeOver(Session& session) {
    ++counters_.takeOvers;
    SessionOutlet* old = session.outlet();
    detach(session, {true, std::nullopt, "taken over by a new connection"});
    old->detached(ReasonCode::SessionTakenOver, "taken over by a new connection");
}

void Broker::detach(Session& session, const Departure& departure) {
    const auto payer = paidBy(&session);
    if (session.isConnected()) --connectedClients_;
    session.detach();
    note({"disconnect", session.clientId(), {}, 0, -1, departure.reason});
    if (observer_ != nullptr)
        observer_->clientDisconnected(session.clientId(), session.identity(), departure.reason);
    if (departure.expirySeconds)
        session.expirySeconds = std::min(*departure.expirySeconds, limits_.maxSessionExpiry);
    if (!departure.publishWill) session.will.reset();
    if (session.expirySeconds == 0) return endSession(session);
    if (session.will) {
        const std::chrono::seconds delay(session.will->properties.willDelay.value_or(0));
        session.willDue = now_ + delay;
        if (delay.count() == 0) publishWill(session);
    }
    if (session.expirySeconds != kNeverExpires)
        session.endsAt = now_ + std::chrono::seconds(session.expirySeconds);
    schedule(session);
    redeal(session, false);
    recordSession(session);
}

// The rights are those at this moment, not those at CONNECT.
void Broker::publishWill(Session& session) {
    const auto payer = paidBy(&session);
    session.willDue.reset();
    if (!session.will) return;
    const auto will = std::move(session.will);
    publishWill(*will, session.identity(), &session);
}

void Broker::publishWill(const Will& will, const ClientIdentity& identity, const Session* from) {
    ++counters_.willsPublished;
    publish({will.topic, will.payload, will.qos, will.retain, &will.properties, false, true},
            identity, from);
}

// A will that waits is due at the latest when its session ends (MQTT 5, 3.1.2-8).
void Broker::endSession(Session& session) {
    const auto payer = paidBy(&session);
    publishWill(session);
    ByteBudget& share = shareOf(session).subscribed;
    for (const auto& [text, granted] : session.subscriptions) {
        tree_.remove(granted.filter, session);
        share.give(costOf(text));
    }
    redeal(session, true);
    if (session.key() != 0) recorder_.record(change::EraseSession{session.key()});
    if (session.scheduledFor) due_.erase({*session.scheduledFor, &session});
    backlog_.erase(&session);
    awaiting_.erase(&session);
    eraseSession(session);
}

void Broker::schedule(Session& session) {
    if (session.scheduledFor) due_.erase({*session.scheduledFor, &session});
    session.scheduledFor = session.willDue;
    if (session.endsAt && (!session.scheduledFor || *session.endsAt < *session.scheduledFor))
        session.scheduledFor = session.endsAt;
    if (session.scheduledFor) due_.insert({*session.scheduledFor, &session});
}

void Broker::runDue() {
    while (!due_.empty() && due_.begin()->first <= now_) {
        Session& session = *due_.begin()->second;
        if (session.endsAt && *session.endsAt <= now_) {
            ++counters_.sessionsExpired;
            endSession(session);
            continue;
        }
        publishWill(session);
        schedule(session);
        recordSession(session);
    }
}

// Goes round, some sessions in each tick: what has expired takes no room from what has not.
void Broker::sweepQueues() {
    constexpr std::size_t kSlice = 2'000;  // sessions and messages looked at
    const auto isUnwanted = [this](const RoutedMessage& one) { return one.hasExpired(now_); };
    auto at = sessions_.upper_bound(queuesSweptUpTo_);
    for (std::size_t steps = 0; at != sessions_.end() && steps < kSlice; ++at) {
        Session& session = *at->second;
        steps += 1 + session.queuedMessages();
        if (session.queuedMessages() > 0)
            counters_.droppedExpired += session.dropQueued(isUnwanted);
        queuesSweptUpTo_ = session.clientId();
    }
    if (at == sessions_.end()) queuesSweptUpTo_.clear();
}

// A member that is gone for now gives up its messages to those who are there; one that ends, to
// whoever is left.
bool Broker::mayTake(const SharedGroup& group, const Session& but, bool isEnding) const {
    return std::any_of(group.members.begin(), group.members.end(), [&](const Subscriber& member) {
        return member.session != &but && (isEnding || member.session->isConnected());
    });
}

void Broker::redeal(Session& session, bool isEnding) {
    std::unordered_map<const SharedGroup*, bool> known;  // a long queue may be of one large group
    const auto mayGo = [&](const SharedGroup& group) {
        const auto [at, isNew] = known.try_emplace(&group);
        if (isNew) at->second = mayTake(group, session, isEnding);
        return at->second;
    };
    for (Delivery& delivery : session.takeShared(mayGo)) {
        SharedGroup& group = *delivery.group();
        const Subscriber* chosen = choose(group, delivery.message->topic);
        if (chosen == nullptr) continue;
        ++counters_.redealt;
        Routing routing(delivery.message, now_);
        routing.setKept(std::move(delivery.kept));
        DeliveryForm form;
        form.qos = std::min(delivery.message->qos, chosen->options.qos);
        form.retain = delivery.message->retain && chosen->options.retainAsPublished;
        if (chosen->options.identifier != 0)
            form.subscriptionIds = {&chosen->options.identifier, 1};
        deliverTo(*chosen->session, routing, form, &group);
    }
}

}  // namespace muster::mqtt
