#pragma once

#include "master/mqtt/session_store.hpp"

#include <memory>
#include <utility>

namespace muster::mqtt {

class Recorder;

/// A message in the store, for as long as a session has to deliver it.
class KeptMessage {
public:
    KeptMessage(Recorder& recorder, std::uint64_t key) : recorder_(recorder), key_(key) {}
    ~KeptMessage();
    KeptMessage(const KeptMessage&) = delete;
    KeptMessage& operator=(const KeptMessage&) = delete;
    std::uint64_t key() const noexcept { return key_; }

private:
    Recorder& recorder_;
    std::uint64_t key_;
};
/// The broker's pen: writes changes to the store, or nowhere if there is none. Names sessions and
/// messages. Outlives all sessions.
class Recorder {
public:
    /// Begins to record. Before the first session.
    void start(SessionStore& store) noexcept { store_ = &store; }
    /// What follows is not recorded: the broker ends, what it holds stays in the store.
    void stop() noexcept { store_ = nullptr; }
    bool isOn() const noexcept { return store_ != nullptr; }

    void record(StoreChange change) {
        if (store_ != nullptr) store_->record(std::move(change));
    }
    /// A name for a session or message; never one that came back from the store.
    std::uint64_t newKey() noexcept { return ++lastKey_; }
    void isUsed(std::uint64_t key) noexcept { lastKey_ = key > lastKey_ ? key : lastKey_; }
    /// Precondition: isOn().
    KeptMessagePtr keep(const MessagePtr& message);

    StorePosition recorded() const noexcept { return store_ != nullptr ? store_->recorded() : 0; }
    StorePosition committed() const noexcept { return store_ != nullptr ? store_->committed() : 0; }
    bool isFailing() const noexcept { return store_ != nullptr && store_->isFailing(); }
    bool isFull() const noexcept { return store_ != nullptr && store_->isFull(); }
    bool isBehind() const noexcept { return store_ != nullptr && store_->isBehind(); }

private:
    SessionStore* store_ = nullptr;
    std::uint64_t lastKey_ = 0;
};

}  // namespace muster::mqtt
