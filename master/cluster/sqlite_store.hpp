#pragma once

#include "common/event_loop.hpp"
#include "master/cluster/state_store.hpp"
#include "master/cluster/store_file.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>

namespace muster {

/// StateStore in one SQLite file on this host. A thread of its own writes: it takes what is queued
/// as one group, commits it, and reports on `loop`, where reads are served from memory. Owned by
/// the composition root; `loop` outlives it.
class SqliteStore final : public StateStore {
public:
    static constexpr std::size_t kMaxQueued = 10'000;  // transactions that are not committed yet
    static constexpr std::size_t kMaxQueuedBytes = 256 << 20;
    static constexpr std::size_t kMaxKey = 512;         // bytes
    static constexpr std::size_t kMaxValue = 16 << 20;  // bytes

    /// Opens or makes the store; blocks while it is read. `powerDurability`: an fsync a group.
    /// Failed says why the file is refused and what to do.
    static Result<std::unique_ptr<SqliteStore>> open(EventLoop& loop, const std::string& file,
                                                     bool powerDurability);
    /// Writes what is queued, then stops the thread. No callback runs afterwards.
    ~SqliteStore() override;
    SqliteStore(const SqliteStore&) = delete;
    SqliteStore& operator=(const SqliteStore&) = delete;

    void commit(Transaction transaction, std::function<void(Result<std::int64_t>)> done) override;
    std::optional<StoreEntry> get(std::string_view key) const override;
    std::vector<StoreEntry> list(std::string_view prefix) const override;
    void watch(std::string prefix,
               std::function<void(const std::string&, const std::optional<StoreEntry>&)> onChange)
        override;

private:
    using Done = std::function<void(Result<std::int64_t>)>;
    using OnChange = std::function<void(const std::string&, const std::optional<StoreEntry>&)>;
    struct Job {
        Transaction transaction;
        Done done;
        std::size_t bytes = 0;
    };
    /// An entry has its key inside: a map would hold it twice.
    struct ByKey {
        using is_transparent = void;
        static std::string_view keyOf(const StoreEntry& entry) { return entry.key; }
        static std::string_view keyOf(std::string_view key) { return key; }
        bool operator()(const auto& a, const auto& b) const { return keyOf(a) < keyOf(b); }
    };
    struct Watcher {
        std::string prefix;
        OnChange onChange;
    };

    SqliteStore(EventLoop& loop, StoreFile file, std::vector<StoreEntry> entries);
    void wakeLater();
    void keep(const StoreEntry& entry);
    void write();
    void deliver(std::vector<Job>& jobs, std::vector<Applied>& results);
    void changed(const std::string& key, const std::optional<StoreEntry>& entry,
                 const std::shared_ptr<bool>& isAlive);

    EventLoop& loop_;
    StoreFile file_;                                  // the writer's
    std::set<StoreEntry, ByKey> entries_;             // the loop's
    std::vector<std::shared_ptr<Watcher>> watchers_;  // the loop's
    std::size_t queuedCount_ = 0;                     // the loop's: not yet reported
    std::size_t queuedBytes_ = 0;
    bool willWake_ = false;  // the loop's: the writer is told at the end of this turn
    std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);  // shared with posted reports

    std::mutex mutex_;
    std::condition_variable hasWork_;
    std::vector<Job> queue_;
    bool isStopping_ = false;
    std::thread writer_;
};

}  // namespace muster
