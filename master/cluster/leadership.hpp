#pragma once

#include "common/event_loop.hpp"
#include "master/cluster/state_store.hpp"

#include <functional>
#include <memory>
#include <string>

namespace muster {

/// One leadership: what stands in every order, and in the `leader` record of the topic tree.
struct LeaderTerm {
    std::string masterId;
    std::int64_t epoch = 0;  // strictly rising over all leaderships of a store; from 1
    std::string clusterUid;  // made with the store; another one is another cluster
    WallTime since;
    bool operator==(const LeaderTerm&) const = default;
};

/// A master's leadership of the cluster whose state is in `store`: takes a new epoch, and lets only
/// the leader write. It needs nothing of the store but transactions, so it is the same for every
/// store; what makes the lease (a lock on this host, a lease of etcd) is the `isLeaseHeld` that it
/// is given. On the loop's thread; store and loop outlive it.
class Leadership final : public StateStore {
public:
    struct Options {
        std::string masterId;
        /// Whether the lease is still held; asked every `checkEvery`, and before every write.
        std::function<bool()> isLeaseHeld;
        std::chrono::milliseconds checkEvery{1'000};
    };
    static constexpr const char* kLeaderKey = "leader";    // {"id","epoch","since"}
    static constexpr const char* kClusterKey = "cluster";  // {"uid"}

    Leadership(EventLoop& loop, StateStore& store, Options options);
    ~Leadership() override;
    Leadership(const Leadership&) = delete;
    Leadership& operator=(const Leadership&) = delete;

    /// Takes a new epoch; Conflict if another master was faster. Call once.
    void lead(std::function<void(Result<LeaderTerm>)> done);
    /// Called once when leadership is lost, with the reason in words: stop everything that has an
    /// effect outside.
    void onLost(std::function<void(const std::string& reason)> listener);
    /// Looks at the lease. To be asked before every effect outside.
    bool isLeading();
    /// The term; meaningful while it leads and after it was lost.
    const LeaderTerm& term() const { return term_; }

    /// The store as the leader may write it: each transaction also compares the leader's key, so
    /// that a deposed leader gets Conflict whatever it tries.
    void commit(Transaction transaction, std::function<void(Result<std::int64_t>)> done) override;
    std::optional<StoreEntry> get(std::string_view key) const override { return store_.get(key); }
    std::vector<StoreEntry> list(std::string_view prefix) const override {
        return store_.list(prefix);
    }
    void watch(std::string prefix,
               std::function<void(const std::string&, const std::optional<StoreEntry>&)> onChange)
        override {
        store_.watch(std::move(prefix), std::move(onChange));
    }

private:
    void took(Result<std::int64_t> revision, const LeaderTerm& term,
              const std::function<void(Result<LeaderTerm>)>& done);
    void check();
    void probe();
    void lost(const std::string& reason);

    EventLoop& loop_;
    StateStore& store_;
    Options options_;
    LeaderTerm term_;
    std::int64_t revision_ = 0;  // of the leader's key; 0: not leading
    TimerId timer_ = 0;
    bool isProbing_ = false;
    std::function<void(const std::string&)> onLost_;
    std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);  // shared with callbacks
};

}  // namespace muster
