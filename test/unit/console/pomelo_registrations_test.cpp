#include "master/console/pomelo_registrations.hpp"

#include "test/support/manual_loop.hpp"
#include "test/support/memory_store.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

class FakeStore final : public StateStore {
public:
    void commit(Transaction transaction, std::function<void(Result<std::int64_t>)> done) override {
        for (auto& put : transaction.puts) entries[put.key] = put.value;
        for (auto& key : transaction.erases) entries.erase(key);
        ++commits;
        done(std::int64_t{1});
    }
    std::optional<StoreEntry> get(std::string_view) const override { return std::nullopt; }
    std::vector<StoreEntry> list(std::string_view prefix) const override {
        std::vector<StoreEntry> found;
        for (const auto& [key, value] : entries)
            if (key.starts_with(prefix)) found.push_back({key, value, 1, 1});
        return found;
    }
    void watch(std::string,
               std::function<void(const std::string&, const std::optional<StoreEntry>&)>) override {
    }
    std::map<std::string, std::string> entries;
    int commits = 0;
};

const PomeloRegistrationRecord kRecord{"chat", "abc", "loopback", 7};

TEST(PomeloRegistrations, SurvivesTheMaster) {
    test::ManualLoop loop;
    FakeStore store;
    StoredPomeloRegistrations(loop, store).remember("a/b", kRecord, [] {});
    const StoredPomeloRegistrations again(loop, store);
    EXPECT_EQ(again.find("a/b"), kRecord);
    EXPECT_FALSE(again.find("b"));
}

TEST(PomeloRegistrations, ForgetsForGood) {
    test::ManualLoop loop;
    FakeStore store;
    StoredPomeloRegistrations registrations(loop, store);
    registrations.remember("a", kRecord, [] {});
    registrations.remember("b", {"gate", "abc", "loopback", 7}, [] {});
    registrations.forget([](const std::string&, const auto& one) { return one == kRecord; });
    EXPECT_FALSE(registrations.find("a"));
    const StoredPomeloRegistrations again(loop, store);
    EXPECT_FALSE(again.find("a"));
    EXPECT_TRUE(again.find("b"));
}

TEST(PomeloRegistrations, WritesNothingNewForNothingNew) {
    test::ManualLoop loop;
    FakeStore store;
    StoredPomeloRegistrations registrations(loop, store);
    int done = 0;
    registrations.remember("a", kRecord, [&] { ++done; });
    registrations.remember("a", kRecord, [&] { ++done; });
    EXPECT_EQ(done, 2);
    EXPECT_EQ(store.commits, 1);
}

TEST(PomeloRegistrations, SaysTheSameTwiceOnlyAfterItIsKept) {
    test::ManualLoop loop;
    test::MemoryStore store(loop);
    StoredPomeloRegistrations registrations(loop, store);
    int done = 0;
    registrations.remember("a", kRecord, [&] { ++done; });
    registrations.remember("a", kRecord, [&] { ++done; });
    EXPECT_EQ(done, 0);
    loop.run();
    EXPECT_EQ(done, 2);
    EXPECT_TRUE(store.get("pomelo/a"));
}

TEST(PomeloRegistrations, AnswersTheReplacedOneToo) {
    test::ManualLoop loop;
    test::MemoryStore store(loop);
    StoredPomeloRegistrations registrations(loop, store);
    PomeloRegistrationRecord newer = kRecord;
    newer.pid = 8;
    std::string done;
    registrations.remember("a", kRecord, [&] { done += "old "; });
    registrations.remember("a", newer, [&] { done += "new"; });
    loop.run();
    EXPECT_EQ(done, "old new");
    EXPECT_EQ(StoredPomeloRegistrations(loop, store).find("a"), newer);
}

TEST(PomeloRegistrations, TriesAgainUntilItIsKept) {
    test::ManualLoop loop;
    test::MemoryStore store(loop);
    StoredPomeloRegistrations registrations(loop, store);
    store.setFull(true);
    int done = 0;
    registrations.remember("a", kRecord, [&] { ++done; });
    loop.advance(std::chrono::seconds(3));
    EXPECT_EQ(done, 1);
    EXPECT_FALSE(store.get("pomelo/a"));
    store.setFull(false);
    loop.advance(std::chrono::seconds(1));
    EXPECT_EQ(StoredPomeloRegistrations(loop, store).find("a"), kRecord);
    EXPECT_EQ(loop.timers(), 0U);
    EXPECT_EQ(done, 1);
}

TEST(PomeloRegistrations, DropsTheOldestAtItsBound) {
    test::ManualLoop loop;
    FakeStore store;
    StoredPomeloRegistrations registrations(loop, store, 2);
    for (const char* id : {"a", "b", "c"}) {
        registrations.remember(id, kRecord, [] {});
        loop.jumpWallTime(std::chrono::seconds(1));
    }
    EXPECT_FALSE(registrations.find("a"));
    EXPECT_TRUE(registrations.find("c"));
    EXPECT_EQ(store.entries.size(), 2U);
}

TEST(PomeloRegistrations, IgnoresWhatItCannotRead) {
    test::ManualLoop loop;
    FakeStore store;
    store.entries = {{"pomelo/a", "not json"}, {"pomelo/b", "[]"}, {"pomelo/%", "{}"}};
    EXPECT_FALSE(StoredPomeloRegistrations(loop, store).find("a"));
}

TEST(PomeloRegistrations, TakesAllLoopbackAddressesForOne) {
    const pomelo::Registration monitor;
    EXPECT_EQ(recordOf(monitor, "127.0.0.1:5").address, "loopback");
    EXPECT_EQ(recordOf(monitor, "[::1]:5").address, "loopback");
    EXPECT_EQ(recordOf(monitor, "[::ffff:127.0.0.1]:5").address, "loopback");
    EXPECT_EQ(recordOf(monitor, "10.1.2.3:5").address, "10.1.2.3");
    EXPECT_EQ(recordOf(monitor, "").address, "");
}

}  // namespace
}  // namespace muster
