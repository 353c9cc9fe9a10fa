#include "test/fuzz/script_store.hpp"

#include <map>
#include <set>
#include <utility>

namespace muster::test {

using namespace mqtt;

namespace {

/// What committed changes add up to.
struct Tables {
    using OfSession = std::pair<std::uint64_t, std::uint64_t>;

    void operator()(const change::PutSession& c) { sessions[c.row->key] = *c.row; }
    void operator()(const change::EraseSession& c) {
        sessions.erase(c.session);
        const auto isIts = [&](const auto& entry) { return entry.first.first == c.session; };
        std::erase_if(subscriptions, isIts);
        std::erase_if(deliveries, isIts);
        std::erase_if(unreleased, [&](const auto& entry) { return entry.first == c.session; });
    }
    void operator()(const change::PutSubscription& c) { subscriptions[{c.session, c.filter}] = c; }
    void operator()(const change::EraseSubscription& c) {
        subscriptions.erase({c.session, c.filter});
    }
    void operator()(const change::PutMessage& c) { messages[c.message] = c.content; }
    void operator()(const change::EraseMessage& c) { messages.erase(c.message); }
    void operator()(const change::PutDelivery& c) {
        deliveries[{c.row->session, c.row->number}] = *c.row;
    }
    void operator()(const change::MarkReceived& c) { received.insert({c.session, c.number}); }
    void operator()(const change::EraseDelivery& c) {
        deliveries.erase({c.session, c.number});
        received.erase({c.session, c.number});
    }
    void operator()(const change::PutUnreleased& c) { unreleased.insert({c.session, c.packetId}); }
    void operator()(const change::EraseUnreleased& c) { unreleased.erase({c.session, c.packetId}); }
    void operator()(const change::PutRetained& c) { retained[c.content->topic] = c.content; }
    void operator()(const change::EraseRetained& c) { retained.erase(c.topic); }

    void giveTo(StoreReader& reader) const {
        for (const auto& [key, row] : sessions) reader.session(row);
        for (const auto& [key, row] : subscriptions) reader.subscription(row);
        for (const auto& [key, row] : deliveries) {
            const auto content = messages.find(row.message);
            const bool isGone = received.count(key) != 0 || content == messages.end();
            reader.delivery(row, isGone ? nullptr : content->second);
        }
        for (const auto& [session, packetId] : unreleased) reader.unreleased(session, packetId);
        for (const auto& [topic, content] : retained)
            reader.retained(std::make_shared<RoutedMessage>(*content),
                            content->publisher ? content->publisher->identity : ClientIdentity{});
    }

    std::map<std::uint64_t, SessionRow> sessions;
    std::map<std::pair<std::uint64_t, std::string>, change::PutSubscription> subscriptions;
    std::map<std::uint64_t, MessagePtr> messages;
    std::map<OfSession, DeliveryRow> deliveries;
    std::set<OfSession> received;
    std::set<std::pair<std::uint64_t, std::uint16_t>> unreleased;
    std::map<std::string, MessagePtr> retained;
};

}  // namespace

Result<void> ScriptStore::load(StoreReader& reader) {
    Tables tables;
    for (const StoreChange& change : changes_) std::visit(tables, change);
    tables.giveTo(reader);
    isDead_ = false;
    return {};
}

bool ScriptStore::isBehind() const noexcept {
    constexpr std::size_t kMostUncommitted = 40;
    return !isFailing_ && changes_.size() - committed_ > kMostUncommitted;
}

bool ScriptStore::isFull() const noexcept {
    constexpr std::size_t kMostWaiting = 60;
    return isFailing_ && changes_.size() - committed_ > kMostWaiting;
}

bool ScriptStore::commit(TimePoint now) {
    if (isHeld_ || isFailing_ || committed_ == changes_.size()) return false;
    committed_ = changes_.size();
    if (observer_ != nullptr) observer_->storeMoved(now);
    return true;
}

void ScriptStore::fail(bool isFailing, TimePoint now) {
    isFailing_ = isFailing;
    if (observer_ != nullptr) observer_->storeMoved(now);
}

void ScriptStore::crash() {
    isDead_ = true;
    changes_.resize(committed_);
    observer_ = nullptr;
    isHeld_ = isFailing_ = false;
}

}  // namespace muster::test
