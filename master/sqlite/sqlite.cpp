#include "master/sqlite/sqlite.hpp"

#include <sqlite3.h>

namespace muster::sqlite {

bool Failure::isDamage() const {
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

void Statement::bind(int parameter, std::string_view value) {
    // A null pointer would bind NULL, not "".
    const char* data = value.data() != nullptr ? value.data() : "";
    sqlite3_bind_text64(handle_.get(), parameter, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind(int parameter, std::int64_t value) {
    sqlite3_bind_int64(handle_.get(), parameter, value);
}

void Statement::bindBytes(int parameter, std::string_view value) {
    const char* data = value.data() != nullptr ? value.data() : "";
    sqlite3_bind_blob64(handle_.get(), parameter, data, value.size(), SQLITE_STATIC);
}

Statement::Step Statement::step() {
    if (!handle_) return Step::Failed;
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return Step::Row;
    return code == SQLITE_DONE ? Step::Done : Step::Failed;
}

std::string Statement::text(int column) const {
    const auto* data = sqlite3_column_text(handle_.get(), column);
    if (data == nullptr) return {};
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
    return {reinterpret_cast<const char*>(data), size};
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(handle_.get(), column);
}

std::string_view Statement::view(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

bool Statement::isNull(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

void Statement::reset() {
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
}

void Database::Close::operator()(sqlite3* database) const {
    sqlite3_close_v2(database);
}

Result<Database> Database::open(const std::string& file) {
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
    Database database;
    database.handle_.reset(handle);
    if (code != SQLITE_OK)
        return Error(Errc::Failed, handle != nullptr ? sqlite3_errmsg(handle) : "out of memory");
    sqlite3_busy_timeout(handle, 5'000);
    return database;
}

Failure Database::execute(const char* statements) {
    if (sqlite3_exec(handle_.get(), statements, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return failure();
}

Statement Database::prepare(std::string_view text) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v3(handle_.get(), text.data(), static_cast<int>(text.size()),
                       SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    Statement out;
    out.handle_.reset(statement);
    return out;
}

std::string Database::single(const char* query) {
    Statement statement = prepare(query);
    return statement.step() == Statement::Step::Row ? statement.text(0) : "";
}

// Also of a statement that could not be prepared, of which SQLite knows nothing: never "none".
Failure Database::failure() const {
    const int code = sqlite3_errcode(handle_.get()) & 0xFF;
    const bool isOne = code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE;
    if (!isOne) return {SQLITE_ERROR, "a statement that was not prepared"};
    return {code, sqlite3_errmsg(handle_.get())};
}

bool Database::isInTransaction() const {
    return sqlite3_get_autocommit(handle_.get()) == 0;
}

}  // namespace muster::sqlite
