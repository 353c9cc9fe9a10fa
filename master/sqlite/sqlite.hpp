#pragma once

#include <muster/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// The part of SQLite that muster uses, with owners and Results. One thread at a time.
namespace muster::sqlite {

/// What SQLite said: its primary result code and its message.
struct Failure {
    int code = 0;  // SQLITE_OK: none
    std::string message;
    explicit operator bool() const { return code != 0; }
    /// What is in the file makes no sense. Else (a full disk, a lock, a mode) it may pass.
    bool isDamage() const;
};

class Database;

/// A prepared statement. The database outlives it.
class Statement {
public:
    Statement() = default;
    /// Parameters count from 1. The bytes stay where they are until reset().
    void bind(int parameter, std::string_view value);
    void bind(int parameter, std::int64_t value);
    void bindBytes(int parameter, std::string_view value);
    enum class Step { Row, Done, Failed };
    Step step();
    std::string text(int column) const;
    std::int64_t integer(int column) const;
    /// The bytes where they are, good until the next step or reset.
    std::string_view view(int column) const;
    bool isNull(int column) const;
    /// Ready to be bound and stepped again.
    void reset();
    /// False if preparing it failed; then each step fails.
    bool isReady() const noexcept { return handle_ != nullptr; }

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

/// An open database file.
class Database {
public:
    /// Opens or makes `file`; waits at most 5 s for other processes' locks.
    static Result<Database> open(const std::string& file);
    /// Runs statements that give no rows.
    Failure execute(const char* statements);
    /// Precondition: the text is valid SQL; a failure shows in the first step.
    Statement prepare(std::string_view text);
    /// First column of the first row of `query`; empty if there is none.
    std::string single(const char* query);
    /// What went wrong last.
    Failure failure() const;
    bool isInTransaction() const;

private:
    struct Close {
        void operator()(sqlite3* database) const;
    };
    std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace muster::sqlite
