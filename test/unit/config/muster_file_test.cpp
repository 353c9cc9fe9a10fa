#include "common/config/json_reader.hpp"
#include "test/unit/config/config_case.hpp"

namespace muster::config {
namespace {

using namespace std::chrono_literals;
using test::ConfigCase;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(MusterFile, GivesEveryValue) {
    ConfigCase game;
    game.muster(
        R"("cluster": "chat", "stateDirectory": "state", "durability": "power", "mode": "stand-alone",
        "closeWatcher": true, "modules": ["echo"], "pomelo": {"reconnect": "closed"},
        "listeners": [{"host": "0.0.0.0", "port": 0, "insecure": true, "pomelo": false}],
        "limits": {"maxConnections": 5, "maxPacketSize": 2048},
        "broker": {"url": "mqtt://broker.example:1883", "username": "boss", "password": "secret"},
        "types": {
          "db": {"command": ["/bin/sh"]},
          "chat": {"command": {"argv": ["/bin/sh", "-c", "x"], "cwd": "/tmp", "env": {"A": "b"}, "user": "root"},
            "dependsOn": ["db"], "restart": {"when": "on-failure", "first": "1s", "base": "2s", "cap": "3s", "resetAfter": "4m", "max": 7},
            "stop": {"signal": "SIGINT", "timeout": "20s"},
            "readiness": {"kind": "log", "pattern": "up", "timeout": "5s"}}})");
    const Cluster cluster = game.cluster();
    EXPECT_EQ(cluster.name, "chat");
    EXPECT_EQ(cluster.stateDirectory, game.base() + "/state");
    EXPECT_TRUE(cluster.powerDurability && cluster.standAlone && cluster.closeWatcher);
    EXPECT_THAT(cluster.modules, ElementsAre("echo"));
    EXPECT_EQ(cluster.pomelo.reconnect, PomeloPolicy::Reconnect::Closed);
    Listener listener;
    listener.host = "0.0.0.0";
    listener.port = 0;
    listener.insecure = true;
    listener.pomelo = false;
    EXPECT_EQ(cluster.listeners.at(0), listener);
    EXPECT_EQ(cluster.limits.maxConnections, 5U);
    EXPECT_EQ(cluster.limits.maxRetained, 1'000'000U);
    EXPECT_EQ(cluster.broker.username, "boss");
    const ServerType& chat = cluster.types.at("chat");
    EXPECT_EQ(chat.command, (Command{{"/bin/sh", "-c", "x"}, "/tmp", {{"A", "b"}}, "root"}));
    EXPECT_EQ(chat.restart, (RestartPolicy{RestartPolicy::When::OnFailure, 1s, 2s, 3s, 4min, 7}));
    EXPECT_EQ(chat.stop, (StopPolicy{2, 20s}));
    EXPECT_EQ(chat.readiness.pattern, "up");
    EXPECT_THAT(chat.dependsOn, ElementsAre("db"));
    EXPECT_FALSE(chat.isPomelo);
}

TEST(MusterFile, SaysWhatAProcessIsGiven) {
    ConfigCase game;
    game.muster(R"("types": {"chat": {"command": {"argv": ["/bin/sh"], "nice": -5, "umask": "027",
        "cpus": [0, 1]}, "rlimits": {"core": -1, "nofile": 65536}}})");
    ProcessSettings expected;
    expected.nice = -5;
    expected.umask = 027;
    expected.cpus = {0, 1};
    expected.rlimits = {{"core", -1}, {"nofile", 65536}};
    EXPECT_EQ(game.cluster().types.at("chat").process, expected);
}

TEST(MusterFile, SaysWhatIsWrongWithWhatAProcessIsGiven) {
    ConfigCase game;
    game.muster(R"("types": {"chat": {"command": {"argv": ["/bin/sh"], "nice": 20, "umask": "088"},
        "rlimits": {"nofiles": 3}}})");
    const auto problems = game.problems();
    ASSERT_EQ(problems.size(), 3U);
    EXPECT_THAT(problems[0], HasSubstr("/types/chat/command/nice: 20"));
    EXPECT_THAT(problems[1], HasSubstr("\"088\" is no umask"));
    EXPECT_THAT(problems[2], HasSubstr("Did you mean \"nofile\"?"));
}

TEST(MusterFile, BoundsAServerByItsCgroup) {
    ConfigCase game;
    game.muster(R"("types": {"chat": {"command": ["/bin/sh"],
        "limits": {"memoryMax": "256MiB", "cpuMax": 150, "cpuWeight": 50, "pidsMax": 100}}})");
    ProcessSettings expected;
    expected.memoryMax = 256 << 20;
    expected.cpuMax = 150;
    expected.cpuWeight = 50;
    expected.pidsMax = 100;
    EXPECT_EQ(game.cluster().types.at("chat").process, expected);
}

TEST(MusterFile, SaysHowAServerIsLookedAt) {
    ConfigCase game;
    game.muster(R"("types": {"chat": {"command": ["/bin/sh"], "onUnresponsive": "restart",
        "liveness": {"kind": "command", "argv": ["/bin/true"], "interval": "2s", "timeout": "1s",
                     "failures": 5}}})");
    const Cluster cluster = game.cluster();
    const auto& chat = cluster.types.at("chat");
    Liveness expected;
    expected.kind = Liveness::Kind::Command;
    expected.argv = {"/bin/true"};
    expected.interval = 2s;
    expected.timeout = 1s;
    expected.failures = 5;
    EXPECT_EQ(chat.liveness, expected);
    EXPECT_EQ(chat.onUnresponsive, OnUnresponsive::Restart);
}

TEST(MusterFile, SaysWhatIsWrongWithHowAServerIsLookedAt) {
    const auto problemOf = [](const std::string& members) {
        ConfigCase game;
        game.muster(R"("types": {"chat": {"command": ["/bin/sh"], )" + members + "}}");
        const auto problems = game.problems();
        return problems.size() == 1 ? problems[0] : std::to_string(problems.size()) + " problems";
    };
    EXPECT_THAT(problemOf(R"("liveness": {})"), HasSubstr("has no kind"));
    EXPECT_THAT(problemOf(R"("liveness": {"kind": "command"})"), HasSubstr("needs argv"));
    EXPECT_THAT(problemOf(R"("liveness": {"kind": "tpc"})"), HasSubstr("Did you mean \"tcp\"?"));
    EXPECT_THAT(problemOf(R"("liveness": {"kind": "tcp", "port": 1, "failure": 2})"),
                HasSubstr("Did you mean \"failures\"?"));
    EXPECT_THAT(problemOf(R"("liveness": {"kind": "tcp", "port": 1, "failures": 0})"),
                HasSubstr("/types/chat/liveness/failures: 0"));
    EXPECT_THAT(problemOf(R"("liveness": {"kind": "tcp", "port": 1, "interval": "1ms"})"),
                HasSubstr("/types/chat/liveness/interval"));
    EXPECT_THAT(problemOf(R"("onUnresponsive": "restrat")"),
                HasSubstr("Did you mean \"restart\"?"));
    EXPECT_THAT(problemOf(R"("liveness": {"kind": "command", "argv": ["/nonexistent/check"]})"),
                HasSubstr("liveness.argv"));
}

TEST(MusterFile, KnowsASizeOfMemoryByItsUnit) {
    for (const char* size : {"256", "256M", "-1MiB", "1023KiB", "2000000GiB", "MiB", "1.5GiB"}) {
        ConfigCase game;
        game.muster(R"("types": {"chat": {"command": ["/bin/sh"], "limits": {"memoryMax": ")" +
                    std::string(size) + R"("}}})");
        const auto problems = game.problems();
        ASSERT_EQ(problems.size(), 1U) << size;
        EXPECT_THAT(problems[0], HasSubstr("is no size of memory"));
    }
}

TEST(MusterFile, BoundsTheBrokerAndShowsItsFigures) {
    ConfigCase game;
    game.muster(
        R"("limits": {"maxConnectionsPerAddress": 1, "maxHalfOpen": 2, "connectTimeout": "3s",
        "maxConnectSize": 4096, "maxUserProperties": 5, "maxUserPropertyBytes": 6, "maxSessions": 7,
        "maxTopicLevels": 8, "maxRetainedBytes": 9000, "maxQueuedBytes": 10000,
        "maxOutputBytes": 110000, "messageRate": 12, "byteRate": 13, "maxKeepAlive": 14,
        "slowConsumerTimeout": "15s", "maxSubscriptionBytes": 16000,
        "maxFilterBytesPerClient": 2000, "maxUnstoredBytes": 300000},
        "sysInterval": "0s", "metrics": {"port": 9000})");
    const Cluster cluster = game.cluster();
    Limits limits;
    limits.maxConnectionsPerAddress = 1;
    limits.maxHalfOpen = 2;
    limits.connectTimeout = 3s;
    limits.maxConnectSize = 4096;
    limits.maxUserProperties = 5;
    limits.maxUserPropertyBytes = 6;
    limits.maxSessions = 7;
    limits.maxTopicLevels = 8;
    limits.maxRetainedBytes = 9000;
    limits.maxQueuedBytes = 10000;
    limits.maxOutputBytes = 110000;
    limits.messageRate = 12;
    limits.byteRate = 13;
    limits.maxKeepAlive = 14;
    limits.slowConsumerTimeout = 15s;
    limits.maxSubscriptionBytes = 16000;
    limits.maxFilterBytesPerClient = 2000;
    limits.maxUnstoredBytes = 300000;
    EXPECT_EQ(cluster.limits, limits);
    EXPECT_EQ(cluster.sysInterval, 0s);
    EXPECT_EQ(cluster.metrics, (Metrics{"127.0.0.1", 9000}));
}

TEST(MusterFile, ShowsNoMetricsUnlessItIsTold) {
    ConfigCase game;
    game.muster();
    EXPECT_FALSE(game.cluster().metrics);
    EXPECT_EQ(game.cluster().sysInterval, 10s);
}

TEST(MusterFile, SaysHowManyServersStartAtATime) {
    ConfigCase game;
    game.muster();
    EXPECT_EQ(game.cluster().start, (StartWidth{0, 64}));
    game.muster(R"("start": {"width": 8, "hostWidth": 3})");
    EXPECT_EQ(game.cluster().start, (StartWidth{8, 3}));
    game.muster(R"("start": {"width": -1})");
    EXPECT_THAT(game.problems(), ElementsAre(testing::HasSubstr("/start/width: -1 is below 0")));
}

TEST(MusterFile, TakesShortForms) {
    ConfigCase game;
    game.muster(R"("broker": "mqtts://b:8883", "types": {"chat": {"command": ["/bin/sh"]}})");
    const Cluster cluster = game.cluster();
    EXPECT_EQ(cluster.broker.url, "mqtts://b:8883");
    EXPECT_THAT(cluster.types.at("chat").command.argv, ElementsAre("/bin/sh"));
}

TEST(MusterFile, RefusesUnknownKeysAndSuggestsKnownOnes) {
    ConfigCase game;
    game.muster(
        "\"listners\": [],\n\"types\": {\"chat\": {\"command\": [\"/bin/sh\"],\n \"stop\": "
        "{\"time_out\": 1}}}, \"limits.maxRetained\": 1");
    const auto problems = game.problems();
    ASSERT_EQ(problems.size(), 3U);
    EXPECT_THAT(problems[0],
                HasSubstr("config/muster.json:2: /listners: unknown key \"listners\". Did you mean "
                          "\"listeners\"? Known here: configVersion, cluster,"));
    EXPECT_THAT(
        problems[1],
        HasSubstr("config/muster.json:4: /types/chat/stop/time_out: unknown key \"time_out\". Did "
                  "you mean \"timeout\"? Known here: signal and timeout."));
    EXPECT_THAT(problems[2], HasSubstr("/limits.maxRetained: unknown key"));
}

TEST(MusterFile, RefusesWrongTypesAndRanges) {
    ConfigCase game;
    game.file("muster.json", R"({
 "configVersion": 2,
 "cluster": 5,
 "durability": "powr",
 "listeners": [{"port": 65536}],
 "limits": {"maxPacketSize": 1.5},
 "modules": ["echo", "ecco"],
 "types": {"a": {"command": [],
  "stop": {"timeout": "10", "signal": "TREM"},
  "restart": {"base": "5s", "cap": "1s"},
  "readiness": {"kind": "log"}}},
 "broker": {"username": "x"}
})");
    EXPECT_THAT(
        game.problems(),
        ElementsAre(
            "config/muster.json:2: /configVersion: 2 is not known: this muster reads version 1",
            "config/muster.json:3: /cluster: is a number, but must be a string",
            "config/muster.json:4: /durability: \"powr\" is not known. Did you mean \"power\"? "
            "Known: process and power.",
            "config/muster.json:5: /listeners/0/port: 65536 is above 65535: give 0 to 65535",
            "config/muster.json:6: /limits/maxPacketSize: 1.5 is not a whole number",
            "config/muster.json:7: /modules/1: \"ecco\" is not known. Did you mean \"echo\"? "
            "Known: echo and bench.",
            "config/muster.json:8: /types/a/command: has 0 entries, but must have 1 to 1024",
            "config/muster.json:9: /types/a/stop/timeout: \"10\" is not a duration: write a whole "
            "number and ms, s, m or h, like \"500ms\"",
            "config/muster.json:9: /types/a/stop/signal: there is no signal \"TREM\". Did you mean "
            "\"TERM\"? Usual: TERM, INT, HUP, QUIT.",
            "config/muster.json:10: /types/a/restart: cap is below base: make it the larger of the "
            "two",
            "config/muster.json:11: /types/a/readiness: kind \"log\" needs a pattern: add the text "
            "to wait for",
            "config/muster.json:12: /broker: has no url: add one like \"mqtt://127.0.0.1:1883\""));
}

TEST(MusterFile, NeedsItsVersion) {
    ConfigCase game;
    game.file("muster.json", "{}");
    EXPECT_THAT(
        game.problems(),
        ElementsAre("config/muster.json:1: /configVersion: is missing: add \"configVersion\": 1"));
}

TEST(MusterFile, WithBadJsonNamesLineAndColumn) {
    ConfigCase game;
    game.file("muster.json", "{\"configVersion\": 1,\n  \"cluster\": }");
    EXPECT_THAT(game.problems(),
                ElementsAre("config/muster.json:2: /cluster: column 14: a value is expected here"));
}

TEST(MusterFile, IsFoundFromTheDirectoryTheConfigDirectoryAndTheFile) {
    ConfigCase game;
    game.muster();
    for (const char* below : {"", "/", "/config", "/config/", "/config/muster.json"}) {
        const auto result = load(game.str() + below, "");
        ASSERT_TRUE(result.cluster.has_value()) << below;
        EXPECT_EQ(result.cluster->base, game.base()) << below;
    }
}

TEST(MusterFile, ThatIsNotThereIsOneClearProblem) {
    test::TempDir empty;
    const auto result = load(empty.str(), "");
    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_THAT(describe(result.problems[0]),
                HasSubstr("neither config/muster.json nor config/master.json"));
    EXPECT_FALSE(load("/nonexistent/place", "").cluster.has_value());
}

TEST(MusterFile, SurvivesHostileInput) {
    const std::vector<std::string> texts = {
        "null",
        "[]",
        "5",
        std::string(1 << 20, '{'),
        std::string(17 << 20, ' '),
        std::string("{\"\0\": 1}", 9),
        R"({"configVersion": 1, "types": {"": {}, "../x": 5, "a/b": {"command": [""]}, "<type>": {"command": ["${"]}}})",
        R"({"configVersion": 1, "types": {"a": {"command": ["/bin/sh\u0000x"], "dependsOn": ["a", "a"]}}})",
        R"({"configVersion": 99999999999999999999, "listeners": [[[]], {}, null], "broker": ["x"]})"};
    for (const auto& text : texts) {
        ConfigCase game;
        game.file("muster.json", text);
        EXPECT_FALSE(game.load().cluster.has_value()) << text.substr(0, 100);
    }
    ConfigCase many;
    std::string keys = "{\"configVersion\": 1";
    for (int i = 0; i < 5000; ++i) keys += ", \"k" + std::to_string(i) + "\": 1";
    many.file("muster.json", keys + "}");
    EXPECT_EQ(many.load().problems.size(), 1001U);
}

TEST(MusterFile, IsQuotedInPartOnly) {
    ConfigCase game;
    game.file("muster.json", "{\"configVersion\": 1, \"" + std::string(100'000, 'k') +
                                 "\": 1, \"durability\": \"" + std::string(100'000, 'v') +
                                 "\", \"mode\": \"" + std::string(998, 'x') + "ööö\"}");
    const auto problems = game.problems();
    ASSERT_EQ(problems.size(), 3U);
    for (const auto& problem : problems) {
        EXPECT_LT(problem.size(), 2200U);
        EXPECT_THAT(problem, testing::EndsWith("…"));
        // What is no UTF-8 would be replaced.
        EXPECT_THAT(quoteJson(problem), testing::Not(HasSubstr("\uFFFD")));
    }
}

TEST(MusterFile, ThatIsADirectoryIsSaid) {
    ConfigCase game;
    game.besides("config/muster.json/x", "");
    EXPECT_THAT(game.problems(),
                ElementsAre("config/muster.json: is a directory: put a file there, or remove it"));
}

TEST(MusterFile, RefusesAnEnvironmentThatIsAPath) {
    ConfigCase game;
    game.muster();
    EXPECT_FALSE(game.load("../../etc").cluster.has_value());
}

}  // namespace
}  // namespace muster::config
