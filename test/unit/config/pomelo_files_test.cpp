#include "test/unit/config/config_case.hpp"

namespace muster::config {
namespace {

using test::ConfigCase;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const char* const kMaster = R"({
  "development": {
    "id": "master-server-1", "host": "127.0.0.1", "port": 3005
  },
  "production": {
    "id": "master-server-9", "host": "127.0.0.1", "port": 4005
  }
})";
const char* const kServers = R"({
  "development":{
    "connector": [
      {"id": "connector-server-1", "host": "127.0.0.1", "port": 3150, "clientHost": "127.0.0.1", "clientPort": 3010, "frontend": true}
    ]
  },
  "production":{"connector": []}
})";

TEST(PomeloFiles, OfAGameDirectoryNeedNothingElse) {
    ConfigCase game;
    game.file("master.json", kMaster).file("servers.json", kServers).besides("app.js", "");
    game.file("adminServer.json", R"([{"type": "connector", "token": "agarxhqb98"}])");
    game.file("adminUser.json",
              R"([{"id": "user-1", "username": "admin", "password": "admin", "level": 1},
                                    {"id": "user-3", "username": "test", "password": "test"}])");
    const Cluster cluster = game.cluster();
    EXPECT_EQ(cluster.base, game.base());
    EXPECT_EQ(cluster.stateDirectory, game.base() + "/.muster");
    EXPECT_EQ(cluster.masterId, "master-server-1");
    ASSERT_EQ(cluster.listeners.size(), 1U);
    EXPECT_EQ(cluster.listeners[0].port, 3005);
    ASSERT_EQ(cluster.servers.size(), 1U);
    EXPECT_EQ(cluster.servers[0].clientPort, 3010);
    EXPECT_TRUE(cluster.servers[0].frontend);
    EXPECT_TRUE(cluster.types.at("connector").isPomelo);
    EXPECT_EQ(cluster.types.at("connector").readiness.kind, Readiness::Kind::Monitor);
    EXPECT_TRUE(cluster.hasServerTokens);
    EXPECT_EQ(cluster.users.at(0).level, 1);
    EXPECT_EQ(cluster.users.at(1).level, 0);
}

TEST(PomeloFiles, AreChosenByEnvironmentBlock) {
    ConfigCase game;
    game.file("master.json", kMaster).file("servers.json", kServers).besides("app.js", "");
    EXPECT_EQ(game.cluster("production").masterPort, 4005);
    EXPECT_THAT(game.cluster("production").servers, IsEmpty());
}

TEST(PomeloFiles, AreChosenByEnvironmentFolder) {
    ConfigCase game;
    game.file("production/master.json", R"({"id": "m", "host": "127.0.0.1", "port": 5005})");
    game.file("production/servers.json",
              R"({"chat": [{"id": "chat-1", "host": "127.0.0.1", "port": 6050}]})");
    game.besides("app.js", "");
    const Cluster cluster = game.cluster("production");
    EXPECT_EQ(cluster.masterPort, 5005);
    ASSERT_EQ(cluster.servers.size(), 1U);
    EXPECT_EQ(cluster.env, "production");
}

TEST(PomeloFiles, WithoutTheEnvironmentSayWhatIsMissing) {
    ConfigCase game;
    game.file("master.json", R"({"id": "m", "host": "127.0.0.1", "port": 5005})");
    game.file("servers.json", "{\"development\": {},\n \"production\": {}}").besides("app.js", "");
    EXPECT_THAT(game.problems("staging"),
                ElementsAre("config/servers.json:1: has no block for the environment \"staging\", "
                            "only for development and production: add it, or choose another one "
                            "with -e."));
}

TEST(PomeloFiles, WithoutTheEnvironmentSaySoInEveryFile) {
    ConfigCase game;
    game.file("master.json", kMaster).file("servers.json", kServers).besides("app.js", "");
    game.file("adminUser.json", R"({"production": []})");
    game.file("adminServer.json", R"({"production": []})");
    game.file("crons.json", R"({"production": {}})");
    const auto problems = game.problems("prodution");
    ASSERT_EQ(problems.size(), 5U);
    for (const auto& problem : problems) {
        EXPECT_THAT(problem, HasSubstr("has no block for the environment \"prodution\", only for"));
        EXPECT_THAT(problem, HasSubstr("Did you mean \"production\"?"));
    }
}

TEST(PomeloFiles, OfAFolderHaveNoBlocks) {
    ConfigCase game;
    game.muster().file("development/servers.json", kServers).besides("app.js", "");
    EXPECT_THAT(game.problems(),
                ElementsAre("config/development/servers.json:1: holds blocks of environments, but "
                            "stands in the folder of one: leave only what is in the block, or move "
                            "it one folder up"));
}

TEST(PomeloFiles, WithBlocksBesideTypesNameEachBlock) {
    ConfigCase game;
    game.muster().besides("app.js", "").file("servers.json", R"({"chat": [], "production": {}})");
    EXPECT_THAT(game.problems(),
                ElementsAre(HasSubstr("/production: looks like the block of an environment, but "
                                      "there is none for \"development\"")));
}

TEST(PomeloFiles, InADirectoryThatCannotBeReadAreOneProblem) {
    test::TempDir directory;
    std::filesystem::create_symlink("config", directory.path() / "config");
    const auto result = load(directory.str(), "");
    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_THAT(describe(result.problems[0]), HasSubstr("/config: cannot be read: "));
}

TEST(PomeloFiles, ThatCannotBeReadAreNotPassedOver) {
    ConfigCase game;
    game.muster().besides("app.js", "").besides("config/adminServer.json/x", "");
    const std::string config = game.base() + "/config/";
    std::filesystem::create_symlink("crons.json", config + "crons.json");
    std::filesystem::create_symlink("nowhere.json", config + "servers.json");
    std::filesystem::create_symlink("/dev/null", config + "adminUser.json");
    EXPECT_THAT(
        game.problems(),
        ElementsAre(
            "config/servers.json: is a link to a file that does not exist: correct or remove it",
            "config/adminUser.json: is no plain file: put a file there, or remove it",
            "config/adminServer.json: is a directory: put a file there, or remove it",
            HasSubstr("config/crons.json: cannot be read: ")));
}

TEST(PomeloFiles, PassOnEveryKeyInFileOrder) {
    ConfigCase game;
    game.muster().besides("app.js", "").file("servers.json", R"({"chat": [
        {"zone": "eu", "id": "chat-1", "port": 6050, "extra": {"b": [1, 2.50]}, "auto-restart": "true",
         "restart-force": true, "cpu": 1, "args": " --inspect=9229 "}]})");
    const Server server = game.cluster().servers.at(0);
    EXPECT_EQ(
        server.properties,
        R"({"zone":"eu","id":"chat-1","port":6050,"extra":{"b":[1,2.50]},"auto-restart":"true",)"
        R"("restart-force":true,"cpu":1,"args":" --inspect=9229 ","serverType":"chat"})");
    EXPECT_TRUE(server.autoRestart);
    EXPECT_TRUE(server.restartForce);
    EXPECT_EQ(server.cpu, 1);
    EXPECT_THAT(server.args, ElementsAre("--inspect=9229"));
}

TEST(PomeloFiles, ExpandClusterEntriesWithContinuedNumbers) {
    ConfigCase game;
    game.muster().besides("app.js", "").file("servers.json", R"({"chat": [
        {"host": "127.0.0.1", "port": "31130++", "clientPort": "4000++", "clusterCount": 2, "tag": "c++"},
        {"host": "127.0.0.1", "port": "31140++", "clusterCount": "1"}]})");
    const auto servers = game.cluster().servers;
    ASSERT_EQ(servers.size(), 3U);
    EXPECT_EQ(servers[0].id, "cluster-server-chat-0");
    EXPECT_EQ(servers[1].id, "cluster-server-chat-1");
    EXPECT_EQ(servers[2].id, "cluster-server-chat-2");
    EXPECT_EQ(servers[1].port, 31131);
    EXPECT_EQ(servers[1].clientPort, 4001);
    EXPECT_EQ(servers[2].port, 31140);
    EXPECT_EQ(servers[1].properties,
              R"({"host":"127.0.0.1","port":31131,"clientPort":4001,"clusterCount":2,)"
              R"("tag":"c++","serverType":"chat","id":"cluster-server-chat-1"})");
}

TEST(PomeloFiles, ReadCrons) {
    ConfigCase game;
    game.muster()
        .besides("app.js", "")
        .file("servers.json", R"({"chat": [{"id": "chat-1", "port": 6050}]})");
    game.file("crons.json", R"({"development": {"chat": [
        {"id": 1, "time": "0/5 * * * * *", "action": "chatCron.tick"},
        {"id": 2, "serverId": "chat-1", "time": "0 30 10 1 4 *", "action": "chatCron.tock"}]}})");
    const auto crons = game.cluster().crons;
    ASSERT_EQ(crons.size(), 2U);
    EXPECT_EQ(crons[0], (Cron{"1", "chat", "", "0/5 * * * * *", "chatCron.tick"}));
    EXPECT_EQ(crons[1].serverId, "chat-1");
}

TEST(PomeloFiles, MayCloseTheWatcherAndStandAlone) {
    ConfigCase game;
    game.file(
        "master.json",
        R"({"id": "m", "host": "127.0.0.1", "port": 1, "mode": "stand-alone", "closeWatcher": true})");
    const Cluster cluster = game.cluster();
    EXPECT_TRUE(cluster.standAlone);
    EXPECT_TRUE(cluster.closeWatcher);
}

TEST(PomeloFiles, NameEveryWrongValueAtOnce) {
    ConfigCase game;
    game.muster().besides("app.js", "").file("servers.json", R"({
 "area": [
  {"id": "area-1", "port": 6050},
  {"port": 6051},
  {"id": "area-3",
   "port": 70000},
  {"id": "area-4", "port": "12++", "frontend": 1},
  {"id": "area-5", "cpu": -1, "args": {}, "host": ""},
  {"id": "area-6", "clusterCount": 100000},
  7
 ],
 "zone": 4
})");
    EXPECT_THAT(
        game.problems(),
        ElementsAre(
            "config/servers.json:4: /area/1: has no id: add one, or clusterCount for several "
            "servers",
            "config/servers.json:6: /area/2/port: 70000 is above 65535: give 0 (none) to 65535",
            "config/servers.json:7: /area/3/port: \"12++\" counts up, which needs clusterCount: "
            "add it, or give a number",
            "config/servers.json:7: /area/3/frontend: is a number, but must be true or false",
            "config/servers.json:8: /area/4/host: is no host name or address",
            "config/servers.json:8: /area/4/cpu: must be the number of a processor, 0 to 4095",
            "config/servers.json:8: /area/4/args: is an object, but must be a string or a list of "
            "strings",
            "config/servers.json:9: /area/5/clusterCount: must be a number of servers, 1 to 10000",
            "config/servers.json:10: /area/6: is a number, but must be an object like {\"id\": "
            "\"area-1\", \"host\": \"127.0.0.1\", \"port\": 3150}",
            "config/servers.json:12: /zone: is a number, but must be a list of servers"));
}

TEST(PomeloFiles, RefuseEntriesThatAServerCouldNotBeGiven) {
    ConfigCase game;
    const std::string large = std::string(70'000, 'x');
    game.muster()
        .besides("app.js", "")
        .file("servers.json",
              R"({"a": [{"id": "a", "clusterCount": 10000, "x": ")" + large + "\"}]}");
    EXPECT_THAT(
        game.problems(),
        ElementsAre(
            "config/servers.json:1: /a/0: is too large: a server has at most 256 keys and 64 KiB"));
}

TEST(PomeloFiles, WithWrongUsersTokensAndCronsNameEach) {
    ConfigCase game;
    game.muster().besides("app.js", "").file("servers.json", R"({"chat": [{"id": "chat-1"}]})");
    game.file("adminUser.json",
              "[{\"username\": \"a\", \"level\": 1},\n{\"username\": \"b\", \"password\": "
              "\"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA\", \"level\": \"1\"},\n\"x\"]");
    game.file("adminServer.json", "[{\"type\": \"chat\", \"token\": 5}]");
    game.file("crons.json",
              "{\"chat\": [{\"time\": \"* * * * *\", \"action\": \"a.b\"}],\n\"nope\": [{\"id\": "
              "1, \"time\": \"* * * * * *\", \"action\": \"a.b\", \"serverId\": \"x\"}]}");
    EXPECT_THAT(
        game.problems(),
        ElementsAre(
            "config/adminUser.json:1: /0: has no password: add it",
            "config/adminUser.json:2: /1/level: must be 1 (all) or 2 (look, not touch)",
            "config/adminUser.json:3: /2: is a string, but must be an object like {\"id\": "
            "\"user-1\", \"username\": …, \"password\": …, \"level\": 1}",
            "config/adminServer.json:1: /0/token: must be a string of 1 to 1024 bytes, but is a "
            "number",
            "config/crons.json:1: /chat/0: has no id: add a number or a string",
            "config/crons.json:1: /chat/0/time: \"* * * * *\" is no cron time: six fields (second "
            "minute hour day month weekday) with one space between, like \"0 0/5 * * * *\"",
            "config/crons.json:2: /nope/0: servers.json has no type \"nope\": correct the name",
            "config/crons.json:2: /nope/0/serverId: servers.json has no server \"x\": correct the "
            "id"));
}

}  // namespace
}  // namespace muster::config
