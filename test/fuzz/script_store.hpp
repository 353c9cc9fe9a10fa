#pragma once

#include "master/mqtt/session_store.hpp"

#include <vector>

namespace muster::test {

/// A store in memory that commits when a script says so, fails, and forgets at a crash what was not
/// committed, as a real one would.
class ScriptStore final : public mqtt::SessionStore {
public:
    Result<void> load(mqtt::StoreReader& reader) override;
    void setObserver(mqtt::StoreObserver* observer) override { observer_ = observer; }
    void record(mqtt::StoreChange change) override {
        if (!isDead_) changes_.push_back(std::move(change));
    }
    mqtt::StorePosition recorded() const noexcept override { return changes_.size(); }
    mqtt::StorePosition committed() const noexcept override { return committed_; }
    bool isFailing() const noexcept override { return isFailing_; }
    bool isBehind() const noexcept override;
    bool isFull() const noexcept override;

    /// False: there was nothing to commit, or it may not.
    bool commit(TimePoint now);
    /// Commits nothing while it is held.
    void hold(bool isHeld) { isHeld_ = isHeld; }
    bool isHeld() const noexcept { return isHeld_; }
    void fail(bool isFailing, TimePoint now);
    /// From now on the broker's process is dead: nothing is recorded until load().
    void crash();

private:
    std::vector<mqtt::StoreChange> changes_;
    mqtt::StorePosition committed_ = 0;
    mqtt::StoreObserver* observer_ = nullptr;
    bool isHeld_ = false;
    bool isFailing_ = false;
    bool isDead_ = false;
};

}  // namespace muster::test
