#include "keeper/sweeper.hpp"
#include "test/support/manual_loop.hpp"

#include <set>

#include <gtest/gtest.h>

namespace muster::keeper {

using namespace std::chrono_literals;
using muster::test::ManualLoop;

TEST(Sweep, IsOverAtTheFirstLookThatFindsNothing) {
    Sweep sweep;
    const auto next = sweep.looked({});
    EXPECT_TRUE(next.isTold);
    EXPECT_EQ(next.pause, 0ms);
    EXPECT_EQ(sweep.outcome(), (SweepOutcome{0, 0}));
}

TEST(Sweep, CountsEveryProcessOnceHoweverOftenItWasSeen) {
    Sweep sweep;
    EXPECT_FALSE(sweep.looked({{10, 1}, {11, 1}}).isTold);
    EXPECT_FALSE(sweep.looked({{11, 1}, {12, 1}}).isTold);  // one more was forked meanwhile
    EXPECT_TRUE(sweep.looked({}).isTold);
    EXPECT_EQ(sweep.outcome(), (SweepOutcome{3, 0}));
}

TEST(Sweep, TellsAfterTenLooksWhatDoesNotDieAndGoesOn) {
    Sweep sweep;
    std::chrono::milliseconds waited{0};
    for (int look = 1; look < Sweep::kTries; ++look) {
        const auto next = sweep.looked({{10, 1}});
        EXPECT_FALSE(next.isTold) << look;
        waited += next.pause;
    }
    EXPECT_LT(waited, 1s);
    auto next = sweep.looked({{10, 1}});
    EXPECT_TRUE(next.isTold);
    EXPECT_GE(next.pause, 1s);
    EXPECT_EQ(sweep.outcome(), (SweepOutcome{0, 1}));
    next = sweep.looked({{10, 1}});
    EXPECT_FALSE(next.isTold);
    EXPECT_LE(next.pause, 5s);
    next = sweep.looked({});
    EXPECT_TRUE(next.isTold);
    EXPECT_EQ(sweep.outcome(), (SweepOutcome{1, 0}));
}

/// A sweeper of a host where processes die when the test says so.
class SweeperTest : public testing::Test, public RemnantKiller {
protected:
    void end(const std::string& id) {
        EndedLife life;
        life.id = id;
        life.nonce = "nonce-of-" + id;
        sweeper_.begin(std::move(life));
    }
    bool isSurelyClean(const EndedLife& life) override { return clean_.contains(life.id); }
    std::map<std::string, std::vector<Remnant>> kill(
        const std::vector<const EndedLife*>& lives) override {
        ++looks_;
        std::map<std::string, std::vector<Remnant>> found;
        for (const EndedLife* life : lives) found[life->id] = alive_[life->id];
        return found;
    }
    bool isThere(const Remnant& remnant) override { return ending_.contains(remnant); }

    ManualLoop loop_;
    std::vector<std::pair<std::string, SweepOutcome>> told_;
    std::set<std::string> clean_;
    std::map<std::string, std::vector<Remnant>> alive_;
    std::set<Remnant> ending_;
    int looks_ = 0;
    Sweeper sweeper_{loop_, *this, [this](const std::string& id, SweepOutcome outcome) {
                         told_.emplace_back(id, outcome);
                     }};
};

TEST_F(SweeperTest, TellsAtOnceOfWhatIsSurelyClean) {
    clean_ = {"one"};
    end("one");
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(looks_, 0);
    EXPECT_EQ(loop_.timers(), 0U);
}

TEST_F(SweeperTest, LooksOnceForAHundredThatEndTogether) {
    for (int server = 0; server < 100; ++server) end("s" + std::to_string(server));
    loop_.advance(0ms);
    EXPECT_EQ(told_.size(), 100U);
    EXPECT_EQ(looks_, 1);
    EXPECT_EQ(loop_.timers(), 0U);
}

TEST_F(SweeperTest, TellsWhenTheLastRemnantIsGone) {
    alive_["one"] = {{10, 1}, {11, 1}};
    end("one");
    end("two");
    loop_.advance(0ms);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(told_.front().first, "two");
    alive_["one"] = {{11, 1}};
    loop_.advance(1ms);
    EXPECT_EQ(told_.size(), 1U);
    alive_["one"].clear();
    loop_.advance(4ms);
    ASSERT_EQ(told_.size(), 2U);
    EXPECT_EQ(told_.back().second, (SweepOutcome{2, 0}));
}

// Its environment is gone before its files and sockets are.
TEST_F(SweeperTest, WaitsForOneThatIsEndingAndHasNoEnvironmentAnyMore) {
    alive_["one"] = {{10, 1}};
    end("one");
    loop_.advance(0ms);
    alive_["one"].clear();
    ending_ = {{10, 1}};
    loop_.advance(1ms);
    EXPECT_TRUE(told_.empty());
    ending_.clear();
    loop_.advance(4ms);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(told_.back().second, (SweepOutcome{1, 0}));
}

TEST_F(SweeperTest, TellsOfWhatDoesNotDieAndOnceMoreWhenItIsGone) {
    alive_["one"] = {{10, 1}};
    end("one");
    loop_.advance(1s);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(told_.back().second, (SweepOutcome{0, 1}));
    loop_.advance(60s);
    EXPECT_EQ(told_.size(), 1U);
    EXPECT_LT(looks_, 40);
    alive_["one"].clear();
    loop_.advance(6s);
    ASSERT_EQ(told_.size(), 2U);
    EXPECT_EQ(told_.back().second, (SweepOutcome{1, 0}));
    EXPECT_EQ(loop_.timers(), 0U);
}

}  // namespace muster::keeper
