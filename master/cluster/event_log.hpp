#pragma once

#include "common/event_loop.hpp"
#include "master/cluster/state_store.hpp"

#include <muster/types.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace muster {

/// The last events of each server, for `muster status`, in the store under event/<id>/<number>.
/// On the loop's thread; loop and store outlive it. Best effort: an event that cannot be written
/// is logged and dropped.
class EventLog {
public:
    static constexpr std::size_t kMaxPerServer = 50;
    static constexpr std::size_t kMaxServers = 10'000;
    static constexpr std::size_t kMaxBody = 8 << 10;  // bytes; larger bodies are dropped
    static constexpr const char* kPrefix = "event/";

    EventLog(EventLoop& loop, StateStore& store, std::size_t maxPerServer = kMaxPerServer);
    ~EventLog() { *isAlive_ = false; }
    EventLog(const EventLog&) = delete;
    EventLog& operator=(const EventLog&) = delete;

    /// `body`: an object; gets "time", "kind" and "id" in front.
    void append(const std::string& serverId, const std::string& kind, const JsonText& body);
    /// Events as JSON objects, newest last.
    std::vector<JsonText> last(const std::string& serverId, std::size_t limit) const;
    /// Drops the events of a server that is no more.
    void forget(const std::string& serverId);

private:
    void commit(Transaction transaction);

    EventLoop& loop_;
    StateStore& store_;
    std::size_t maxPerServer_;
    std::map<std::string, std::vector<std::uint64_t>> numbers_;  // by encoded id; oldest first
    std::uint64_t next_ = 1;
    std::size_t failures_ = 0;  // in a row: only the first is logged
    std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);  // shared with callbacks
};

}  // namespace muster
