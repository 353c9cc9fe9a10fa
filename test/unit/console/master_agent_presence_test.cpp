#include "test/unit/console/master_agent_fixture.hpp"

#include <gmock/gmock.h>

/// Who is there, after a broker that forgot, kept too much, or was away.
namespace muster {
namespace {

using std::chrono::seconds;
using test::MasterAgentTest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MasterAgentPresenceTest : public MasterAgentTest {
protected:
    /// States that this master wrote into the presence of `id`.
    std::vector<std::string> written(const std::string& id) const {
        std::vector<std::string> payloads;
        for (const auto& message : client.sentTo("muster/c/presence/" + id)) {
            EXPECT_TRUE(message.retain);
            payloads.push_back(message.payload);
        }
        return payloads;
    }
};

TEST_F(MasterAgentPresenceTest, TakesNoBrokersWordForWhoIsThere) {
    keptPresence("a", "ready");
    EXPECT_THAT(members, IsEmpty());
    presence("a", "ready");
    EXPECT_THAT(members, ElementsAre("0a"));
    loop.advance(seconds(60));
    EXPECT_TRUE(agent.server("a"));
    EXPECT_THAT(written("a"), IsEmpty());
}

TEST_F(MasterAgentPresenceTest, SweepsTheRecordOfAMemberThatIsNoMore) {
    keptPresence("a", "ready");
    loop.advance(seconds(59));
    EXPECT_THAT(written("a"), IsEmpty());
    loop.advance(seconds(1));
    EXPECT_THAT(written("a"), ElementsAre(HasSubstr(R"("state":"offline")")));
    EXPECT_THAT(written("a").front(), HasSubstr(R"("incarnation":"1")"));
    EXPECT_THAT(members, IsEmpty());
}

// Its will died with its rights.
TEST_F(MasterAgentPresenceTest, SaysOfWhomTheBrokerCutOffThatHeIsGone) {
    presence("a", "ready");
    presence("b", "ready");
    agent.cutOff({"a", "nobody"});
    EXPECT_THAT(written("a"), ElementsAre(HasSubstr(R"("state":"offline")")));
    EXPECT_THAT(written("b"), IsEmpty());
    loop.advance(seconds(60));
    EXPECT_FALSE(agent.server("a"));
    EXPECT_TRUE(agent.server("b"));
    EXPECT_EQ(members.back(), "2a");
}

TEST_F(MasterAgentPresenceTest, LosesWhoDiedWhileTheBrokerWasAway) {
    presence("a", "ready");
    presence("b", "ready");
    client.goesDown();
    client.comesUp();
    keptPresence("a", "ready");
    keptPresence("b", "ready");
    presence("a", "ready");
    EXPECT_THAT(members, ElementsAre("0a", "0b", "1a"));
    loop.advance(seconds(60));
    EXPECT_EQ(members.back(), "2b");
    EXPECT_FALSE(agent.server("b"));
    EXPECT_TRUE(agent.server("a"));
    EXPECT_THAT(written("b"), ElementsAre(HasSubstr("offline")));
    EXPECT_THAT(written("a"), IsEmpty());
}

TEST_F(MasterAgentPresenceTest, LosesThemAlsoWhenTheBrokerForgotEverything) {
    presence("b", "ready");
    client.goesDown();
    client.comesUp();
    loop.advance(seconds(60));
    EXPECT_THAT(members, ElementsAre("0b", "2b"));
}

TEST_F(MasterAgentPresenceTest, GivesEveryConnectionTheWholeTime) {
    presence("b", "ready");
    for (int i = 0; i < 3; ++i) {
        client.goesDown();
        client.comesUp();
        loop.advance(seconds(59));
        EXPECT_TRUE(agent.server("b"));
    }
    client.goesDown();
    loop.advance(seconds(600));  // nobody can say anything
    EXPECT_TRUE(agent.server("b"));
    EXPECT_EQ(loop.timers(), 0U);
}

TEST_F(MasterAgentPresenceTest, BelievesTheBrokerThatSomebodyLeft) {
    presence("a", "ready");
    client.goesDown();
    client.comesUp();
    keptPresence("a", "offline");
    loop.advance(seconds(3));
    EXPECT_THAT(members, ElementsAre("0a", "2a"));
}

TEST_F(MasterAgentPresenceTest, WritesNothingIntoOthersPresenceWhileItDoesNotLead) {
    agent.setLeadership(0, "");
    keptPresence("a", "ready");
    loop.advance(seconds(60));
    EXPECT_THAT(written("a"), IsEmpty());
}

TEST_F(MasterAgentPresenceTest, KeepsWhoSpokeBeforeTheBrokersOldRecordCame) {
    presence("a", "ready");
    keptPresence("a", "ready");
    loop.advance(seconds(60));
    EXPECT_TRUE(agent.server("a"));
    EXPECT_THAT(written("a"), IsEmpty());
}

}  // namespace
}  // namespace muster
