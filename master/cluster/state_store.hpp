#pragma once

#include <muster/result.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

struct StoreEntry {
    std::string key;
    std::string value;                // JSON text
    std::int64_t createRevision = 0;  // revision of the commit that created the key
    std::int64_t modRevision = 0;     // revision of the last commit that changed it
};

/// A transaction: applied as a whole if every comparison holds, else not at all.
struct Transaction {
    struct Compare {
        std::string key;
        std::int64_t modRevision;  // 0: must not exist
    };
    struct Put {
        std::string key;
        std::string value;
    };
    std::vector<Compare> compares;
    std::vector<Put> puts;
    std::vector<std::string> erases;
};

/// The state of record: ordered keys to JSON values (design, "State and leadership"). What `done`
/// reports as committed survives kill -9 of the process. All methods and callbacks are on the
/// owner's EventLoop thread; the work is done on a thread of the store's own, in order, with
/// group commit. At most 10 000 uncommitted transactions: then `done` gets Errc::Limit.
class StateStore {
public:
    virtual ~StateStore() = default;
    /// `done` gets the commit's revision, Conflict if a comparison failed or leadership was lost,
    /// Failed with the cause if it cannot be written (e.g. disk full).
    virtual void commit(Transaction transaction,
                        std::function<void(Result<std::int64_t>)> done) = 0;
    /// Committed state, from memory: reads never block.
    virtual std::optional<StoreEntry> get(std::string_view key) const = 0;
    /// Entries whose key starts with `prefix`, in key order.
    virtual std::vector<StoreEntry> list(std::string_view prefix) const = 0;
    /// Calls back after each commit that changed a key under `prefix`; no value: erased.
    virtual void watch(
        std::string prefix,
        std::function<void(const std::string& key, const std::optional<StoreEntry>& entry)>
            onChange) = 0;
};

}  // namespace muster
