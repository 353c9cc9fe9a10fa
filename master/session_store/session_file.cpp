// The tables, and changes to them.
#include "master/session_store/session_file.hpp"

#include "master/mqtt/properties.hpp"
#include "master/sqlite/open_store.hpp"

#include <cstring>

#include <sqlite3.h>

namespace muster::mqtt {
namespace {

constexpr sqlite::StoreKind kKind{
    .schema = R"(
CREATE TABLE session (key INTEGER PRIMARY KEY, client TEXT NOT NULL, name TEXT NOT NULL,
    role INTEGER NOT NULL, grp TEXT NOT NULL, expiry INTEGER NOT NULL, connected INTEGER NOT NULL,
    ends INTEGER, sent INTEGER NOT NULL, will_topic TEXT, will_payload BLOB, will_qos INTEGER,
    will_retain INTEGER, will_properties BLOB, will_due INTEGER);
CREATE TABLE subscription (session INTEGER NOT NULL, filter TEXT NOT NULL, qos INTEGER NOT NULL,
    no_local INTEGER NOT NULL, as_published INTEGER NOT NULL, identifier INTEGER NOT NULL,
    PRIMARY KEY (session, filter)) WITHOUT ROWID;
CREATE TABLE message (key INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL,
    qos INTEGER NOT NULL, properties BLOB, expires INTEGER);
CREATE TABLE delivery (session INTEGER NOT NULL, number INTEGER NOT NULL, message INTEGER,
    qos INTEGER NOT NULL, retain INTEGER NOT NULL, identifiers BLOB, shared TEXT,
    PRIMARY KEY (session, number)) WITHOUT ROWID;
CREATE TABLE unreleased (session INTEGER NOT NULL, packet INTEGER NOT NULL,
    PRIMARY KEY (session, packet)) WITHOUT ROWID;
CREATE TABLE retained (topic TEXT PRIMARY KEY, payload BLOB NOT NULL, qos INTEGER NOT NULL,
    properties BLOB, expires INTEGER, name TEXT NOT NULL, role INTEGER NOT NULL, grp TEXT NOT NULL)
    WITHOUT ROWID;
)",
    .applicationId = "1297437506",  // "MUSB" in the file's header
    .version = "1",
    .afterMovingAway = "retained messages and persistent sessions begin anew",
    .isCheckedWhole = false};  // load() reads all of it

constexpr std::array<std::string_view, 16> kTexts{
    "INSERT OR REPLACE INTO session VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
    "DELETE FROM session WHERE key = ?1",
    "DELETE FROM subscription WHERE session = ?1",
    "DELETE FROM delivery WHERE session = ?1",
    "DELETE FROM unreleased WHERE session = ?1",
    "INSERT OR REPLACE INTO subscription VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    "DELETE FROM subscription WHERE session = ?1 AND filter = ?2",
    "INSERT OR REPLACE INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    "DELETE FROM message WHERE key = ?1",
    "INSERT OR REPLACE INTO delivery VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    "UPDATE delivery SET message = NULL WHERE session = ?1 AND number = ?2",
    "DELETE FROM delivery WHERE session = ?1 AND number = ?2",
    "INSERT OR REPLACE INTO unreleased VALUES (?1, ?2)",
    "DELETE FROM unreleased WHERE session = ?1 AND packet = ?2",
    "INSERT OR REPLACE INTO retained VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    "DELETE FROM retained WHERE topic = ?1"};

std::int64_t number(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

bool isDone(sqlite::Statement& statement) {
    return statement.step() == sqlite::Statement::Step::Done;
}

std::string_view bytesOf(const std::vector<std::uint32_t>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(std::uint32_t)};
}

}  // namespace

Result<SessionFile> SessionFile::open(const std::string& file, bool powerDurability,
                                      WallClock clock) {
    static_assert(kTexts.size() == kQueries);
    sqlite::StoreKind kind = kKind;
    kind.hasPowerDurability = powerDurability;
    auto opened = sqlite::openStore(file, kind);
    if (!opened) return opened.error();
    SessionFile out;
    out.clock_ = clock;
    out.database_ = std::move(*opened);
    out.database_.execute("PRAGMA cache_size = -2048");  // KiB
    for (std::size_t i = 0; i < kQueries; ++i) out.queries_[i] = out.database_.prepare(kTexts[i]);
    return out;
}

Result<void> SessionFile::load(StoreReader& reader) {
    // What a crash between two groups left behind: nobody is to get it any more.
    const auto failure = database_.execute(
        "DELETE FROM message WHERE key NOT IN (SELECT message FROM delivery WHERE message NOT "
        "NULL)");
    // A disk that is full is no reason not to read: they are erased the next time.
    const bool isDamaged = failure.code == SQLITE_CORRUPT || failure.code == SQLITE_NOTADB;
    const bool isGood = !isDamaged && loadSessions(reader) && loadSubscriptions(reader) &&
                        loadDeliveries(reader) && loadUnreleased(reader) && loadRetained(reader);
    if (isGood) return {};
    return Error(Errc::Failed,
                 sqlite::troubleText(kKind, isDamaged ? failure : database_.failure()));
}

sqlite::Failure SessionFile::apply(std::span<const StoreChange> changes) {
    if (auto failure = database_.execute("BEGIN IMMEDIATE")) return failure;
    for (const StoreChange& change : changes) {
        if (std::visit([this](const auto& one) { return run(one); }, change)) continue;
        const sqlite::Failure failure = database_.failure();
        for (auto& statement : queries_) statement.reset();
        if (database_.isInTransaction()) database_.execute("ROLLBACK");
        return failure;
    }
    // Their bytes belong to the changes, which end before the next use.
    for (auto& statement : queries_) statement.reset();
    const sqlite::Failure failure = database_.execute("COMMIT");
    if (failure && database_.isInTransaction()) database_.execute("ROLLBACK");
    return failure;
}

sqlite::Statement& SessionFile::query(Query which) {
    queries_[which].reset();
    return queries_[which];
}

// Payload, qos, properties, expiry from `parameter` on.
void SessionFile::bindMessage(sqlite::Statement& statement, int parameter,
                              const RoutedMessage& message, std::string& properties) {
    statement.bindBytes(parameter, message.payload);
    statement.bind(parameter + 1, std::int64_t{message.qos});
    if (message.properties) {
        appendPropertySection(*message.properties, PacketType::Publish, properties);
        statement.bindBytes(parameter + 2, properties);
    }
    if (message.expires) statement.bind(parameter + 3, clock_.toUnix(*message.expires));
}

bool SessionFile::run(const change::PutSession& change) {
    const SessionRow& row = *change.row;
    auto& put = query(kPutSession);
    put.bind(1, number(row.key));
    put.bind(2, row.clientId);
    put.bind(3, row.identity.name);
    put.bind(4, std::int64_t{row.identity.role});
    put.bind(5, row.identity.group);
    put.bind(6, std::int64_t{row.expirySeconds});
    put.bind(7, std::int64_t{row.isConnected});
    if (row.endsAt) put.bind(8, clock_.toUnix(*row.endsAt));
    put.bind(9, number(row.sentUpTo));
    std::string properties;
    if (row.will) {
        appendPropertySection(row.will->properties, PacketType::Will, properties);
        put.bind(10, row.will->topic);
        put.bindBytes(11, row.will->payload);
        put.bind(12, std::int64_t{row.will->qos});
        put.bind(13, std::int64_t{row.will->retain});
        put.bindBytes(14, properties);
    }
    if (row.willDue) put.bind(15, clock_.toUnix(*row.willDue));
    return isDone(put);
}

bool SessionFile::eraseOf(Query which, std::uint64_t session) {
    auto& erase = query(which);
    erase.bind(1, number(session));
    return isDone(erase);
}

bool SessionFile::run(const change::EraseSession& change) {
    return eraseOf(kEraseSession, change.session) && eraseOf(kEraseSubscriptions, change.session) &&
           eraseOf(kEraseDeliveries, change.session) &&
           eraseOf(kEraseAllUnreleased, change.session);
}

bool SessionFile::run(const change::PutSubscription& change) {
    auto& put = query(kPutSubscription);
    put.bind(1, number(change.session));
    put.bind(2, change.filter);
    put.bind(3, std::int64_t{change.options.qos});
    put.bind(4, std::int64_t{change.options.noLocal});
    put.bind(5, std::int64_t{change.options.retainAsPublished});
    put.bind(6, std::int64_t{change.options.identifier});
    return isDone(put);
}

bool SessionFile::run(const change::EraseSubscription& change) {
    auto& erase = query(kEraseSubscription);
    erase.bind(1, number(change.session));
    erase.bind(2, change.filter);
    return isDone(erase);
}

bool SessionFile::run(const change::PutMessage& change) {
    auto& put = query(kPutMessage);
    std::string properties;
    put.bind(1, number(change.message));
    put.bind(2, change.content->topic);
    bindMessage(put, 3, *change.content, properties);
    return isDone(put);
}

bool SessionFile::run(const change::EraseMessage& change) {
    return eraseOf(kEraseMessage, change.message);
}

bool SessionFile::run(const change::PutDelivery& change) {
    const DeliveryRow& row = *change.row;
    auto& put = query(kPutDelivery);
    put.bind(1, number(row.session));
    put.bind(2, number(row.number));
    put.bind(3, number(row.message));
    put.bind(4, std::int64_t{row.qos});
    put.bind(5, std::int64_t{row.retain});
    if (!row.subscriptionIds.empty()) put.bindBytes(6, bytesOf(row.subscriptionIds));
    if (!row.sharedFilter.empty()) put.bind(7, row.sharedFilter);
    return isDone(put);
}

bool SessionFile::run(const change::MarkReceived& change) {
    auto& mark = query(kMarkReceived);
    mark.bind(1, number(change.session));
    mark.bind(2, number(change.number));
    return isDone(mark);
}

bool SessionFile::run(const change::EraseDelivery& change) {
    auto& erase = query(kEraseDelivery);
    erase.bind(1, number(change.session));
    erase.bind(2, number(change.number));
    return isDone(erase);
}

bool SessionFile::run(const change::PutUnreleased& change) {
    auto& put = query(kPutUnreleased);
    put.bind(1, number(change.session));
    put.bind(2, std::int64_t{change.packetId});
    return isDone(put);
}

bool SessionFile::run(const change::EraseUnreleased& change) {
    auto& erase = query(kEraseUnreleased);
    erase.bind(1, number(change.session));
    erase.bind(2, std::int64_t{change.packetId});
    return isDone(erase);
}

bool SessionFile::run(const change::PutRetained& change) {
    auto& put = query(kPutRetained);
    std::string properties;
    put.bind(1, change.content->topic);
    bindMessage(put, 2, *change.content, properties);
    const ClientIdentity nobody;
    const auto& publisher = change.content->publisher;
    const ClientIdentity& identity = publisher ? publisher->identity : nobody;
    put.bind(6, identity.name);
    put.bind(7, std::int64_t{identity.role});
    put.bind(8, identity.group);
    return isDone(put);
}

bool SessionFile::run(const change::EraseRetained& change) {
    auto& erase = query(kEraseRetained);
    erase.bind(1, change.topic);
    return isDone(erase);
}

}  // namespace muster::mqtt
