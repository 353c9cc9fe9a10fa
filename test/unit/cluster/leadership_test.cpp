#include "master/cluster/leadership.hpp"

#include "master/cluster/leader_lock.hpp"
#include "test/support/manual_loop.hpp"
#include "test/support/memory_store.hpp"
#include "test/support/temp_dir.hpp"

#include <filesystem>

#include <gmock/gmock.h>

namespace muster {
namespace {

using namespace std::chrono_literals;

class LeadershipTest : public testing::Test {
protected:
    std::unique_ptr<Leadership> make(const std::string& id) {
        auto leadership = std::make_unique<Leadership>(
            loop, store, Leadership::Options{id, [this] { return isHeld; }, 1s});
        leadership->onLost([this](const std::string& reason) { losses.push_back(reason); });
        return leadership;
    }
    std::unique_ptr<Leadership> leading(const std::string& id) {
        auto leadership = make(id);
        leadership->lead([](auto term) { EXPECT_TRUE(term); });
        loop.run();
        return leadership;
    }
    Errc codeOfCommit(Leadership& leadership) {
        std::optional<Result<std::int64_t>> result;
        leadership.commit({{}, {{"server/a", "{}"}}, {}}, [&](auto outcome) { result = outcome; });
        loop.run();
        EXPECT_TRUE(result.has_value());
        return *result ? Errc::Closed : result->error().code();
    }

    test::ManualLoop loop;
    test::MemoryStore store{loop};
    bool isHeld = true;
    std::vector<std::string> losses;
};

TEST_F(LeadershipTest, RaisesTheEpochAndKeepsTheClustersUid) {
    const LeaderTerm first = leading("m1")->term();
    const LeaderTerm second = leading("m2")->term();
    EXPECT_EQ(first.epoch, 1);
    EXPECT_EQ(second.epoch, 2);
    EXPECT_EQ(first.clusterUid, second.clusterUid);
    EXPECT_EQ(second.masterId, "m2");
}

TEST_F(LeadershipTest, OfAFreshStoreIsAnotherCluster) {
    const LeaderTerm first = leading("m1")->term();
    test::MemoryStore other(loop);
    Leadership fresh(loop, other, {"m1", [] { return true; }, 1s});
    fresh.lead([](auto) {});
    loop.run();
    EXPECT_NE(fresh.term().clusterUid, first.clusterUid);
}

TEST_F(LeadershipTest, LetsADeposedLeaderWriteNothing) {
    auto old = leading("m1");
    auto current = leading("m2");
    EXPECT_EQ(codeOfCommit(*old), Errc::Conflict);
    EXPECT_FALSE(store.get("server/a").has_value());
    EXPECT_FALSE(old->isLeading());
    EXPECT_THAT(losses, testing::ElementsAre("another master took over"));
    EXPECT_EQ(codeOfCommit(*current), Errc::Closed);
    EXPECT_TRUE(current->isLeading());
}

TEST_F(LeadershipTest, StaysWhenAComparisonOfTheCallerFails) {
    auto leadership = leading("m1");
    store.put("a", "1");
    std::optional<Errc> code;
    leadership->commit({{{"a", 0}}, {}, {}}, [&](auto result) { code = result.error().code(); });
    loop.run();
    EXPECT_EQ(code, Errc::Conflict);
    EXPECT_TRUE(leadership->isLeading());
    EXPECT_TRUE(losses.empty());
}

TEST_F(LeadershipTest, OfTwoAtOnceGoesToOne) {
    auto one = make("m1");
    auto other = make("m2");
    std::vector<bool> outcomes;
    one->lead([&](auto term) { outcomes.push_back(static_cast<bool>(term)); });
    other->lead([&](auto term) { outcomes.push_back(static_cast<bool>(term)); });
    loop.run();
    EXPECT_THAT(outcomes, testing::ElementsAre(true, false));
}

TEST_F(LeadershipTest, EndsWithItsLease) {
    auto leadership = leading("m1");
    isHeld = false;
    loop.advance(1s);
    EXPECT_EQ(losses.size(), 1U);
    EXPECT_EQ(codeOfCommit(*leadership), Errc::Conflict);
    EXPECT_EQ(loop.timers(), 0U);
}

TEST_F(LeadershipTest, DoesNotStartOverOnADamagedRecord) {
    store.put(Leadership::kLeaderKey, R"({"epoch":"seven"})");
    auto leadership = make("m1");
    std::string why;
    leadership->lead([&](auto term) { why = term ? "" : term.error().detail(); });
    loop.run();
    EXPECT_THAT(why, testing::HasSubstr("damaged"));
    EXPECT_FALSE(leadership->isLeading());
}

TEST(LeaderLock, IsHeldByOneAndSaysByWhom) {
    test::TempDir directory;
    const std::string file = (directory.path() / "leader.lock").string();
    auto first = LeaderLock::acquire(file, "master-1 pid 42\nsecond line");
    ASSERT_TRUE(first);
    auto second = LeaderLock::acquire(file, "master-2");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Errc::Conflict);
    EXPECT_EQ(second.error().detail(), "master-1 pid 42");
    { const LeaderLock ended = std::move(*first); }
    EXPECT_TRUE(LeaderLock::acquire(file, "master-2"));
}

TEST(LeaderLock, IsLostWhenItsFileIsReplaced) {
    test::TempDir directory;
    const std::string file = (directory.path() / "leader.lock").string();
    auto lock = LeaderLock::acquire(file, "master-1");
    ASSERT_TRUE(lock);
    EXPECT_TRUE(lock->isHeld());
    std::filesystem::remove(file);
    EXPECT_FALSE(lock->isHeld());
    auto other = LeaderLock::acquire(file, "master-2");
    ASSERT_TRUE(other);
    EXPECT_FALSE(lock->isHeld());
    EXPECT_TRUE(other->isHeld());
}

}  // namespace
}  // namespace muster
