#pragma once

#include "master/mqtt/session_store.hpp"
#include "master/sqlite/sqlite.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace muster::mqtt {

/// Between the broker's time, which means nothing to the next process, and the wall clock's.
struct WallClock {
    std::chrono::milliseconds offset{};  // from TimePoint to Unix time
    std::int64_t toUnix(TimePoint time) const {
        return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count() +
               offset.count();
    }
    TimePoint fromUnix(std::int64_t milliseconds) const {
        return TimePoint(std::chrono::milliseconds(milliseconds) - offset);
    }
    /// Not merely a little apart: somebody set it, or the host was suspended.
    bool wasSetSince(const WallClock& before) const {
        return std::chrono::abs(offset - before.offset) >= std::chrono::seconds(1);
    }
};

/// The broker's file: its tables and what is done to them. Used by one thread at a time.
class SessionFile {
public:
    /// See sqlite::openStore().
    static Result<SessionFile> open(const std::string& file, bool powerDurability, WallClock clock);
    /// Everything in it. Failed: it is damaged.
    Result<void> load(StoreReader& reader);
    /// Writes the changes in order, all of them or none. When `clock` was set since the last time,
    /// what is in the file moves with it: what had an hour left still has.
    sqlite::Failure apply(std::span<const StoreChange> changes, WallClock clock);

private:
    enum Query : std::size_t {
        kPutSession,
        kEraseSession,
        kEraseSubscriptions,
        kEraseDeliveries,
        kEraseAllUnreleased,
        kPutSubscription,
        kEraseSubscription,
        kPutMessage,
        kEraseMessage,
        kPutDelivery,
        kMarkReceived,
        kEraseDelivery,
        kPutUnreleased,
        kEraseUnreleased,
        kPutRetained,
        kEraseRetained,
        kQueries
    };

    bool loadSessions(StoreReader& reader);
    bool loadSubscriptions(StoreReader& reader);
    bool loadDeliveries(StoreReader& reader);
    bool loadUnreleased(StoreReader& reader);
    bool loadRetained(StoreReader& reader);
    std::shared_ptr<RoutedMessage> messageAt(const sqlite::Statement& row, int column) const;

    sqlite::Statement& query(Query which);
    void bindMessage(sqlite::Statement& statement, int parameter, const RoutedMessage& message,
                     std::string& properties);
    bool runAll(std::span<const StoreChange> changes);
    bool follow(WallClock clock);
    bool eraseOf(Query which, std::uint64_t session);
    bool run(const change::PutSession& change);
    bool run(const change::EraseSession& change);
    bool run(const change::PutSubscription& change);
    bool run(const change::EraseSubscription& change);
    bool run(const change::PutMessage& change);
    bool run(const change::EraseMessage& change);
    bool run(const change::PutDelivery& change);
    bool run(const change::MarkReceived& change);
    bool run(const change::EraseDelivery& change);
    bool run(const change::PutUnreleased& change);
    bool run(const change::EraseUnreleased& change);
    bool run(const change::PutRetained& change);
    bool run(const change::EraseRetained& change);

    WallClock clock_;
    sqlite::Database database_;
    std::array<sqlite::Statement, kQueries> queries_;
};

}  // namespace muster::mqtt
