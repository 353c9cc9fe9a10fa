#include "master/cluster/store_file.hpp"

#include "master/sqlite/open_store.hpp"

#include <fmt/core.h>
#include <sqlite3.h>

namespace muster {
namespace {

constexpr sqlite::StoreKind kKind{.schema = R"(
CREATE TABLE entry (key TEXT PRIMARY KEY, value TEXT NOT NULL, created INTEGER NOT NULL,
                    modified INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE revision (number INTEGER NOT NULL);
INSERT INTO revision VALUES (0);
)",
                                  .applicationId = "1297437524",  // "MUST" in the file's header
                                  .version = "1",
                                  .afterMovingAway = "nodes then need an explicit reset"};

}  // namespace

Result<StoreFile> StoreFile::open(const std::string& file, bool powerDurability) {
    sqlite::StoreKind kind = kKind;
    kind.hasPowerDurability = powerDurability;
    auto opened = sqlite::openStore(file, kind);
    if (!opened) return opened.error();
    StoreFile store;
    store.database_ = std::move(*opened);
    sqlite::Database& database = store.database_;
    database.execute("PRAGMA cache_size = -128");  // KiB: reads are served from memory of our own
    store.find_ = database.prepare("SELECT created, modified FROM entry WHERE key = ?1");
    store.put_ = database.prepare(
        "INSERT INTO entry VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO UPDATE SET value = ?2, "
        "created = ?3, modified = ?4");
    store.erase_ = database.prepare("DELETE FROM entry WHERE key = ?1");
    store.readRevision_ = database.prepare("SELECT number FROM revision");
    store.saveRevision_ = database.prepare("UPDATE revision SET number = ?1");
    return store;
}

Result<std::vector<StoreEntry>> StoreFile::all() {
    std::vector<StoreEntry> entries;
    auto query = database_.prepare("SELECT key, value, created, modified FROM entry ORDER BY key");
    auto step = query.step();
    for (; step == sqlite::Statement::Step::Row; step = query.step())
        entries.push_back({query.text(0), query.text(1), query.integer(2), query.integer(3)});
    if (step == sqlite::Statement::Step::Failed)
        return Error(Errc::Failed, sqlite::troubleText(kKind, database_.failure()));
    return entries;
}

bool StoreFile::holds(const Transaction::Compare& compare) {
    if (held_ && held_->modRevision == compare.modRevision && held_->key == compare.key)
        return true;
    find_.reset();
    find_.bind(1, compare.key);
    const bool exists = find_.step() == sqlite::Statement::Step::Row;
    const std::int64_t modified = exists ? find_.integer(1) : 0;
    find_.reset();
    if (modified != compare.modRevision) return false;
    held_ = compare;
    return true;
}

bool StoreFile::put(const Transaction::Put& put, Applied& applied) {
    if (held_ && held_->key == put.key) held_.reset();
    find_.reset();
    find_.bind(1, put.key);
    const bool exists = find_.step() == sqlite::Statement::Step::Row;
    StoreEntry entry{put.key, put.value, exists ? find_.integer(0) : revision_, revision_};
    find_.reset();
    put_.reset();
    put_.bind(1, entry.key);
    put_.bind(2, entry.value);
    put_.bind(3, entry.createRevision);
    put_.bind(4, entry.modRevision);
    const bool isGood = put_.step() == sqlite::Statement::Step::Done;
    if (isGood) put_.reset();
    applied.puts.push_back(std::move(entry));
    return isGood;
}

bool StoreFile::erase(const std::string& key, Applied& applied) {
    if (held_ && held_->key == key) held_.reset();
    erase_.reset();
    erase_.bind(1, key);
    const bool isGood = erase_.step() == sqlite::Statement::Step::Done;
    if (isGood) erase_.reset();
    applied.erases.push_back(key);
    return isGood;
}

Applied StoreFile::applyOne(const Transaction& transaction) {
    Applied applied;
    for (const auto& compare : transaction.compares)
        if (!holds(compare)) {
            applied.outcome =
                Error(Errc::Conflict, "\"" + compare.key + "\" was changed by somebody else");
            return applied;
        }
    ++revision_;
    bool isGood = true;
    for (const auto& one : transaction.puts) isGood = isGood && put(one, applied);
    for (const auto& key : transaction.erases) isGood = isGood && erase(key, applied);
    if (isGood)
        applied.outcome = revision_;
    else
        applied.outcome = Error(Errc::Failed, database_.failure().message);
    return applied;
}

/// Takes the file for one group; its revision may have been raised by another process since.
bool StoreFile::begin() {
    held_.reset();
    if (database_.execute("BEGIN IMMEDIATE")) return false;
    readRevision_.reset();
    if (readRevision_.step() != sqlite::Statement::Step::Row) return false;
    revision_ = readRevision_.integer(0);
    readRevision_.reset();
    return true;
}

bool StoreFile::commit() {
    saveRevision_.reset();
    saveRevision_.bind(1, revision_);
    if (saveRevision_.step() != sqlite::Statement::Step::Done) return false;
    saveRevision_.reset();
    return !database_.execute("COMMIT");
}

std::vector<Applied> StoreFile::apply(const std::vector<Transaction>& group) {
    std::vector<Applied> results;
    if (!begin()) {
        fail(results, group.size());
        return results;
    }
    for (const auto& transaction : group) {
        results.push_back(applyOne(transaction));
        const auto& outcome = results.back().outcome;
        if (outcome || outcome.error().code() == Errc::Conflict) continue;
        fail(results, group.size());
        return results;
    }
    if (!commit()) fail(results, group.size());
    return results;
}

void StoreFile::fail(std::vector<Applied>& group, std::size_t size) {
    const sqlite::Failure cause = database_.failure();
    for (auto* statement : {&find_, &put_, &erase_, &readRevision_, &saveRevision_})
        statement->reset();
    if (database_.isInTransaction()) database_.execute("ROLLBACK");
    const bool isFull = cause.code == SQLITE_FULL || cause.code == SQLITE_IOERR;
    const std::string text = fmt::format("the store cannot be written: {}{}", cause.message,
                                         isFull ? "; is the disk full?" : "");
    group.clear();
    group.resize(size);
    for (auto& one : group) one.outcome = Error(Errc::Failed, text);
}

}  // namespace muster
