#pragma once

#include "common/event_loop.hpp"
#include "common/wire/pomelo_wire.hpp"
#include "master/cluster/state_store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// How a pomelo monitor registered when it showed its token: what its later `reconnect`, which
/// carries no token, must match (design, "Pomelo's wire protocol").
struct PomeloRegistrationRecord {
    std::string serverType;
    std::string infoDigest;  // SHA-256 of the info object with its keys in order, hex
    std::string address;     // where it came from, without the port
    long pid = 0;
    bool operator==(const PomeloRegistrationRecord&) const = default;
};
/// `peer` is a Link's "address:port". All loopback addresses count as one: which of them a name
/// resolves to may change from one connection to the next.
PomeloRegistrationRecord recordOf(const pomelo::Registration& monitor, std::string_view peer);

/// The memory of registrations. On the master's thread.
class PomeloRegistrations {
public:
    virtual ~PomeloRegistrations() = default;
    virtual std::optional<PomeloRegistrationRecord> find(std::string_view id) const = 0;
    /// Replaces what was known of `id`, and calls `done`, once, when that is kept; before it
    /// returns if it was.
    virtual void remember(std::string_view id, PomeloRegistrationRecord record,
                          std::function<void()> done) = 0;
    /// Those of whom `isForgotten` holds are not known any more: they have to register anew.
    virtual void forget(
        const std::function<bool(const std::string& id, const PomeloRegistrationRecord&)>&
            isForgotten) = 0;
};

/// Keeps them in the state of record, below pomelo/. At most `maxRecords`; the oldest goes first.
/// `done` waits for the commit, whoever asked for it. A record that cannot be written is logged,
/// that monitor joins all the same, and the write is tried again until it succeeds: until then a
/// `reconnect` is not known to another master. The loop and the store outlive it.
class StoredPomeloRegistrations final : public PomeloRegistrations {
public:
    StoredPomeloRegistrations(EventLoop& loop, StateStore& store, std::size_t maxRecords = 10'000);
    ~StoredPomeloRegistrations() override;
    StoredPomeloRegistrations(const StoredPomeloRegistrations&) = delete;
    StoredPomeloRegistrations& operator=(const StoredPomeloRegistrations&) = delete;
    std::optional<PomeloRegistrationRecord> find(std::string_view id) const override;
    void remember(std::string_view id, PomeloRegistrationRecord record,
                  std::function<void()> done) override;
    void forget(const std::function<bool(const std::string& id, const PomeloRegistrationRecord&)>&
                    isForgotten) override;

private:
    /// A write under way: who waits for it.
    struct Write {
        std::vector<std::function<void()>> waiting;
    };
    struct Entry {
        PomeloRegistrationRecord record;
        std::int64_t seconds = 0;  // since 1970: which is the oldest
        bool isKept = false;
        std::shared_ptr<Write> write = nullptr;  // of this very record; shared with its callback
    };
    void write(const std::string& id, Entry& entry, Transaction transaction);
    void written(const std::string& id, Write& write, const Result<std::int64_t>& committed);
    void retryLater();
    void evictOldest(Transaction& transaction);

    EventLoop& loop_;
    StateStore& store_;
    const std::size_t maxRecords_;
    std::map<std::string, Entry, std::less<>> records_;
    TimerId retryTimer_ = 0;
    bool isFailing_ = false;  // the last write; only the first of many is logged
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // weak in callbacks under way
};

}  // namespace muster
