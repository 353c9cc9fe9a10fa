#include "modules/watcher/watcher_master.hpp"
#include "test/unit/console/fake_agent.hpp"

#include <muster/json.hpp>

#include <gtest/gtest.h>

namespace muster::modules {
namespace {

using test::Answers;
using test::FakeAgent;

class WatcherTest : public testing::Test {
protected:
    void SetUp() override { watcher.start(agent); }
    static ServerInfo server(const std::string& id, const std::string& life = "1") {
        ServerInfo info;
        info.id = id;
        info.type = "chat";
        info.host = "h";
        info.pid = 5;
        info.incarnation = life;
        info.info = R"({"port":1})";
        return info;
    }
    static ServerInfo pomelo(const std::string& id) {
        ServerInfo info = server(id, "");
        info.isPomelo = true;
        return info;
    }
    void act(const std::string& id, const std::string& action) {
        watcher.masterHandler(agent, agent.members.at(id), R"({"action":")" + action + "\"}",
                              answers.reply());
    }
    /// What was pushed since the last call, as "to: action id" words.
    std::string pushed() {
        std::string text;
        while (!agent.requests.empty()) {
            const auto request = agent.requests.front();
            const auto body = nlohmann::json::parse(request.body);
            text += request.id + ":" + body["action"].get<std::string>();
            if (body.contains("id")) text += "," + body["id"].get<std::string>();
            if (body.contains("server")) text += "," + body["server"]["id"].get<std::string>();
            if (body.contains("servers")) text += "," + std::to_string(body["servers"].size());
            text += " ";
            agent.answer(JsonText(answer));
        }
        return text;
    }

    FakeAgent agent;
    Answers answers;
    WatcherMaster watcher{{"a", "b"}};
    std::string answer = "1";
};

TEST_F(WatcherTest, GivesSubscribersTheWholeMap) {
    agent.joins(server("a"));
    act("a", "subscribe");
    EXPECT_EQ(
        answers.last(),
        R"({"a":{"host":"h","id":"a","incarnation":"1","pid":5,"port":1,"serverType":"chat"}})");
    act("a", "query");
    EXPECT_EQ(answers.all()[0], answers.all()[1]);
}

TEST_F(WatcherTest, TellsSubscribersOfJoinsAndLeavesOfOthers) {
    agent.joins(server("a"));
    act("a", "subscribe");
    agent.joins(server("b"));
    EXPECT_EQ(pushed(), "a:addServer,b ");
    agent.leaves("b");
    EXPECT_EQ(agent.requests.front().body,
              R"({"action":"removeServer","id":"b","incarnation":"1"})");
    EXPECT_EQ(pushed(), "a:removeServer,b ");
    act("a", "unsubscribe");
    agent.joins(server("c"));
    EXPECT_EQ(pushed(), "");
}

TEST_F(WatcherTest, CarriesTheNewIncarnationOfARespawn) {
    agent.joins(server("a"));
    act("a", "subscribe");
    agent.joins(server("b", "1"));
    agent.leaves("b");
    agent.joins(server("b", "2"));
    ASSERT_EQ(agent.requests.size(), 3U);
    EXPECT_NE(agent.requests[1].body.find(R"("incarnation":"1")"), std::string::npos);
    EXPECT_NE(agent.requests[2].body.find(R"("incarnation":"2")"), std::string::npos);
    EXPECT_EQ(pushed(), "a:addServer,b a:removeServer,b a:addServer,b ");
}

TEST_F(WatcherTest, DoesNotTellOthersOfABlip) {
    agent.joins(server("a"));
    act("a", "subscribe");
    agent.joins(server("b"));
    pushed();
    agent.joins(server("b"), MemberEvent::Reconnected);
    EXPECT_EQ(pushed(), "");
}

TEST_F(WatcherTest, GivesAReturningSubscriberTheWholeMap) {
    agent.joins(server("a"));
    agent.joins(server("b"));
    act("a", "subscribe");
    agent.joins(server("a"), MemberEvent::Reconnected);
    EXPECT_EQ(pushed(), "a:replaceServer,2 ");
}

TEST_F(WatcherTest, SubscribesPomeloServersThatReconnectToAFreshMaster) {
    agent.joins(pomelo("p"), MemberEvent::Reconnected);
    EXPECT_EQ(pushed(), "p:replaceServer,1 ");
    agent.joins(server("a"));
    EXPECT_EQ(pushed(), "p:addServer,a ");
}

TEST_F(WatcherTest, SendsTheWholeMapAfterAPushThatDidNotArrive) {
    agent.joins(server("a"));
    act("a", "subscribe");
    agent.joins(server("b"));
    agent.answer(Errc::Timeout);
    agent.joins(server("c"));
    EXPECT_EQ(pushed(), "a:replaceServer,3 ");
    answer = "0";
    agent.joins(server("d"));
    EXPECT_EQ(pushed(), "a:addServer,d ");
    answer = "1";
    agent.leaves("d");
    EXPECT_EQ(pushed(), "a:replaceServer,3 ");
}

TEST_F(WatcherTest, CountsServersAndNotRecordsForStartOver) {
    agent.joins(server("a"));
    act("a", "subscribe");
    for (int i = 0; i < 5; ++i) act("a", "record");
    EXPECT_EQ(pushed(), "");
    agent.joins(server("b"));
    act("b", "subscribe");
    pushed();
    act("b", "record");
    EXPECT_EQ(pushed(), "a:startOver b:startOver ");
    act("b", "record");
    EXPECT_EQ(pushed(), "");
}

TEST_F(WatcherTest, TellsLateJoinersAndNewLivesStartOverToo) {
    for (const char* id : {"a", "b"}) {
        agent.joins(server(id));
        act(id, "subscribe");
        act(id, "record");
    }
    pushed();
    agent.joins(server("late"));
    act("late", "subscribe");
    pushed();
    act("late", "record");
    EXPECT_EQ(pushed(), "late:startOver ");
    agent.leaves("a");
    agent.joins(server("a", "2"));
    act("a", "subscribe");
    pushed();
    act("a", "record");
    EXPECT_EQ(pushed(), "a:startOver ");
}

TEST_F(WatcherTest, TakesReadyPresenceAsARecord) {
    for (const char* id : {"a", "b"}) {
        agent.joins(server(id));
        act(id, "subscribe");
    }
    pushed();
    watcher.recorded("a");
    watcher.recorded("nobody");
    watcher.recorded("b");
    EXPECT_EQ(pushed(), "a:startOver b:startOver ");
}

TEST_F(WatcherTest, DoesNotStartOverServersThatWereThereBeforeTheMaster) {
    agent.joins(pomelo("a"), MemberEvent::Reconnected);
    agent.joins(pomelo("b"), MemberEvent::Reconnected);
    EXPECT_EQ(pushed().find("startOver"), std::string::npos);
}

TEST_F(WatcherTest, LeavesNodesOut) {
    ServerInfo node = server("n");
    node.type = "node";
    agent.joins(server("a"));
    act("a", "subscribe");
    agent.joins(node);
    EXPECT_EQ(pushed(), "");
    act("a", "query");
    EXPECT_EQ(answers.last().find("\"n\""), std::string::npos);
}

TEST_F(WatcherTest, AnswersUnknownActions) {
    agent.joins(server("a"));
    for (const char* body : {"", "[]", "{}", R"({"action":"explode"})", R"({"action":7})"}) {
        watcher.masterHandler(agent, agent.members.at("a"), body, answers.reply());
        EXPECT_EQ(answers.last().substr(0, 12), "bad_message:") << body;
    }
    watcher.clientHandler(agent, {}, R"({"action":"query"})", answers.reply());
    EXPECT_EQ(answers.last().front(), '{');
}

TEST_F(WatcherTest, TellsWhoMissedTheLastNewsInTime) {
    agent.joins(server("a"));
    act("a", "subscribe");
    answer = "0";
    agent.joins(server("b"));
    EXPECT_EQ(pushed(), "a:addServer,b ");
    answer = "1";
    ASSERT_TRUE(watcher.pull());
    watcher.tick(agent);
    EXPECT_EQ(pushed(), "a:replaceServer,2 ");
    watcher.tick(agent);
    EXPECT_EQ(pushed(), "");
}

/// A master that is new, and knows who was here.
class WatcherMemoryTest : public WatcherTest {
protected:
    WatcherMemoryTest() {
        remembering.onForgotten([this](const std::string& id) { forgotten.push_back(id); });
        remembering.start(agent);
    }
    void subscribe(const std::string& id) {
        remembering.masterHandler(agent, agent.members.at(id), R"({"action":"subscribe"})",
                                  answers.reply());
    }
    void tick(int times) {
        for (int i = 0; i < times; ++i) remembering.tick(agent);
    }
    WatcherMaster remembering{{}, {server("a"), server("b")}};
    std::vector<std::string> forgotten;
};

TEST_F(WatcherMemoryTest, TheFirstToComeIsToldOfThoseWhoHaveNotComeYet) {
    agent.joins(server("a"));
    subscribe("a");
    EXPECT_EQ(nlohmann::json::parse(answers.last()).size(), 2U);
    agent.joins(server("b"));
    EXPECT_EQ(pushed(), "");
    tick(3);
    EXPECT_EQ(pushed(), "");
    EXPECT_TRUE(forgotten.empty());
}

TEST_F(WatcherMemoryTest, ANewLifeIsToldAsOne) {
    agent.joins(server("a"));
    subscribe("a");
    agent.joins(server("b", "2"));
    ASSERT_EQ(agent.requests.size(), 2U);
    EXPECT_EQ(agent.requests.front().body,
              R"({"action":"removeServer","id":"b","incarnation":"1"})");
    EXPECT_EQ(pushed(), "a:removeServer,b a:addServer,b ");
    agent.leaves("b");
    EXPECT_EQ(pushed(), "a:removeServer,b ");
}

TEST_F(WatcherMemoryTest, WhoHasNoProcessIsGoneAtOnce) {
    agent.joins(server("a"));
    subscribe("a");
    remembering.gone("b");
    EXPECT_EQ(pushed(), "a:removeServer,b ");
    remembering.gone("b");
    remembering.gone("a");  // it is here, whatever a late report says
    EXPECT_EQ(pushed(), "");
    subscribe("a");
    EXPECT_EQ(nlohmann::json::parse(answers.last()).size(), 1U);
}

TEST_F(WatcherMemoryTest, WhoDoesNotComeInTimeIsGone) {
    tick(9);  // nobody is here: nobody could come
    agent.joins(server("a"));
    subscribe("a");
    tick(2);
    EXPECT_EQ(pushed(), "");
    tick(1);
    EXPECT_EQ(pushed(), "a:removeServer,b ");
    EXPECT_EQ(forgotten, std::vector<std::string>{"b"});
}

TEST_F(WatcherMemoryTest, NobodyIsGoneWhileTheBrokerIsAwayOrOthersStillCome) {
    agent.joins(server("c"));
    remembering.setConnected(false);
    tick(9);
    EXPECT_TRUE(forgotten.empty());
    remembering.setConnected(true);
    tick(2);
    agent.joins(server("a"));  // one more came: the others may be on their way
    tick(2);
    EXPECT_TRUE(forgotten.empty());
    tick(1);
    EXPECT_EQ(forgotten, std::vector<std::string>{"b"});
}

}  // namespace
}  // namespace muster::modules
