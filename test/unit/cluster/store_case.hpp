#pragma once

#include "master/cluster/sqlite_store.hpp"
#include "test/support/eventually.hpp"
#include "test/support/manual_loop.hpp"
#include "test/support/temp_dir.hpp"

#include <gmock/gmock.h>

namespace muster::test {

/// A store in a directory of its own, with a loop that the test turns.
class StoreCase : public testing::Test {
protected:
    void reopen() {
        store.reset();
        loop.run();
        auto opened = SqliteStore::open(loop, file(), false);
        ASSERT_TRUE(opened) << opened.error().detail();
        store = std::move(*opened);
    }
    std::string file() const { return (directory.path() / "store.db").string(); }

    /// Commits and waits for the result.
    Result<std::int64_t> commit(Transaction transaction) {
        std::optional<Result<std::int64_t>> result;
        store->commit(std::move(transaction), [&](auto outcome) { result = std::move(outcome); });
        const bool isDone = eventually(std::chrono::seconds(20), [&] {
            loop.run();
            return result.has_value();
        });
        return isDone ? *result : Result<std::int64_t>(Errc::Timeout);
    }
    Result<std::int64_t> put(const std::string& key, const std::string& value) {
        Transaction transaction;
        transaction.puts.push_back({key, value});
        return commit(std::move(transaction));
    }

    TempDir directory;
    ManualLoop loop;
    std::unique_ptr<SqliteStore> store;
};

}  // namespace muster::test
