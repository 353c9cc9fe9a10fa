#pragma once

#include "master/mqtt/session_store.hpp"
#include "master/mqtt/store_debt.hpp"

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
    /// For as long as it lives, whatever is recorded counts as this debt; an inner one comes first.
    class Payer {
    public:
        /// `debt` null: nobody's. It outlives this.
        Payer(Recorder& recorder, StoreDebt* debt) noexcept
            : recorder_(recorder), outer_(std::exchange(recorder.payer_, debt)) {}
        ~Payer() { recorder_.payer_ = outer_; }
        Payer(const Payer&) = delete;
        Payer& operator=(const Payer&) = delete;

    private:
        Recorder& recorder_;
        StoreDebt* outer_;
    };

    /// Begins to record. Before the first session.
    void start(SessionStore& store) noexcept {
        store_ = &store;
        recorded_ = store.recorded();
    }
    /// What follows is not recorded: the broker ends, what it holds stays in the store.
    void stop() noexcept {
        store_ = nullptr;
        recorded_ = 0;
    }
    bool isOn() const noexcept { return store_ != nullptr; }

    void record(StoreChange change);
    /// A name for a session or message; never one that came back from the store.
    std::uint64_t newKey() noexcept { return ++lastKey_; }
    void isUsed(std::uint64_t key) noexcept { lastKey_ = key > lastKey_ ? key : lastKey_; }
    /// Precondition: isOn().
    KeptMessagePtr keep(const MessagePtr& message);

    /// Of this recorder's changes the last one.
    StorePosition recorded() const noexcept { return recorded_; }
    StorePosition committed() const noexcept { return store_ != nullptr ? store_->committed() : 0; }
    bool isFailing() const noexcept { return store_ != nullptr && store_->isFailing(); }
    bool isFull() const noexcept { return store_ != nullptr && store_->isFull(); }
    bool isBehind() const noexcept { return store_ != nullptr && store_->isBehind(); }

private:
    SessionStore* store_ = nullptr;
    StorePosition recorded_ = 0;
    StoreDebt* payer_ = nullptr;
    std::uint64_t lastKey_ = 0;
};

}  // namespace muster::mqtt
