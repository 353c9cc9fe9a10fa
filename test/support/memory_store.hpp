#pragma once

#include "common/event_loop.hpp"
#include "master/cluster/state_store.hpp"

#include <map>
#include <memory>

namespace muster::test {

/// A StateStore in memory, for tests: commits when its loop runs what was posted.
class MemoryStore final : public StateStore {
public:
    explicit MemoryStore(EventLoop& loop) : loop_(loop) {}
    MemoryStore(const MemoryStore&) = delete;
    MemoryStore& operator=(const MemoryStore&) = delete;

    void commit(Transaction transaction, std::function<void(Result<std::int64_t>)> done) override {
        loop_.post([this, transaction = std::move(transaction), done = std::move(done)] {
            const auto result = apply(transaction);
            if (done) done(result);
        });
    }
    std::optional<StoreEntry> get(std::string_view key) const override {
        const auto found = entries_.find(key);
        return found == entries_.end() ? std::nullopt : std::optional(found->second);
    }
    std::vector<StoreEntry> list(std::string_view prefix) const override {
        std::vector<StoreEntry> out;
        for (auto at = entries_.lower_bound(prefix); at != entries_.end(); ++at)
            if (at->first.compare(0, prefix.size(), prefix) == 0) out.push_back(at->second);
        return out;
    }
    void watch(std::string prefix,
               std::function<void(const std::string&, const std::optional<StoreEntry>&)> onChange)
        override {
        watchers_.emplace_back(std::move(prefix), std::move(onChange));
    }

    /// Writes at once, as another process would.
    void put(const std::string& key, const std::string& value) {
        Transaction transaction;
        transaction.puts.push_back({key, value});
        (void)apply(transaction);  // has nothing to compare
    }
    void erase(const std::string& key) {
        Transaction transaction;
        transaction.erases.push_back(key);
        (void)apply(transaction);
    }
    /// While set, commits fail as on a full disk.
    void setFull(bool isFull) { isFull_ = isFull; }

private:
    Result<std::int64_t> apply(const Transaction& transaction) {
        if (isFull_) return Error(Errc::Failed, "the disk is full");
        for (const auto& compare : transaction.compares) {
            const auto entry = get(compare.key);
            if ((entry ? entry->modRevision : 0) != compare.modRevision)
                return Error(Errc::Conflict, compare.key);
        }
        ++revision_;
        for (const auto& put : transaction.puts) {
            const auto before = get(put.key);
            entries_[put.key] = {put.key, put.value, before ? before->createRevision : revision_,
                                 revision_};
            tell(put.key);
        }
        for (const auto& key : transaction.erases)
            if (entries_.erase(key) > 0) tell(key);
        return revision_;
    }
    void tell(const std::string& key) {
        for (const auto& [prefix, onChange] : watchers_)
            if (key.starts_with(prefix)) onChange(key, get(key));
    }

    EventLoop& loop_;
    std::map<std::string, StoreEntry, std::less<>> entries_;
    std::vector<std::pair<
        std::string, std::function<void(const std::string&, const std::optional<StoreEntry>&)>>>
        watchers_;
    std::int64_t revision_ = 0;
    bool isFull_ = false;
};

}  // namespace muster::test
