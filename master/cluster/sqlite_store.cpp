#include "master/cluster/sqlite_store.hpp"

#include <cstring>
#include <utility>

namespace muster {
namespace {

/// Why `transaction` cannot be taken; empty if it can.
std::string refusal(const Transaction& transaction) {
    const auto isKey = [](const std::string& key) {
        return !key.empty() && key.size() <= SqliteStore::kMaxKey &&
               key.find('\0') == std::string::npos;
    };
    for (const auto& put : transaction.puts) {
        if (!isKey(put.key)) return "a key of the store has 1 to 512 bytes";
        if (put.value.size() > SqliteStore::kMaxValue)
            return "a value of the store has at most 16 MiB";
    }
    for (const auto& key : transaction.erases)
        if (!isKey(key)) return "a key of the store has 1 to 512 bytes";
    return {};
}

std::size_t sizeOf(const Transaction& transaction) {
    std::size_t bytes = 0;
    for (const auto& put : transaction.puts) bytes += put.key.size() + put.value.size();
    for (const auto& key : transaction.erases) bytes += key.size();
    return bytes;
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(EventLoop& loop, const std::string& file,
                                                       bool powerDurability) {
    auto opened = StoreFile::open(file, powerDurability);
    if (!opened) return opened.error();
    auto entries = opened->all();
    if (!entries) return Error(Errc::Failed, file + ": " + entries.error().detail());
    return std::unique_ptr<SqliteStore>(
        new SqliteStore(loop, std::move(*opened), std::move(*entries)));
}

SqliteStore::SqliteStore(EventLoop& loop, StoreFile file, std::vector<StoreEntry> entries)
    : loop_(loop), file_(std::move(file)) {
    for (auto& entry : entries) entries_.insert(entries_.end(), std::move(entry));
    writer_ = std::thread([this] { write(); });
}

SqliteStore::~SqliteStore() {
    *isAlive_ = false;
    {
        std::lock_guard lock(mutex_);
        isStopping_ = true;
    }
    hasWork_.notify_one();
    writer_.join();
}

void SqliteStore::commit(Transaction transaction, Done done) {
    const std::size_t bytes = sizeOf(transaction);
    std::string why = refusal(transaction);
    if (queuedCount_ >= kMaxQueued || queuedBytes_ + bytes > kMaxQueuedBytes)
        why = "too many changes wait to be written: try again";
    if (!why.empty()) {
        loop_.post([done = std::move(done), why, isAlive = isAlive_] {
            if (*isAlive && done) done(Error(Errc::Limit, why));
        });
        return;
    }
    ++queuedCount_;
    queuedBytes_ += bytes;
    {
        std::lock_guard lock(mutex_);
        queue_.push_back({std::move(transaction), std::move(done), bytes});
    }
    wakeLater();
}

// Once a turn of the loop, so that all of a turn is one group: a group of one costs as much.
void SqliteStore::wakeLater() {
    if (std::exchange(willWake_, true)) return;
    loop_.post([this, isAlive = isAlive_] {
        if (!*isAlive) return;
        willWake_ = false;
        hasWork_.notify_one();
    });
}

void SqliteStore::write() {
    while (true) {
        auto jobs = std::make_shared<std::vector<Job>>();
        {
            std::unique_lock lock(mutex_);
            hasWork_.wait(lock, [this] { return isStopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            jobs->swap(queue_);
        }
        std::vector<Transaction> group;
        group.reserve(jobs->size());
        for (auto& job : *jobs) group.push_back(std::move(job.transaction));
        auto results = std::make_shared<std::vector<Applied>>(file_.apply(group));
        loop_.post([this, isAlive = isAlive_, jobs, results] {
            if (*isAlive) deliver(*jobs, *results);
        });
    }
}

void SqliteStore::deliver(std::vector<Job>& jobs, std::vector<Applied>& results) {
    const auto isAlive = isAlive_;  // a callback may end the store
    for (std::size_t i = 0; i < jobs.size() && *isAlive; ++i) {
        --queuedCount_;
        queuedBytes_ -= jobs[i].bytes;
        Applied& applied = results[i];
        if (applied.outcome) {
            for (auto& entry : applied.puts) {
                if (!*isAlive) return;
                const std::optional<StoreEntry> news(std::move(entry));
                keep(*news);
                changed(news->key, news, isAlive);
            }
            for (const auto& key : applied.erases) {
                if (!*isAlive) return;
                const auto found = entries_.find(key);
                if (found == entries_.end()) continue;
                entries_.erase(found);
                changed(key, std::nullopt, isAlive);
            }
        }
        if (*isAlive && jobs[i].done) jobs[i].done(applied.outcome);
    }
}

void SqliteStore::keep(const StoreEntry& entry) {
    const auto found = entries_.find(entry.key);
    if (found == entries_.end()) {
        entries_.insert(entry);
        return;
    }
    auto node = entries_.extract(found);
    node.value() = entry;
    entries_.insert(std::move(node));
}

void SqliteStore::changed(const std::string& key, const std::optional<StoreEntry>& entry,
                          const std::shared_ptr<bool>& isAlive) {
    // By number: a watcher may add another.
    for (std::size_t i = 0; *isAlive && i < watchers_.size(); ++i) {
        if (!key.starts_with(watchers_[i]->prefix)) continue;
        const auto watcher = watchers_[i];
        watcher->onChange(key, entry);
    }
}

std::optional<StoreEntry> SqliteStore::get(std::string_view key) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    return *found;
}

std::vector<StoreEntry> SqliteStore::list(std::string_view prefix) const {
    std::vector<StoreEntry> out;
    for (auto at = entries_.lower_bound(prefix); at != entries_.end(); ++at) {
        if (at->key.compare(0, prefix.size(), prefix) != 0) break;
        out.push_back(*at);
    }
    return out;
}

void SqliteStore::watch(std::string prefix, OnChange onChange) {
    watchers_.push_back(std::make_shared<Watcher>(Watcher{std::move(prefix), std::move(onChange)}));
}

}  // namespace muster
