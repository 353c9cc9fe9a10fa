#include "master/cluster/sqlite_store.hpp"

#include "test/unit/cluster/store_case.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <sqlite3.h>
#include <sys/resource.h>

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class SqliteStoreTest : public test::StoreCase {
protected:
    void SetUp() override { reopen(); }
    std::vector<std::string> keys(std::string_view prefix) {
        std::vector<std::string> out;
        for (const auto& entry : store->list(prefix)) out.push_back(entry.key);
        return out;
    }
    std::string refusal() {
        auto opened = SqliteStore::open(loop, file(), false);
        return opened ? "none" : opened.error().detail();
    }
    void writeFile(const std::string& bytes) { directory.write("store.db", bytes); }
};

TEST_F(SqliteStoreTest, GivesBackWhatWasCommittedAfterReopening) {
    const auto first = put("server/a", R"({"x":1})");
    const auto second = put("server/a", R"({"x":2})");
    ASSERT_TRUE(first && second);
    reopen();
    const auto entry = store->get("server/a");
    ASSERT_TRUE(entry.has_value());
    EXPECT_EQ(entry->value, R"({"x":2})");
    EXPECT_EQ(entry->createRevision, *first);
    EXPECT_EQ(entry->modRevision, *second);
}

TEST_F(SqliteStoreTest, CountsRevisionsOnOverReopening) {
    const auto before = put("a", "1");
    reopen();
    const auto after = put("a", "2");
    ASSERT_TRUE(before && after);
    EXPECT_GT(*after, *before);
}

TEST_F(SqliteStoreTest, ListsAPrefixInKeyOrder) {
    for (const char* key : {"server/b", "cron/1", "server/a", "serverx"})
        ASSERT_TRUE(put(key, "1"));
    EXPECT_THAT(keys("server/"), ElementsAre("server/a", "server/b"));
    EXPECT_THAT(keys(""), ElementsAre("cron/1", "server/a", "server/b", "serverx"));
}

TEST_F(SqliteStoreTest, AppliesATransactionAsAWholeOrNotAtAll) {
    const auto revision = put("a", "1");
    ASSERT_TRUE(revision);
    Transaction wrong{{{"a", *revision + 1}}, {{"b", "1"}}, {"a"}};
    EXPECT_EQ(commit(wrong).error().code(), Errc::Conflict);
    EXPECT_THAT(keys(""), ElementsAre("a"));
    Transaction right{{{"a", *revision}, {"c", 0}}, {{"b", "1"}}, {"a"}};
    EXPECT_TRUE(commit(right));
    EXPECT_THAT(keys(""), ElementsAre("b"));
}

TEST_F(SqliteStoreTest, ComparesWithinAGroupInOrder) {
    std::vector<bool> outcomes;
    for (int i = 0; i < 3; ++i) {
        Transaction once{{{"lock", 0}}, {{"lock", std::to_string(i)}}, {}};
        store->commit(once, [&](auto result) { outcomes.push_back(static_cast<bool>(result)); });
    }
    EXPECT_TRUE(test::eventually(std::chrono::seconds(10), [&] {
        loop.run();
        return outcomes.size() == 3;
    }));
    EXPECT_THAT(outcomes, ElementsAre(true, false, false));
    EXPECT_EQ(store->get("lock")->value, "0");
}

TEST_F(SqliteStoreTest, TellsWatchersOfTheirPrefixOnly) {
    std::vector<std::string> seen;
    store->watch("server/", [&](const auto& key, const auto& entry) {
        seen.push_back(key + "=" + (entry ? entry->value : "gone"));
    });
    ASSERT_TRUE(put("server/a", "1"));
    ASSERT_TRUE(put("cron/a", "1"));
    ASSERT_TRUE(commit({{}, {}, {"server/a", "server/never"}}));
    EXPECT_THAT(seen, ElementsAre("server/a=1", "server/a=gone"));
}

TEST_F(SqliteStoreTest, ShowsWhatWasCommittedBeforeItSaysSo) {
    std::string seen;
    store->commit({{}, {{"a", "1"}}, {}}, [&](auto) { seen = store->get("a")->value; });
    EXPECT_TRUE(test::eventually(std::chrono::seconds(10), [&] {
        loop.run();
        return !seen.empty();
    }));
}

TEST_F(SqliteStoreTest, MayBeEndedByACallback) {
    store->commit({{}, {{"a", "1"}}, {}}, [&](auto) { store.reset(); });
    store->commit({{}, {{"b", "1"}}, {}}, {});
    EXPECT_TRUE(test::eventually(std::chrono::seconds(10), [&] {
        loop.run();
        return store == nullptr;
    }));
    reopen();
    EXPECT_THAT(keys(""), ElementsAre("a", "b"));
}

TEST_F(SqliteStoreTest, WritesWhatIsQueuedBeforeItGoes) {
    for (int i = 0; i < 1000; ++i) store->commit({{}, {{"k" + std::to_string(i), "1"}}, {}}, {});
    reopen();
    EXPECT_EQ(store->list("").size(), 1000U);
}

TEST_F(SqliteStoreTest, BoundsItsQueueAndItsEntries) {
    std::size_t limited = 0;
    for (std::size_t i = 0; i <= SqliteStore::kMaxQueued; ++i)
        store->commit({{}, {{"a", "1"}}, {}}, [&](auto result) {
            limited += !result && result.error().code() == Errc::Limit;
        });
    EXPECT_TRUE(put("b", "1").error().code() == Errc::Limit || limited > 0);
    EXPECT_TRUE(test::eventually(std::chrono::seconds(20), [&] {
        loop.run();
        return static_cast<bool>(put("c", "1"));
    }));
    EXPECT_EQ(put(std::string(513, 'k'), "1").error().code(), Errc::Limit);
    EXPECT_EQ(put("", "1").error().code(), Errc::Limit);
    EXPECT_TRUE(put(std::string(512, 'k'), "1"));
}

TEST_F(SqliteStoreTest, KeepsAnyBytes) {
    const std::string value("a\0b\"'\xFF", 6);
    ASSERT_TRUE(put("k'; DROP TABLE entry; --", value));
    reopen();
    EXPECT_EQ(store->get("k'; DROP TABLE entry; --")->value, value);
}

TEST_F(SqliteStoreTest, MakesItsFilePrivate) {
    const auto mode = std::filesystem::status(file()).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(SqliteStoreTest, CanSyncForPowerLoss) {
    store.reset();
    auto opened = SqliteStore::open(loop, file(), true);
    ASSERT_TRUE(opened);
    store = std::move(*opened);
    EXPECT_TRUE(put("a", "1"));
}

TEST_F(SqliteStoreTest, RefusesWhatIsNoDatabase) {
    store.reset();
    writeFile(std::string(8192, 'x'));
    EXPECT_THAT(refusal(),
                HasSubstr("the store is damaged (file is not a database): restore it from a copy"));
}

TEST_F(SqliteStoreTest, CallsAStoreThatItMayNotWriteNotDamaged) {
    ASSERT_TRUE(put("a", "1"));
    store.reset();
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit none = before;
    none.rlim_cur = 0;  // as on a full disk, at the start
    ::setrlimit(RLIMIT_FSIZE, &none);
    const std::string text = refusal();
    ::setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_THAT(text, HasSubstr("is the disk full"));
    EXPECT_THAT(text, Not(HasSubstr("damaged")));
}

TEST_F(SqliteStoreTest, RefusesADamagedFile) {
    for (int i = 0; i < 200; ++i)
        ASSERT_TRUE(put("key" + std::to_string(i), std::string(500, 'v')));
    store.reset();
    std::fstream out(file(), std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(5000);
    out << std::string(60'000, '\x5A');
    out.close();
    EXPECT_THAT(refusal(), HasSubstr("damaged"));
}

TEST_F(SqliteStoreTest, RefusesTheDatabaseOfAnotherProgram) {
    store.reset();
    std::filesystem::remove(file());
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &other), SQLITE_OK);
    sqlite3_exec(other, "CREATE TABLE t (x)", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    EXPECT_THAT(refusal(), HasSubstr("is a database of another program: move it away"));
}

TEST_F(SqliteStoreTest, RefusesANewerVersion) {
    store.reset();
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &other), SQLITE_OK);
    sqlite3_exec(other, "PRAGMA user_version = 2", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    EXPECT_THAT(refusal(), HasSubstr("has version 2 of the store, this muster reads version 1"));
}

TEST_F(SqliteStoreTest, RefusesAPlaceThatIsNone) {
    auto opened = SqliteStore::open(loop, "/nonexistent/store.db", false);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().detail(), HasSubstr("correct the state directory"));
}

/// Files of this process may not grow beyond a size, as on a full disk.
class FullDisk {
public:
    explicit FullDisk(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit now = before_;
        now.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

private:
    rlimit before_{};
};

TEST_F(SqliteStoreTest, FailsOnAFullDiskAndRecoversByItself) {
    ASSERT_TRUE(put("before", "1"));
    {
        const FullDisk full(200'000);
        const auto result = put("big", std::string(400'000, 'x'));
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code(), Errc::Failed);
        EXPECT_THAT(result.error().detail(), HasSubstr("is the disk full?"));
        EXPECT_FALSE(store->get("big").has_value());
    }
    EXPECT_TRUE(put("after", "1"));
    reopen();
    EXPECT_THAT(keys(""), ElementsAre("after", "before"));
}

}  // namespace
}  // namespace muster
