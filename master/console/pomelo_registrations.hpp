#pragma once

#include "common/event_loop.hpp"
#include "common/wire/pomelo_wire.hpp"
#include "master/cluster/state_store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

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
    /// Replaces what was known of `id`, then calls `done`, once, maybe before it returns.
    virtual void remember(std::string_view id, PomeloRegistrationRecord record,
                          std::function<void()> done) = 0;
};

/// Keeps them in the state of record, below pomelo/. At most `maxRecords`; the oldest goes first.
/// A record that cannot be written is logged: that monitor joins all the same, but not by
/// `reconnect` after the master's next start. The loop and the store outlive it.
class StoredPomeloRegistrations final : public PomeloRegistrations {
public:
    StoredPomeloRegistrations(EventLoop& loop, StateStore& store, std::size_t maxRecords = 10'000);
    std::optional<PomeloRegistrationRecord> find(std::string_view id) const override;
    void remember(std::string_view id, PomeloRegistrationRecord record,
                  std::function<void()> done) override;

private:
    struct Entry {
        PomeloRegistrationRecord record;
        std::int64_t seconds = 0;  // since 1970: which is the oldest
    };
    void evictOldest(Transaction& transaction);

    EventLoop& loop_;
    StateStore& store_;
    const std::size_t maxRecords_;
    std::map<std::string, Entry, std::less<>> records_;
};

}  // namespace muster
