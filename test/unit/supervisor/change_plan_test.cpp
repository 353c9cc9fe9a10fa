#include "master/supervisor/change_plan.hpp"

#include <gtest/gtest.h>

namespace muster::supervisor {

using Kind = ServerChange::Kind;

namespace {

/// A server that runs as the config has it.
ServerFacts running() {
    ServerFacts facts;
    facts.id = "chat-1";
    facts.isKnown = facts.isWanted = facts.hasWish = true;
    facts.wantsRun = facts.isAlive = facts.isComparable = true;
    facts.busy = 7;
    return facts;
}

ServerChange changeOf(const ServerFacts& facts) {
    return planChanges({facts}).changes.front();
}

}  // namespace

TEST(ChangePlan, LeavesAloneWhatIsAsItShouldBe) {
    EXPECT_EQ(changeOf(running()).kind, Kind::Unchanged);
    EXPECT_EQ(changeOf(running()).busy, 0);
    EXPECT_FALSE(planChanges({running()}).hasChanges());
}

TEST(ChangePlan, RestartsForAPartThatOnlyANewProcessTakes) {
    auto facts = running();
    facts.keys = {"argv"};
    facts.policies = {"stop"};
    EXPECT_EQ(changeOf(facts).kind, Kind::Restart);
    EXPECT_EQ(changeOf(facts).keys, std::vector<std::string>{"argv"});
    EXPECT_EQ(changeOf(facts).busy, 7);
}

TEST(ChangePlan, UpdatesForWhatTheNodeAloneGoesBy) {
    auto facts = running();
    facts.policies = {"stop"};
    EXPECT_EQ(changeOf(facts).kind, Kind::Update);
    EXPECT_EQ(changeOf(facts).busy, 0);
}

TEST(ChangePlan, RemovesAddsAndMoves) {
    auto facts = running();
    facts.isWanted = false;
    EXPECT_EQ(changeOf(facts).kind, Kind::Remove);
    facts = running();
    facts.isMoved = true;
    EXPECT_EQ(changeOf(facts).kind, Kind::Move);
    facts = ServerFacts();
    facts.isWanted = true;
    EXPECT_EQ(changeOf(facts).kind, Kind::Add);
    facts.isKnown = true;  // a signal brought it, nobody has started it
    EXPECT_EQ(changeOf(facts).kind, Kind::Add);
}

TEST(ChangePlan, StartsNothingThatAPersonStopped) {
    auto facts = running();
    facts.wantsRun = facts.isAlive = false;
    facts.keys = {"argv"};
    EXPECT_EQ(changeOf(facts).kind, Kind::Unchanged);
    EXPECT_EQ(changeOf(facts).note, "stopped; has the change when it is started");
}

TEST(ChangePlan, DoesNotGuess) {
    auto facts = running();
    facts.isComparable = false;
    EXPECT_EQ(changeOf(facts).kind, Kind::Unchanged);
    EXPECT_FALSE(changeOf(facts).note.empty());
}

TEST(ChangePlan, IsTheSameThoughSessionsComeAndGo) {
    auto facts = running();
    facts.keys = {"argv"};
    const auto plan = planChanges({facts}).fingerprint();
    facts.busy = 8;
    facts.state = "draining";
    EXPECT_EQ(planChanges({facts}).fingerprint(), plan);
    facts.keys = {"argv", "cwd"};
    EXPECT_NE(planChanges({facts}).fingerprint(), plan);
}

}  // namespace muster::supervisor
