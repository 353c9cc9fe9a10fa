#include "modules/scripts/scripts_master.hpp"
#include "test/unit/console/fake_agent.hpp"

#include <gtest/gtest.h>

namespace muster::modules {
namespace {

using test::Answers;
using test::FakeAgent;

ServerInfo member(const std::string& id, bool isPomelo) {
    ServerInfo server;
    server.id = id;
    server.type = "chat";
    server.isPomelo = isPomelo;
    return server;
}

class ScriptsTest : public ::testing::Test {
protected:
    ScriptsTest() {
        agent.joins(member("js", true));
        agent.joins(member("cpp", false));
    }
    std::string ask(const JsonText& body) {
        module.clientHandler(agent, {}, body, answers.reply());
        return answers.last();
    }

    FakeAgent agent;
    Answers answers;
    ScriptsMaster module;
};

TEST_F(ScriptsTest, SendsAScriptToANodeServerUnchanged) {
    module.clientHandler(agent, {},
                         R"({"command":"run","serverId":"js","script":"result = \"ä\""})",
                         answers.reply());
    ASSERT_EQ(agent.requests.size(), 1U);
    EXPECT_EQ(agent.requests.front().id, "js");
    EXPECT_EQ(agent.requests.front().module, "scripts");
    EXPECT_EQ(agent.requests.front().body, R"({"command":"run","script":"result = \"ä\""})");
    agent.requests.front().done(JsonText("\"done\""));
    EXPECT_EQ(answers.last(), "\"done\"");
}

TEST_F(ScriptsTest, RefusesWhatCannotBeDone) {
    EXPECT_EQ(ask(R"({"command":"run","serverId":"cpp","script":"1"})").substr(0, 14),
              "not_supported:");
    EXPECT_EQ(ask(R"({"command":"run","serverId":"nobody","script":"1"})").substr(0, 15),
              "unknown_server:");
    EXPECT_EQ(ask(R"({"command":"run","serverId":"js"})").substr(0, 12), "bad_message:");
    EXPECT_EQ(ask(R"({"command":"run","serverId":"js","script":7})").substr(0, 12), "bad_message:");
    EXPECT_EQ(ask(R"({"command":"save","filename":"../x","body":""})").substr(0, 14),
              "not_supported:");
    EXPECT_EQ(ask(R"({"command":"nope"})"), "bad_message: unknown command:nope");
    EXPECT_EQ(ask("7").substr(0, 12), "bad_message:");
    EXPECT_TRUE(agent.requests.empty());
}

TEST_F(ScriptsTest, ListsNodeServersOnly) {
    EXPECT_EQ(ask(R"({"command":"list"})"), R"({"scripts":[],"servers":["js"]})");
}

TEST_F(ScriptsTest, NeedsLevelOneForAnythingButALook) {
    EXPECT_EQ(module.requiredLevel(R"({"command":"list"})"), 2);
    EXPECT_EQ(module.requiredLevel(R"({"command":"run"})"), 1);
    EXPECT_EQ(module.requiredLevel("nonsense"), 1);
}

}  // namespace
}  // namespace muster::modules
