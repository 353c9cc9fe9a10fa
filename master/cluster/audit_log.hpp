#pragma once

#include "common/event_loop.hpp"
#include "master/cluster/state_store.hpp"

#include <muster/types.hpp>

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace muster {

/// One thing that an administrator did or tried.
struct AuditRecord {
    std::string user;  // of the connection, never of a message body
    std::string clientId;
    int level = 2;
    std::string moduleId;
    std::string action;   // e.g. "stop"
    std::string target;   // e.g. "chat-1"; may be empty
    std::string outcome;  // e.g. "ok", "denied"
    std::string detail;   // no secrets, no bodies
};

/// Who did what, in the store under audit/<time>-<uuid>, the newest 100 000. On the loop's thread;
/// loop and store outlive it. A record that cannot be written is logged instead.
class AuditLog {
public:
    static constexpr std::size_t kMaxRecords = 100'000;
    static constexpr const char* kPrefix = "audit/";

    AuditLog(EventLoop& loop, StateStore& store, std::size_t maxRecords = kMaxRecords);
    ~AuditLog() { *isAlive_ = false; }
    AuditLog(const AuditLog&) = delete;
    AuditLog& operator=(const AuditLog&) = delete;

    /// Texts are cut at 1 KiB each.
    void record(const AuditRecord& record);
    /// Records as JSON objects, newest first.
    std::vector<JsonText> newest(std::size_t limit) const;

private:
    EventLoop& loop_;
    StateStore& store_;
    std::size_t maxRecords_;
    std::set<std::string> keys_;                                    // in order of time
    std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);  // shared with callbacks
};

}  // namespace muster
