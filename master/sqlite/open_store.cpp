#include "master/sqlite/open_store.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

namespace muster::sqlite {
namespace {

Error refusal(const std::string& file, const std::string& why) {
    return Error(Errc::Failed, fmt::format("{}: {}", file, why));
}

/// Makes the file with mode 0600 before SQLite would make it with the process's umask; its
/// journals take the same mode. Fails if it cannot be read and written.
Result<void> makePrivate(const std::string& file) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return refusal(file,
                       fmt::format("cannot be opened: {}; correct the state directory or its mode",
                                   ::strerror(errno)));
    ::close(descriptor);
    return {};
}

/// Nothing if the file is empty or a store of this kind and version.
std::string unusable(Database& database, const StoreKind& kind) {
    const std::string tables = database.single("SELECT count(*) FROM sqlite_master");
    if (tables.empty()) return troubleText(kind, database.failure());
    const std::string application = database.single("PRAGMA application_id");
    if (tables == "0" && application == "0") return {};
    if (application != kind.applicationId)
        return "is a database of another program: move it away, or give muster another "
               "stateDirectory";
    const std::string version = database.single("PRAGMA user_version");
    if (version != kind.version)
        return fmt::format(
            "has version {} of the store, this muster reads version {}: use the muster that wrote "
            "it",
            version, kind.version);
    if (!kind.isCheckedWhole) return {};
    const std::string check = database.single("PRAGMA quick_check(1)");
    if (check == "ok") return {};
    return check.empty() ? troubleText(kind, database.failure())
                         : troubleText(kind, {SQLITE_CORRUPT, check});
}

std::string makeTables(const StoreKind& kind) {
    return fmt::format(
        "BEGIN IMMEDIATE; {} PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT;",
        kind.schema, kind.applicationId, kind.version);
}

}  // namespace

std::string troubleText(const StoreKind& kind, const Failure& failure) {
    // These damage nothing, and nobody shall throw a good store away for them.
    for (const int code : {SQLITE_PERM, SQLITE_BUSY, SQLITE_LOCKED, SQLITE_NOMEM, SQLITE_READONLY,
                           SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN})
        if (failure.code == code)
            return fmt::format(
                "cannot be read and written: {}: is the disk full, may muster write to the state "
                "directory?",
                failure.message);
    return fmt::format(
        "the store is damaged ({}): restore it from a copy, or move it away to start with an empty "
        "one ({})",
        failure.message, kind.afterMovingAway);
}

Result<Database> openStore(const std::string& file, const StoreKind& kind) {
    if (auto made = makePrivate(file); !made) return made.error();
    auto opened = Database::open(file);
    if (!opened) return refusal(file, opened.error().detail());
    Database& database = *opened;
    if (const std::string why = unusable(database, kind); !why.empty()) return refusal(file, why);
    if (database.single("PRAGMA journal_mode = WAL") != "wal")
        return refusal(
            file, "no write-ahead log is possible here: put stateDirectory on a local file system");
    // NORMAL: a commit is written, not synced: it survives the process. FULL: it survives the host.
    database.execute(kind.hasPowerDurability ? "PRAGMA synchronous = FULL"
                                             : "PRAGMA synchronous = NORMAL");
    database.execute("PRAGMA journal_size_limit = 67108864");
    if (database.single("PRAGMA application_id") != kind.applicationId)
        if (const auto failure = database.execute(makeTables(kind).c_str()))
            return refusal(file, fmt::format("cannot be written: {}", failure.message));
    return opened;
}

}  // namespace muster::sqlite
