#include "master/mqtt/broker.hpp"

#include "master/mqtt/connection.hpp"

namespace muster::mqtt {

namespace {

constexpr std::size_t kSweepSlice = 2'000;  // retained messages looked at for expiry in one tick

}  // namespace

Broker::Broker(BrokerLimits limits, AccessControl& access, std::string seed,
               BrokerObserver* observer)
    : limits_(limits),
      access_(access),
      seed_(std::move(seed)),
      observer_(observer),
      budget_{0, limits.maxQueuedBytesTotal, nullptr},
      subscribed_{0, limits.maxSubscriptionBytes, nullptr},
      retained_(limits.maxRetained, limits.maxRetainedBytes, recorder_) {}

Broker::~Broker() {
    recorder_.stop();
    if (store_ != nullptr) store_->setObserver(nullptr);
}

void Broker::tick(TimePoint now) {
    enter(now);
    // A connection's tick may close it; it leaves the set only when its shell destroys it, later.
    for (Connection* connection : connections_) connection->tick(now);
    runDue();
    trace_.expire(now_);
    counters_.droppedExpired += retained_.sweep(now_, kSweepSlice);
    sweepQueues();
    sweepShares();
}

void Broker::work(TimePoint now) {
    enter(now);
    std::unordered_set<Session*> sessions;
    sessions.swap(backlog_);
    for (Session* session : sessions) pump(*session);
}

void Broker::wantWork(Session& session) {
    const bool wasIdle = backlog_.empty();
    backlog_.insert(&session);
    if (wasIdle && wake_) wake_();
}

ReasonCode Broker::subscribe(Session& session, const Subscription& wish, std::uint32_t identifier) {
    const auto filter = TopicFilter::parse(wish.filter);
    if (isTooDeep(wish.filter) || !filter) return ReasonCode::TopicFilterInvalid;
    if (filter->isShared() && wish.noLocal) return ReasonCode::ProtocolError;  // 3.8.3-4
    if (!access_.maySubscribe(session.identity(), filter->filter())) {
        ++counters_.subscriptionsDenied;
        note({"deny", session.clientId(), wish.filter, 0, wish.qos, "subscribe"});
        if (observer_ != nullptr)
            observer_->accessDenied(session.identity(), "subscribe to", filter->filter());
        return ReasonCode::NotAuthorized;
    }
    const auto known = session.subscriptions.find(wish.filter);
    const bool isNew = known == session.subscriptions.end();
    if (isNew && !hasRoomFor(session, wish.filter)) {
        ++counters_.subscriptionsRefused;
        return ReasonCode::QuotaExceeded;
    }
    const SubscriptionOptions options{wish.qos, wish.noLocal, wish.retainAsPublished, identifier};
    if (session.isKept() && recorder_.isFailing()) return ReasonCode::QuotaExceeded;
    tree_.add(*filter, session, options);
    if (session.isKept())
        recorder_.record(change::PutSubscription{session.key(), wish.filter, options});
    session.subscriptions.insert_or_assign(wish.filter, Session::Granted{*filter, options});
    if (isNew) countFilter(session, wish.filter);
    note({"subscribe", session.clientId(), wish.filter, 0, wish.qos, {}});
    queueRetained(session, *filter, wish, options, isNew);
    return static_cast<ReasonCode>(wish.qos);
}

bool Broker::hasRoomFor(const Session& session, const std::string& filter) {
    return session.subscriptions.size() < limits_.maxSubscriptions &&
           session.filterBytes + filter.size() <= limits_.maxFilterBytes &&
           shareOf(session).subscribed.hasRoomFor(costOf(filter));
}

void Broker::countFilter(Session& session, const std::string& filter) {
    session.filterBytes += filter.size();
    shareOf(session).subscribed.take(costOf(filter));
}

ReasonCode Broker::unsubscribe(Session& session, const std::string& filter) {
    const auto known = session.subscriptions.find(filter);
    if (known == session.subscriptions.end()) return ReasonCode::NoSubscriptionExisted;
    note({"unsubscribe", session.clientId(), filter, 0, -1, {}});
    const TopicFilter& gone = known->second.filter;
    tree_.remove(gone, session);
    if (!gone.isShared())  // has none; a plain subscription to the same filter may have
        session.pendingRetained.removeIf(
            [&](const auto& pending) { return pending->filter.filter() == gone.filter(); });
    shareOf(session).subscribed.give(costOf(filter));
    session.subscriptions.erase(known);
    session.filterBytes -= filter.size();
    if (session.isKept()) recorder_.record(change::EraseSubscription{session.key(), filter});
    return ReasonCode::Success;
}

std::string Broker::assignClientId() {
    std::string id;
    do {
        id = "auto-" + seed_ + "-" + std::to_string(++assigned_);
    } while (sessions_.count(id) != 0);
    return id;
}

std::size_t Broker::revoke(const std::function<bool(const ClientIdentity&)>& isRevoked,
                           ReasonCode code) {
    std::vector<std::string> ids;
    for (const auto& [id, session] : sessions_) {
        if (isRevoked(session->identity())) ids.emplace_back(id);
    }
    // Before any of them ends: what it leaves of a shared subscription is for those who stay.
    for (const std::string& id : ids) {
        Session& session = *find(id);
        for (const auto& [text, granted] : session.subscriptions)
            tree_.remove(granted.filter, session);
    }
    for (const std::string& id : ids) {
        Session* session = find(id);
        if (session == nullptr) continue;
        SessionOutlet* outlet = session->outlet();
        session->will.reset();  // its rights are gone, the will's among them
        if (outlet != nullptr) detach(*session, {false, 0, "disconnected by the server"});
        if (session = find(id); session != nullptr) endSession(*session);
        if (outlet != nullptr) outlet->detached(code, "disconnected by the server");
    }
    std::erase_if(publishers_, [&](const auto& entry) {
        const Publisher& publisher = *entry.second;
        if (isRevoked(publisher.identity)) publisher.isRevoked = true;
        return publisher.isRevoked;
    });
    return ids.size();
}

bool Broker::disconnectClient(const std::string& clientId) {
    Session* session = find(clientId);
    if (session == nullptr || !session->isConnected()) return false;
    if (*session->outlet()->facts().protocol == '\0') return false;  // the master's own
    constexpr std::string_view kWhy = "disconnected by an administrator";
    SessionOutlet* outlet = session->outlet();
    detach(*session, {true, std::nullopt, kWhy});
    outlet->detached(ReasonCode::AdministrativeAction, kWhy);
    return true;
}

void Broker::shutDown() {
    for (Connection* connection : connections_) connection->shutDown();
}

BrokerGauges Broker::gauges() const {
    BrokerGauges gauges;
    gauges.connections = connections_.size();
    gauges.halfOpen = admission_.halfOpen();
    gauges.connectedClients = connectedClients_;
    gauges.sessions = sessions_.size();
    gauges.subscriptions = tree_.size();
    gauges.retained = retained_.size();
    gauges.retainedBytes = retained_.bytes();
    gauges.queuedBytes = budget_.used;
    return gauges;
}

}  // namespace muster::mqtt
