#pragma once

#include "master/mqtt/session_store.hpp"

#include <utility>
#include <vector>

namespace muster::test {

/// A store that commits when the test says so.
class ManualSessionStore final : public mqtt::SessionStore {
public:
    Result<void> load(mqtt::StoreReader&) override { return {}; }
    void setObserver(mqtt::StoreObserver* observer) override { observer_ = observer; }
    void record(mqtt::StoreChange change) override { changes.push_back(std::move(change)); }
    mqtt::StorePosition recorded() const noexcept override { return changes.size(); }
    mqtt::StorePosition committed() const noexcept override { return committed_; }
    bool isFailing() const noexcept override { return isFailing_; }
    bool isBehind() const noexcept override { return isBehind_; }
    bool isFull() const noexcept override { return isFailing_ && isFull_; }

    /// All that was recorded, and what comes of that is not.
    void commits() { commits(changes.size()); }
    /// What was recorded up to there.
    void commits(mqtt::StorePosition position) {
        committed_ = position;
        isFailing_ = false;
        move();
    }
    void fails() {
        isFailing_ = true;
        move();
    }
    /// It can be written again; what waits is not yet.
    void recovers() {
        isFailing_ = false;
        move();
    }
    void isNow(bool behind) {
        isBehind_ = behind;
        move();
    }
    /// While it fails.
    void isNowFull() { isFull_ = true; }
    template <class Change>
    std::size_t count() const {
        std::size_t sum = 0;
        for (const auto& change : changes)
            if (std::holds_alternative<Change>(change)) ++sum;
        return sum;
    }

    std::vector<mqtt::StoreChange> changes;
    TimePoint now{std::chrono::hours(1)};

private:
    void move() {
        if (observer_ != nullptr) observer_->storeMoved(now);
    }
    mqtt::StoreObserver* observer_ = nullptr;
    mqtt::StorePosition committed_ = 0;
    bool isFailing_ = false;
    bool isBehind_ = false;
    bool isFull_ = false;
};

}  // namespace muster::test
