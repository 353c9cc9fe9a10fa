#include "master/console/master_agent.hpp"
#include "test/unit/console/master_agent_fixture.hpp"

namespace muster {
namespace {

using std::chrono::seconds;
using test::MasterAgentTest;

TEST_F(MasterAgentTest, AsksPomeloPeersThroughTheGateway) {
    pomeloJoins("g");
    EXPECT_EQ(client.sentTo("muster/c/presence/g").size(), 1U);
    ask("g");
    EXPECT_EQ(peers.log.back(), R"(send g echo {"q":1})");
    agent.onPomeloAnswer("other", peers.lastRequest, JsonText("0"));
    EXPECT_EQ(answers.count(), 0U);
    agent.onPomeloAnswer("g", peers.lastRequest, JsonText("1"));
    EXPECT_EQ(answers.last(), "1");
    peers.isFull = true;
    ask("g");
    loop.run();
    EXPECT_EQ(answers.last().substr(0, 6), "limit:");
}

TEST_F(MasterAgentTest, KeepsPomeloRequestsOverABlip) {
    pomeloJoins("g");
    ask("g");
    agent.onPomeloLeave("g", false);
    loop.advance(seconds(1));
    pomeloJoins("g");
    agent.onPomeloAnswer("g", peers.lastRequest, JsonText("1"));
    EXPECT_EQ(answers.last(), "1");
    EXPECT_EQ(members, (std::vector<std::string>{"0g", "1g"}));
    agent.onPomeloLeave("g", false);
    loop.advance(seconds(3));
    EXPECT_EQ(peers.log.back(), "forget g");
    EXPECT_NE(client.sentTo("muster/c/presence/g").back().payload.find("offline"),
              std::string::npos);
}

TEST_F(MasterAgentTest, GivesTheIdToANativeServerThatShowedItsToken) {
    pomeloJoins("g");
    client.receives("muster/c/presence/g",
                    R"({"v":1,"state":"online","type":"gate","incarnation":"i"})");
    EXPECT_EQ(peers.log.back(), "displace g");
    EXPECT_FALSE(agent.server("g")->isPomelo);
    // What stands in the topic is the native server's own.
    EXPECT_EQ(client.sentTo("muster/c/presence/g").size(), 1U);
}

TEST_F(MasterAgentTest, WritesToPomeloPeersOnlyWhereThereAreNoOthers) {
    pomeloJoins("g");
    EXPECT_TRUE(agent.notifyAll("m", "1"));
    EXPECT_TRUE(agent.notifyByType("gate", "m", "1"));
    EXPECT_TRUE(agent.notifyCommand("enable", "m"));
    EXPECT_TRUE(agent.notifyClient("cli-1", "m", "1"));
    EXPECT_EQ(peers.log, (std::vector<std::string>{"all  m", "all gate m", "command enable m",
                                                   "client cli-1"}));
    EXPECT_TRUE(client.sentTo("muster/c/to/").empty());
}

TEST_F(MasterAgentTest, CorrectsPomeloPresenceOfAnEarlierLeader) {
    const char* record = R"({"v":1,"state":"online","type":"gate","pomelo":true})";
    client.receives("muster/c/presence/old", record);
    EXPECT_FALSE(agent.server("old"));
    const auto sent = client.sentTo("muster/c/presence/old");
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_TRUE(sent[0].retain);
    EXPECT_EQ(decodePresence("old", sent[0].payload)->state, "offline");
}

}  // namespace
}  // namespace muster
