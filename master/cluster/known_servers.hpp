#pragma once

#include "master/cluster/state_store.hpp"

#include <muster/types.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace muster {

/// The native servers that were here when a master last knew, in the store under known/<id>: who
/// leads next can tell servers of each other before all of them have found it. On the loop's
/// thread; the store outlives it. Best effort: what cannot be written is logged, and the next
/// master learns of that server only when it comes.
class KnownServers {
public:
    static constexpr std::size_t kMaxServers = 20'000;
    static constexpr std::size_t kMaxInfo = 64 << 10;  // bytes; of larger ones nothing is kept
    static constexpr const char* kPrefix = "known/";

    explicit KnownServers(StateStore& store);
    ~KnownServers() { *isAlive_ = false; }
    KnownServers(const KnownServers&) = delete;
    KnownServers& operator=(const KnownServers&) = delete;

    /// It joined or came back. Written only if that is news.
    void here(const ServerInfo& server);
    /// It left, or is known to be no more.
    void gone(const std::string& id);
    /// As they stand now, in order of their ids.
    std::vector<ServerInfo> all() const;

private:
    void commit(Transaction transaction);

    StateStore& store_;
    std::unordered_map<std::string, std::string> records_;  // id -> JSON text
    std::size_t failures_ = 0;                              // in a row: only the first is logged
    std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);  // shared with callbacks
};

}  // namespace muster
