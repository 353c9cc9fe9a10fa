// What everybody may see of a cluster with any MQTT tool, and what nobody may.
#include "test/integration/security/attacked_cluster.hpp"

namespace muster {
namespace {

using namespace std::chrono_literals;

class ViewTest : public test::AttackedCluster {
protected:
    void expectNoSecretsIn(const std::string& shown) const {
        for (const char* name : {"admin", "node", "server"})
            EXPECT_EQ(shown.find(cluster_.token(name)), std::string::npos) << name << ".token";
        for (const char* password : {"ann-password", "bob-password"})
            EXPECT_EQ(shown.find(password), std::string::npos);
    }
    /// Everything that `muster/#` brings while a server is restarted, until its metric came.
    std::string watch(const std::vector<std::string>& identity) {
        auto words = client("mosquitto_sub");
        words.insert(words.end(), identity.begin(), identity.end());
        words.insert(words.end(), {"-t", "muster/#", "-v"});
        test::Child watcher(words);
        watcher.outputUntil("muster/game/leader", 10s);
        EXPECT_EQ(cluster_.run({"restart", "chat-1"}).status, 0);
        pids_ = cluster_.pids();
        // The server was ready before it was registered, and its metric may be there since before.
        for (const char* topic : {"event/order/", "event/admin/admin {", "event/ready/chat-1 {",
                                  "event/disconnected/chat-1 {", "event/registered/chat-1 {"})
            watcher.outputUntil(topic, 10s);
        return watcher.outputUntil("metric/chat-2", 15s);
    }
    void expectWholeState(const std::string& shown) const {
        for (const char* topic :
             {"leader {", "presence/chat-1 {", "presence/chat-2 {", "presence/gate-1 {",
              "presence/node-", "state/server/chat-1 {", "state/server/chat-2 {",
              "state/server/gate-1 {", "state/module/systemInfo {", "event/stopped/chat-1 {",
              "event/restarted/chat-1 {", "event/disconnected/chat-1 {",
              "event/registered/chat-1 {", "event/ready/chat-1 {", "event/order/",
              "event/admin/admin {", "metric/chat-2 {", "metric/master {"})
            EXPECT_NE(shown.find(std::string("muster/game/") + topic), std::string::npos)
                << topic << " is missing in\n"
                << shown;
        for (const char* hidden : {"muster/game/to/", "muster/game/reply/"})
            EXPECT_EQ(shown.find(hidden), std::string::npos) << hidden;
        expectNoSecretsIn(shown);
    }
};

TEST_F(ViewTest, AnonymousSeesTheWholeStateAndNoMailAndNoSecrets) {
    ASSERT_EQ(cluster_.run({"module", "disable", "systemInfo"}).status, 0);
    expectWholeState(watch({}));
}

TEST_F(ViewTest, SoDoesAUserOfLevel2) {
    ASSERT_EQ(cluster_.run({"module", "disable", "systemInfo"}).status, 0);
    expectWholeState(watch({"-u", "bob", "-P", "bob-password"}));
}

TEST_F(ViewTest, WhatWasCountedIsShownToEverybody) {
    const auto figures = [&] {
        const auto shown = runWith(client("mosquitto_sub"),
                                   {"-t", "muster/game/metric/master", "-C", "1", "-W", "5"});
        auto parsed = parseJson(shown.output);
        EXPECT_TRUE(parsed) << shown.output;
        return parsed ? *parsed : nlohmann::json::object();
    };
    // Three servers and their node.
    EXPECT_TRUE(test::eventually(15s, [&] { return figures().value("members", 0) == 4; }));
    const auto before = figures();
    EXPECT_GT(before.value("rssBytes", 0), 0);
    for (const char* part : {"agent", "pomelo", "broker"}) EXPECT_TRUE(before.contains(part));
    const auto denied = before.at("broker").at("publishesDenied").get<std::uint64_t>();
    (void)runWith(client("mosquitto_pub"), {"-t", "muster/game/leader", "-m", "{}", "-q", "1"});
    EXPECT_TRUE(test::eventually(15s, [&] {
        return figures().at("broker").at("publishesDenied").get<std::uint64_t>() == denied + 1;
    }));
}

TEST_F(ViewTest, MosquittoRrGetsTheServerList) {
    const auto answer = runWith(
        client("mosquitto_rr"),
        {"-t", "muster/game/to/master/anonymous", "-e", "muster/game/reply/anonymous/me", "-m",
         R"({"v":1,"time":"2026-01-01T00:00:00.000Z","moduleId":"supervisor","body":{"op":"list"}})"});
    const auto parsed = parseJson(answer.output);
    ASSERT_TRUE(parsed) << answer.output;
    EXPECT_EQ((*parsed)["body"]["cluster"], "game");
    EXPECT_EQ((*parsed)["body"]["servers"].size(), 3U);
    expectNoSecretsIn(answer.output);
}

TEST_F(ViewTest, WhatLevel2MayAskHoldsNoSecrets) {
    const auto anonymous = admin();
    std::string shown;
    for (const char* body : {R"({"op":"list"})", R"({"op":"orders","limit":1000})",
                             R"({"op":"status","id":"chat-1"})"}) {
        const auto answer = anonymous->request("supervisor", body);
        ASSERT_TRUE(answer) << answer.error().detail();
        shown += *answer;
    }
    for (const char* body : {R"({"comd":"config","context":"chat-1","param":"master"})",
                             R"({"comd":"servers","context":"all"})"}) {
        const auto answer = anonymous->request("watchServer", body);
        ASSERT_TRUE(answer) << answer.error().detail();
        shown += *answer;
    }
    EXPECT_NE(shown.find(R"("op":"start")"), std::string::npos);
    expectNoSecretsIn(shown);
}

TEST_F(ViewTest, EventsOfAServerSurviveTheMaster) {
    cluster_.killMaster();
    cluster_.startMaster();
    ASSERT_TRUE(test::eventually(20s, [&] { return cluster_.isReady(); }));
    const auto answer = admin()->request("supervisor", R"({"op":"status","id":"chat-1"})");
    ASSERT_TRUE(answer);
    EXPECT_NE(answer->find(R"("kind":"started")"), std::string::npos) << *answer;
}

}  // namespace
}  // namespace muster
