#include "modules/watch_server/watch_server_master.hpp"
#include "modules/watch_server/watch_server_monitor.hpp"
#include "test/unit/console/fake_agent.hpp"
#include "test/unit/modules/fake_monitor_agent.hpp"

#include <muster/json.hpp>

#include <gtest/gtest.h>

namespace muster::modules {
namespace {

using test::Answers;
using test::FakeAgent;

class WatchServerTest : public testing::Test {
protected:
    void joins(const std::string& id, bool isPomelo, const std::string& info = "{}") {
        ServerInfo server;
        server.id = id;
        server.type = "connector";
        server.host = "h";
        server.pid = 9;
        server.isPomelo = isPomelo;
        server.info = info;
        agent.joins(server);
    }
    std::string ask(const std::string& comd, const std::string& context,
                    const std::string& param = "\"\"") {
        watch.clientHandler(
            agent, {},
            R"({"comd":")" + comd + R"(","context":")" + context + R"(","param":)" + param + "}",
            answers.reply());
        return answers.last();
    }

    FakeAgent agent;
    Answers answers;
    WatchServerMaster watch{{[] {
                                 return std::vector<std::string>{"a", "__b__"};
                             },
                             R"({"x":1})", R"({"id":"m"})"}};
};

TEST_F(WatchServerTest, AnswersAnEmptyTableForAnEmptyCluster) {
    EXPECT_EQ(ask("servers", "all"), R"({"msg":{}})");
    EXPECT_EQ(ask("connections", "all"), R"({"msg":{}})");
}

TEST_F(WatchServerTest, ShowsAllServersWhateverTheyAnswer) {
    joins("native", false);
    joins("pomelo", true);
    joins("silent", true);
    ask("servers", "all");
    EXPECT_EQ(agent.log[0], R"(request native __console__ {"signal":"list"})");
    EXPECT_EQ(agent.log[1], R"(request pomelo watchServer {"comd":"servers","context":"all"})");
    agent.answer(JsonText(R"({"rss":2000000,"uptime":60})"));
    agent.answer(
        JsonText(R"({"serverId":"pomelo","body":{"serverId":"pomelo","heapUsed":"13.79"}})"));
    agent.answer(Errc::Timeout);
    const auto rows = nlohmann::json::parse(answers.last())["msg"];
    EXPECT_EQ(rows["native"]["heapUsed"], "2.00");
    EXPECT_EQ(rows["native"]["uptime"], "1.00");
    EXPECT_EQ(rows["pomelo"]["heapUsed"], "13.79");
    EXPECT_EQ(rows["silent"]["pid"], 9);
}

TEST_F(WatchServerTest, ShowsConnectionsOfFrontendsOnly) {
    joins("back", true);
    joins("front", true, R"({"frontend":"true"})");
    ask("connections", "all");
    ASSERT_EQ(agent.requests.size(), 1U);
    agent.answer(
        JsonText(R"({"serverId":"front","body":{"serverId":"front","totalConnCount":3}})"));
    EXPECT_EQ(answers.last(), R"({"msg":{"front":{"serverId":"front","totalConnCount":3}}})");
    EXPECT_EQ(ask("logins", "back"),
              "not_supported: \nthis command should be applied to frontend server\n");
    EXPECT_EQ(ask("logins", "gone"), "unknown_server: unknown server id:gone");
    ask("logins", "front");
    agent.answer(Error(Errc::Failed, "error"));
    EXPECT_EQ(answers.last(), "failed: error");
}

TEST_F(WatchServerTest, ShowsModulesAndTheMastersConfig) {
    EXPECT_EQ(ask("modules", "all"), R"({"msg":["a","__b__"]})");
    EXPECT_EQ(ask("config", "x", "\"master\""),
              R"({"masterConfig":{"x":1},"masterInfo":{"id":"m"}})");
}

TEST_F(WatchServerTest, WrapsTheStatus) {
    joins("p", true);
    ask("status", "p");
    EXPECT_EQ(agent.requests.front().body, R"({"comd":"status","context":"p"})");
    agent.answer(JsonText(R"({"serverId":"p","body":{}})"));
    EXPECT_EQ(answers.last(), R"({"msg":{"serverId":"p","body":{}}})");
}

TEST_F(WatchServerTest, ForwardsTheRestUnchanged) {
    joins("p", true);
    for (const char* comd : {"proxy", "handler", "components", "settings", "get", "set", "enable",
                             "disable", "run", "memory", "cpu", "config"}) {
        ask(comd, "p", R"({"key":"k","value":[1]})");
        const auto body = nlohmann::json::parse(agent.requests.front().body);
        EXPECT_EQ(body["comd"], comd);
        EXPECT_EQ(body["param"]["value"][0], 1);
        agent.answer(JsonText("\"ok\""));
        EXPECT_EQ(answers.last(), "\"ok\"");
        EXPECT_EQ(ask(comd, "all"), "bad_message: context error");
    }
}

TEST_F(WatchServerTest, AnswersEveryBadRequest) {
    EXPECT_EQ(ask("explode", "all"), "bad_message: unknown comd 'explode'");
    for (const char* body : {"", "{}", "[]", "{", R"({"comd":"servers"})", R"({"context":"all"})",
                             R"({"comd":7,"context":"all"})"}) {
        watch.clientHandler(agent, {}, body, answers.reply());
        EXPECT_EQ(answers.last().substr(0, 12), "bad_message:") << body;
    }
    EXPECT_EQ(ask("get", "nobody"), "unknown_server: unknown server id:nobody");
}

TEST_F(WatchServerTest, NeedsLevel1ForChanges) {
    const auto level = [this](const std::string& comd) {
        return watch.requiredLevel(R"({"comd":")" + comd + "\"}");
    };
    for (const char* comd : {"set", "enable", "disable", "run", "memory", "cpu"})
        EXPECT_EQ(level(comd), 1);
    for (const char* comd : {"servers", "status", "get", "modules", "?"}) EXPECT_EQ(level(comd), 2);
}

TEST_F(WatchServerTest, JudgesTheCommandThatItWouldCarryOut) {
    EXPECT_EQ(watch.requiredLevel(R"({"comd":"servers","comd":"set"})"), 1);
    EXPECT_EQ(watch.requiredLevel(R"({"comd":"\u0073et"})"), 1);
    EXPECT_EQ(watch.requiredLevel(R"({"c\u006fmd":"run"})"), 1);
}

class WatchServerMonitorTest : public testing::Test {
protected:
    std::string ask(const std::string& body) {
        watch.monitorHandler(agent, body, answers.reply());
        return answers.last();
    }
    test::FakeMonitorAgent agent;
    Answers answers;
    WatchServerMonitor watch;
};

TEST_F(WatchServerMonitorTest, ShowsItselfAndItsStatus) {
    const auto row = nlohmann::json::parse(ask(R"({"comd":"servers","context":"all"})"));
    EXPECT_EQ(row["serverId"], "chat-1");
    EXPECT_EQ(row["body"]["port"], 3250);
    EXPECT_TRUE(row["body"]["heapUsed"].is_string());
    const auto status = nlohmann::json::parse(ask(R"({"comd":"status"})"))["body"];
    for (const char* key : {"time", "serverId", "serverType", "pid", "cpuAvg", "memAvg", "vsz",
                            "rss", "usr", "sys", "gue"})
        EXPECT_TRUE(status[key].is_string()) << key;
    EXPECT_GT(std::stol(status["rss"].get<std::string>()), 100);
}

TEST_F(WatchServerMonitorTest, KeepsSettings) {
    EXPECT_EQ(ask(R"({"comd":"get","param":"foo"})"), "null");
    EXPECT_EQ(ask(R"({"comd":"set","param":{"key":"foo","value":"bar"}})"), "\"set foo:bar ok\"");
    EXPECT_EQ(ask(R"({"comd":"get","param":"foo"})"), "\"bar\"");
    EXPECT_EQ(ask(R"({"comd":"enable","param":"rpcDebug"})"), "\"enable rpcDebug ok\"");
    EXPECT_TRUE(watch.isEnabled("rpcDebug"));
    EXPECT_EQ(ask(R"({"comd":"settings"})"), R"({"foo":"bar","rpcDebug":true})");
    EXPECT_EQ(ask(R"({"comd":"disable","param":"rpcDebug"})"), "\"disable rpcDebug ok\"");
    EXPECT_FALSE(watch.isEnabled("rpcDebug"));
    EXPECT_EQ(ask(R"({"comd":"config","param":"x"})"), "{}");
}

TEST_F(WatchServerMonitorTest, RefusesWhatOnlyJavaScriptCanDoAndBadInput) {
    for (const char* comd :
         {"run", "proxy", "memory", "cpu", "connections", "logins", "handler", ""})
        EXPECT_EQ(ask(R"({"comd":")" + std::string(comd) + "\"}").substr(0, 14), "not_supported:");
    for (const char* body : {"[]", R"({"comd":"set"})", R"({"comd":"set","param":"x"})",
                             R"({"comd":"set","param":{"key":""}})", R"({"comd":"enable"})"})
        EXPECT_EQ(ask(body).substr(0, 12), "bad_message:") << body;
    for (int i = 0; i < 1000; ++i)
        ask(R"({"comd":"enable","param":"k)" + std::to_string(i) + "\"}");
    EXPECT_EQ(ask(R"({"comd":"enable","param":"one more"})").substr(0, 6), "limit:");
}

}  // namespace
}  // namespace muster::modules
