// What the broker does with its store: takes over what is there, and goes on when it moved.
#include "master/mqtt/broker.hpp"
#include "master/mqtt/connection.hpp"

#include <algorithm>

namespace muster::mqtt {

/// Builds the broker's state from what a store has. Nothing is recorded meanwhile.
class Broker::Restorer final : public StoreReader {
public:
    explicit Restorer(Broker& broker) : broker_(broker) {}

    void session(SessionRow row) override;
    void subscription(change::PutSubscription row) override;
    void delivery(DeliveryRow row, MessagePtr content) override;
    void unreleased(std::uint64_t session, std::uint16_t packetId) override;
    void retained(std::shared_ptr<RoutedMessage> content, ClientIdentity by) override {
        content->publisher = broker_.publisherOf(by);
        if (!broker_.access_.isStillGranted(by)) content->publisher->isRevoked = true;
        broker_.retained_.restore(std::move(content));  // the sweep erases what is revoked
    }
    /// With everything there and recording on: wills of connections that broke, ends of sessions.
    void finish();

private:
    struct LostWill {
        std::uint64_t key = 0;
        ClientIdentity identity;
        std::optional<Will> will;
    };
    Session* find(std::uint64_t key) {
        const auto found = sessions_.find(key);
        return found == sessions_.end() ? nullptr : found->second;
    }

    Broker& broker_;
    std::unordered_map<std::uint64_t, Session*> sessions_;
    std::unordered_map<std::uint64_t, std::uint64_t> sentUpTo_;
    std::unordered_map<std::uint64_t, KeptMessagePtr> kept_;
    std::vector<LostWill> lostWills_;
};

void Broker::Restorer::session(SessionRow row) {
    broker_.recorder_.isUsed(row.key);
    if (!broker_.access_.isStillGranted(row.identity)) {
        lostWills_.push_back({row.key, {}, std::nullopt});
        return;
    }
    if (row.expirySeconds == 0) {
        lostWills_.push_back({row.key, std::move(row.identity), std::move(row.will)});
        return;
    }
    Session& session = broker_.addSession(std::move(row.clientId), std::move(row.identity));
    session.setKey(row.key);
    session.expirySeconds = row.expirySeconds;
    if (row.will) session.will = std::make_unique<Will>(std::move(*row.will));
    // Never more than it may have left, whatever the wall clock says now.
    const TimePoint lastEnd = broker_.now_ + std::chrono::seconds(row.expirySeconds);
    if (row.endsAt) session.endsAt = std::min(*row.endsAt, lastEnd);
    const std::uint32_t delay = session.will ? session.will->properties.willDelay.value_or(0) : 0;
    const TimePoint lastDue = broker_.now_ + std::chrono::seconds(delay);
    if (row.willDue) session.willDue = std::min(*row.willDue, lastDue);
    if (row.isConnected) {  // its connection broke with the process: it is away since now
        if (row.expirySeconds != kNeverExpires) session.endsAt = lastEnd;
        if (session.will) session.willDue = lastDue;
    }
    sessions_.emplace(row.key, &session);
    sentUpTo_.emplace(row.key, row.isConnected ? UINT64_MAX : row.sentUpTo);
}

void Broker::Restorer::subscription(change::PutSubscription row) {
    Session* session = find(row.session);
    const auto filter = TopicFilter::parse(row.filter);
    if (session == nullptr || !filter) return;
    broker_.tree_.add(*filter, *session, row.options);
    session->subscriptions.insert_or_assign(row.filter, Session::Granted{*filter, row.options});
    broker_.countFilter(*session, row.filter);
}

void Broker::Restorer::delivery(DeliveryRow row, MessagePtr content) {
    broker_.recorder_.isUsed(row.message);
    Session* session = find(row.session);
    if (session == nullptr) return;
    Delivery delivery;
    delivery.message = content;
    delivery.qos = row.qos;
    delivery.retain = row.retain;
    delivery.number = row.number;
    // No more than the window holds were sent, whoever was connected.
    const std::size_t before = session->inFlight() + session->queuedMessages();
    delivery.mayBeKnown =
        row.number < sentUpTo_[row.session] && before < broker_.limits_.maxInFlight;
    if (content != nullptr) {
        KeptMessagePtr& kept = kept_[row.message];
        if (kept == nullptr)
            kept = std::make_shared<const KeptMessage>(broker_.recorder_, row.message);
        delivery.kept = kept;
    }
    const auto shared = TopicFilter::parse(row.sharedFilter);
    const auto group = shared ? broker_.tree_.group(*shared) : nullptr;
    if (group != nullptr || !row.subscriptionIds.empty())
        delivery.extras =
            std::make_unique<DeliveryExtras>(DeliveryExtras{std::move(row.subscriptionIds), group});
    session->restore(std::move(delivery), content == nullptr);
}

void Broker::Restorer::unreleased(std::uint64_t session, std::uint16_t packetId) {
    if (Session* known = find(session)) known->restoreUnreleased(packetId);
}

void Broker::Restorer::finish() {
    for (const auto& [key, session] : sessions_) {
        broker_.schedule(*session);
        broker_.recordSession(*session);
    }
    // Whoever gets such a name from now on is somebody else.
    std::erase_if(broker_.publishers_, [](const auto& entry) { return entry.second->isRevoked; });
    for (const LostWill& lost : lostWills_) {
        if (lost.will) broker_.publishWill(*lost.will, lost.identity, nullptr);
        broker_.recorder_.record(change::EraseSession{lost.key});
    }
    broker_.runDue();
}

Result<void> Broker::restore(SessionStore& store, TimePoint now) {
    enter(now);
    Restorer restorer(*this);
    if (auto loaded = store.load(restorer); !loaded) return loaded.error();
    store_ = &store;
    store.setObserver(this);
    recorder_.start(store);
    restorer.finish();
    return {};
}

void Broker::storeMoved(TimePoint now) {
    enter(now);
    releaseHeld();
    std::unordered_set<Session*> sessions;
    sessions.swap(awaiting_);
    for (Session* session : sessions) pump(*session);
    for (const auto& comeAgain : std::exchange(comers_, {})) comeAgain();
    while (!waiting_.empty() && waiting_.front().position <= committed()) {
        const auto then = std::move(waiting_.front().then);
        waiting_.pop();
        then();
    }
}

void Broker::releaseHeld() {
    // In turn: whoever comes first may bring its name to the bound again.
    std::vector<Connection*> holding(holding_.begin(), holding_.end());
    holding_.clear();
    if (!holding.empty())
        std::rotate(holding.begin(),
                    holding.begin() + static_cast<std::ptrdiff_t>(turn_++ % holding.size()),
                    holding.end());
    for (Connection* connection : holding) {
        connection->storeMoved();
        if (connection->awaitsStore()) holding_.insert(connection);
    }
    if (!wasBehind_ || recorder_.isBehind()) return;
    wasBehind_ = false;
    for (Connection* connection : connections_) connection->mayReadAgain();
}

bool Broker::mustComeLater(std::string_view clientId, const ClientIdentity& identity) {
    if (isStoreFailing()) return false;
    const Session* known = find(clientId);
    const bool isOwn = known != nullptr && known->identity().name == identity.name;
    if (isOwn && known->isConnected() && known->outlet()->hasInputLeft()) return true;
    const auto own = shares_.find(identity.name);
    if (own == shares_.end()) return false;
    own->second.debt.settle(committed());
    return own->second.debt.bytes() > 2 * limits_.maxUnstoredBytes;
}

void Broker::whenCommitted(std::function<void()> then) {
    if (recorded() <= committed()) return then();
    waiting_.push(Waiting{recorded(), std::move(then)});
}

}  // namespace muster::mqtt
