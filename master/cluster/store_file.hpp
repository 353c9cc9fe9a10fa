#pragma once

#include "master/cluster/state_store.hpp"
#include "master/sqlite/sqlite.hpp"

#include <optional>
#include <string>
#include <vector>

namespace muster {

/// What one transaction did to the store.
struct Applied {
    Result<std::int64_t> outcome = Errc::Failed;  // the commit's revision, or why not
    std::vector<StoreEntry> puts;
    std::vector<std::string> erases;
};

/// The store's file: its schema and its writes. Used by one thread at a time. Every comparison is
/// made in the file itself, so that it also holds against another process.
class StoreFile {
public:
    /// Opens or makes the store; refuses a foreign, newer or damaged file with what to do about it.
    static Result<StoreFile> open(const std::string& file, bool powerDurability);
    /// Everything in it, in key order.
    Result<std::vector<StoreEntry>> all();
    /// Applies the transactions in order as one group: either the group is in the file when this
    /// returns, or every transaction of it has failed. One result each.
    std::vector<Applied> apply(const std::vector<Transaction>& group);

private:
    Applied applyOne(const Transaction& transaction);
    bool begin();
    bool commit();
    bool holds(const Transaction::Compare& compare);
    bool put(const Transaction::Put& put, Applied& applied);
    bool erase(const std::string& key, Applied& applied);
    void fail(std::vector<Applied>& group, std::size_t size);

    sqlite::Database database_;
    sqlite::Statement find_, put_, erase_, readRevision_, saveRevision_;
    std::int64_t revision_ = 0;  // of the last transaction in the group that is being applied
    // What held last in this group and was not written since: that is asked again and again, for
    // the leader's key.
    std::optional<Transaction::Compare> held_;
};

}  // namespace muster
