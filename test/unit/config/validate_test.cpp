#include "common/config/listeners.hpp"
#include "test/unit/config/config_case.hpp"

namespace muster::config {
namespace {

using test::ConfigCase;
using testing::ElementsAre;
using testing::HasSubstr;

/// A muster.json with commands for the types a and b, and this servers.json.
ConfigCase& withServers(ConfigCase& game, const std::string& servers) {
    return game.muster(R"("types": {"a": {"command": ["/bin/sh"]}, "b": {"command": ["/bin/sh"]}})")
        .file("servers.json", servers);
}

TEST(Validation, RefusesIdsThatAreTaken) {
    ConfigCase game;
    withServers(
        game,
        "{\"a\": [{\"id\": \"x\"},\n{\"id\": \"x\"},\n{\"id\": \"master\"},\n{\"id\": "
        "\"node-1\"},\n{\"id\": \"boss\"},\n{\"id\": \"a b\"},\n{\"id\": \"master-server-1\"}]}");
    game.file(
        "adminUser.json",
        R"([{"username": "boss", "password": "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA", "level": 1}])");
    EXPECT_THAT(
        game.problems(),
        ElementsAre(
            "config/servers.json:2: /a/1/id: the id \"x\" is used twice, first in line 1: rename "
            "one",
            "config/servers.json:3: /a/2/id: the id \"master\" is reserved: rename the server",
            "config/servers.json:4: /a/3/id: the id \"node-1\" is reserved: rename the server",
            HasSubstr("config/servers.json:5: /a/4/id: \"boss\" is also the name of a user ("),
            "config/servers.json:6: /a/5/id: \"a b\" is no id: use 1 to 64 of A-Z a-z 0-9 . _ - "
            "(it names topics and files)",
            "config/servers.json:7: /a/6/id: the id \"master-server-1\" is reserved: rename the "
            "server"));
}

TEST(Validation, RefusesPortsThatAreTaken) {
    ConfigCase game;
    withServers(game,
                "{\"a\": [{\"id\": \"x\", \"port\": 4000},\n{\"id\": \"y\", \"host\": "
                "\"localhost\", \"clientPort\": 4000},\n{\"id\": \"z\", \"port\": 3005},\n{\"id\": "
                "\"w\", \"host\": \"10.0.0.9\", \"port\": 4000}]}");
    EXPECT_THAT(game.problems(),
                ElementsAre("config/servers.json:2: /a/1/clientPort: localhost:4000 of y is also "
                            "used by x (port, line 1): choose another port",
                            HasSubstr("config/servers.json:3: /a/2/port: 127.0.0.1:3005 of z is "
                                      "also used by the master's listener")));
}

TEST(Validation, WarnsOfProcessorsThatAreNotThere) {
    ConfigCase game;
    withServers(game, "{\"a\": [{\"id\": \"x\",\n\"cpu\": 4095}]}");
    EXPECT_THAT(game.problems(),
                ElementsAre("config/servers.json:1: warning: /a/0/cpu: this host has no processor "
                            "4095 to bind x to: it runs on any"));
}

TEST(Validation, RefusesReservedAndMalformedTypes) {
    ConfigCase game;
    withServers(game, "{\"node\": [],\n\"../x\": []}").besides("app.js", "");
    EXPECT_THAT(
        game.problems(),
        ElementsAre(
            "config/servers.json:1: /node: the type \"node\" is reserved: rename it",
            HasSubstr(
                "config/servers.json:2: /..~1x: \"../x\" is no name of a type: use 1 to 64")));
}

TEST(Validation, NamesATypeWithoutACommandOnce) {
    ConfigCase game;
    game.muster().file("servers.json", "{\n\"chat\": [{\"id\": \"c1\"}, {\"id\": \"c2\"}]}");
    EXPECT_THAT(
        game.problems(),
        ElementsAre(
            "config/servers.json:2: /chat: type \"chat\" has no command: add \"types\": {\"chat\": "
            "{\"command\": [\"/path/to/program\", \"--id=${id}\"]}} to muster.json"));
}

TEST(Validation, DoesNotMissWhatABrokenFileWouldSay) {
    for (const char* text : {"{", "[]", "", R"({"configVersion": 1, "configVersion": 1})"}) {
        ConfigCase game;
        game.file("muster.json", text).file("servers.json", R"({"a": [{"id": "x"}]})");
        EXPECT_THAT(game.problems(), ElementsAre(HasSubstr("config/muster.json:1: "))) << text;
    }
}

TEST(Validation, WantsAnAppForPomeloTypes) {
    ConfigCase game;
    game.muster("\"types\": {\n\"chat\": {\"pomelo\": true}}");
    EXPECT_THAT(game.problems(),
                ElementsAre(HasSubstr("config/muster.json:3: /types/chat: type \"chat\" is a "
                                      "pomelo type, but there is no app.js in ")));
}

TEST(Validation, LooksAtProgramsDirectoriesUsersAndPlaceholders) {
    ConfigCase game;
    game.besides("plain", "");
    game.muster(R"("types": {
 "a": {"command": ["/nonexistent/program"]},
 "b": {"command": ["${base}/plain"]},
 "c": {"command": {"argv": ["/bin/sh", "${prot}"], "cwd": "nowhere", "user": "nobody-of-that-name"}},
 "d": {"command": ["no-such-program-anywhere"]},
 "e": {"command": ["/opt/${id}/run"]}})");
    const std::string base = game.base();
    EXPECT_THAT(
        game.problems(),
        ElementsAre("config/muster.json:3: /types/a/command: there is no file "
                    "/nonexistent/program: build it, or correct argv",
                    "config/muster.json:4: /types/b/command: " + base +
                        "/plain is not executable: chmod +x it, or correct argv",
                    HasSubstr("config/muster.json:5: /types/c/command: unknown placeholder "
                              "${prot}. Did you mean \"port\"? Known: id,"),
                    "config/muster.json:5: /types/c/command: the working directory " + base +
                        "/nowhere does not exist: make it, or correct cwd",
                    "config/muster.json:5: /types/c/command: there is no user "
                    "\"nobody-of-that-name\" on this host: add it, or correct the name",
                    "config/muster.json:6: warning: /types/d/command: there is no program "
                    "\"no-such-program-anywhere\" in PATH: install it, or give its whole path"));
}

TEST(Validation, DoesNotLookForProgramsOfOtherHosts) {
    ConfigCase game;
    game.muster(R"("types": {"a": {"command": ["/nonexistent/program"]}})")
        .file("servers.json", R"({"a": [{"id": "x", "host": "10.0.0.9"}]})");
    EXPECT_THAT(game.problems(), testing::IsEmpty());
}

TEST(Validation, RefusesUnknownAndCircularDependencies) {
    ConfigCase game;
    game.muster(R"("types": {
 "a": {"command": ["/bin/sh"], "dependsOn": ["b"]},
 "b": {"command": ["/bin/sh"], "dependsOn": ["c"]},
 "c": {"command": ["/bin/sh"], "dependsOn": ["a"]},
 "chat": {"command": ["/bin/sh"], "dependsOn": ["caht"]},
 "self": {"command": ["/bin/sh"], "dependsOn": ["self"]}})");
    EXPECT_THAT(game.problems(),
                ElementsAre("config/muster.json:3: /types/a/dependsOn: the dependencies go in a "
                            "circle: a -> b -> c -> a: remove one of them",
                            "config/muster.json:6: /types/chat/dependsOn: there is no type "
                            "\"caht\". Did you mean \"chat\"?",
                            "config/muster.json:7: /types/self/dependsOn: the dependencies go in a "
                            "circle: self -> self: remove one of them"));
}

TEST(Validation, RefusesWhatIsNoAddressToListenOn) {
    ConfigCase game;
    game.muster("\"listeners\": [\n{\"host\": \"game.example\"}, {\"host\": \"::1\"}]");
    EXPECT_THAT(game.problems(),
                ElementsAre(HasSubstr("config/muster.json:3: /listeners/0: \"game.example\" is no "
                                      "address to listen on: give an IPv4 or IPv6 address")));
    ConfigCase pomelo;
    pomelo.file("master.json", R"({"id": "m", "host": "game.example", "port": 3005})");
    EXPECT_THAT(pomelo.problems(),
                ElementsAre(HasSubstr("config/master.json:1: \"game.example\"")));
}

TEST(Validation, RefusesAStateDirectoryThatIsAFile) {
    ConfigCase game;
    game.muster("\"stateDirectory\": \"state\"").besides("state", "");
    EXPECT_THAT(game.problems(),
                ElementsAre("config/muster.json:2: /stateDirectory: " + game.base() +
                            "/state is no directory: name another one, or remove "
                            "the file"));
}

TEST(Validation, SuggestsTheTypeThatWasMeant) {
    ConfigCase game;
    game.muster("\"types\": {\"caht\": {\"command\": [\"/bin/sh\"]}}")
        .file("servers.json", R"({"chat": [{"id": "c1"}]})");
    EXPECT_THAT(game.problems(),
                ElementsAre(testing::EndsWith("to muster.json. Did you mean \"caht\"?")));
}

TEST(Validation, LooksAtTheProgramThatTellsReadiness) {
    ConfigCase game;
    game.muster(R"("types": {"a": {"command": ["/bin/sh"],
        "readiness": {"kind": "command", "argv": ["/nonexistent/check", "${prot}"]}}})");
    EXPECT_THAT(game.problems(),
                ElementsAre(HasSubstr("unknown placeholder ${prot}"),
                            HasSubstr("there is no file /nonexistent/check: build it, or correct "
                                      "readiness.argv")));
}

TEST(Validation, RefusesAnOpenListenerWithoutTokens) {
    ConfigCase open;
    open.muster("\"listeners\": [\n{\"host\": \"0.0.0.0\", \"port\": 3005}]");
    EXPECT_THAT(open.problems(),
                ElementsAre(HasSubstr(
                    "config/muster.json:3: /listeners/0: listens on 0.0.0.0, beyond this host")));
    open.file("adminServer.json", R"([{"type": "a", "token": "t"}])");
    EXPECT_THAT(open.problems(), testing::IsEmpty());
    ConfigCase pomelo;
    pomelo.file("master.json", R"({"id": "m", "host": "192.168.1.5", "port": 3005})");
    EXPECT_THAT(
        pomelo.problems(),
        ElementsAre(HasSubstr("config/master.json:1: listens on 192.168.1.5, beyond this host")));
}

TEST(Validation, RefusesTwoListenersOnOnePort) {
    ConfigCase game;
    game.muster(
        R"("listeners": [{"port": 3005}, {"host": "localhost", "port": 3005}, {"port": 0}, {"port": 0}])");
    EXPECT_THAT(game.problems(), ElementsAre("config/muster.json:2: /listeners/1: localhost:3005 "
                                             "is listened on twice, first in line 2: remove one"));
}

TEST(Validation, RefusesAnOpenListenerOfAnyProtocol) {
    for (const char* protocol : {"mqtt", "ws"}) {
        ConfigCase open;
        open.muster(
            R"("listeners": [{"port": 3006}, {"host": "0.0.0.0", "port": 3005, "protocol": ")" +
            std::string(protocol) + "\"}]");
        EXPECT_THAT(open.problems(),
                    ElementsAre(HasSubstr("/listeners/1: listens on 0.0.0.0, beyond this host")));
    }
}

TEST(Validation, RefusesPasswordsThatLookHashedAndAreNot) {
    for (const char* password :
         {"$argon2id$", "$argon2id$x", "$argon2id$v=19$m=8,t=1,p=1$c2FsdA"}) {
        ConfigCase game;
        game.muster().file("adminUser.json", std::string(R"([{"username": "a", "level": 1, )") +
                                                 R"("password": ")" + password + "\"}]");
        EXPECT_THAT(game.problems(),
                    ElementsAre(HasSubstr("/0/password: begins with $argon2id$ but is no such")));
    }
}

TEST(Validation, RefusesWhatAProtocolHasNoUseFor) {
    for (const auto& [listener, problem] :
         {std::pair(R"({"path": "/x"})", "/listeners/0/path: mqtt has no path: remove it"),
          {R"({"origins": ["*"]})", "/listeners/0/origins: mqtt has no origins: remove it"},
          {R"({"tls": {"cert": "c", "key": "k"}})",
           "/listeners/0/tls: mqtt is not encrypted: remove this, or make the protocol \"mqtts\""},
          {R"({"protocol": "mqtts"})",
           "/listeners/0: mqtts needs tls: add \"tls\": {\"cert\": …, \"key\": …}"},
          {R"({"protocol": "mqtts", "tls": {"cert": "c"}})", "/listeners/0/tls: has no key: add"},
          {R"({"protocol": "mqtts", "tls": {"key": "c"}})", "/listeners/0/tls: has no cert: add"},
          {R"({"protocol": "mqtts", "tls": {"clientCert": "optional", "cert": "c"}})",
           "/listeners/0/tls/clientCert: is about certificates that nobody can check"},
          {R"({"protocol": "mqt"})", "/listeners/0/protocol: \"mqt\" is not known."}}) {
        ConfigCase game;
        game.muster(std::string("\"listeners\": [") + listener + "]");
        EXPECT_THAT(game.problems(), testing::Contains(HasSubstr(problem))) << listener;
    }
    ConfigCase game;
    game.muster(R"("listeners": [{}, {"port": 1, "protocol": "ws", "path": "x", "pomelo": true}])");
    EXPECT_THAT(game.problems(),
                testing::UnorderedElementsAre(  // of one line
                    HasSubstr("/listeners/1/path: \"x\" is no path: begin it with /"),
                    HasSubstr("/listeners/1/pomelo: pomelo's peers speak plain TCP, not ws")));
}

TEST(Validation, RefusesPathsAndOriginsThatNobodyWouldSend) {
    const auto problems = [](const std::string& field) {
        ConfigCase game;
        game.muster(R"("listeners": [{}, {"port": 1, "protocol": "ws", )" + field + "}]");
        return game.problems();
    };
    for (const char* path : {"/mqtt?x=1", "/mqtt#x", "/a b"})
        EXPECT_THAT(problems(R"("path": ")" + std::string(path) + '"'),
                    ElementsAre(HasSubstr("/listeners/1/path: \"" + std::string(path) +
                                          "\" is more than a path: leave out")));
    for (const char* origin : {"https://app.example/", "https://App.example", "app.example",
                               "HTTPS://app.example", "https://", "://x"})
        EXPECT_THAT(problems(R"("origins": ["*", ")" + std::string(origin) + "\"]"),
                    ElementsAre(HasSubstr("/listeners/1/origins/1: \"" + std::string(origin) +
                                          "\" is no origin as browsers send it: give")));
    EXPECT_THAT(problems(R"("path": "/", "origins": ["https://app.example:8443", "http://[::1]"])"),
                testing::IsEmpty());
}

TEST(Validation, WantsAListenerThatServersCanUse) {
    ConfigCase game;
    game.muster(R"("listeners": [{"protocol": "ws"}])");
    EXPECT_THAT(game.problems(), ElementsAre(HasSubstr("there are WebSocket listeners only")));
    game.muster(R"("listeners": [{"protocol": "ws"}, {"port": 3006}])");
    const config::Cluster cluster = game.cluster();
    EXPECT_EQ(config::localListener(cluster).port, 3006);
    EXPECT_FALSE(cluster.listeners.front().pomelo);
}

TEST(Validation, KnowsWhereOthersReachTheMaster) {
    ConfigCase game;
    game.file("adminServer.json", R"([{"type": "a", "token": "t"}])")
        .file("master.json", R"({"id": "m", "host": "game.example", "port": 3005})")
        .muster(R"("listeners": [{"port": 1}, {"host": "0.0.0.0", "port": 2},
                                 {"host": "::", "protocol": "ws", "port": 3, "path": "/p"}])");
    const config::Cluster cluster = game.cluster();
    EXPECT_EQ(config::urlOf(config::localListener(cluster), cluster), "mqtt://127.0.0.1:1");
    EXPECT_EQ(config::urlOf(config::remoteListener(cluster), cluster.masterHost),
              "mqtt://game.example:2");
    EXPECT_EQ(config::urlOf(cluster.listeners[2], cluster), "ws://[::1]:3/p");
    config::Listener tls = cluster.listeners[1];
    tls.protocol = config::Listener::Protocol::Mqtts;
    EXPECT_EQ(config::urlOf(tls, cluster), "mqtts://game.example:2");
}

TEST(Validation, RefusesWrongBrokerAddresses) {
    for (const char* url :
         {"localhost:1883", "http://x:1", "mqtt://x", "mqtt://:1883", "mqtt://x:0",
          "mqtt://x:65536", "mqtt://x:1/y", "mqtt://u:p@x:1", "mqtt://x:1x"}) {
        ConfigCase game;
        game.muster(std::string("\"broker\": \"") + url + "\"");
        EXPECT_THAT(game.problems(),
                    ElementsAre(HasSubstr("is no address of a broker: write mqtt://host:port")))
            << url;
    }
}

TEST(Validation, WarnsOfTypesWithoutATokenAndClearPasswords) {
    ConfigCase game;
    withServers(game, R"({"a": []})");
    game.file("adminServer.json", R"([{"type": "b", "token": "t"}, {"type": "b", "token": "u"}])");
    game.file(
        "adminUser.json",
        R"([{"username": "u", "password": "p"}, {"username": "u", "password": "p"}, {"username": "master", "password": "p"}])");
    EXPECT_THAT(
        game.problems(),
        ElementsAre(
            HasSubstr(
                "config/servers.json:1: warning: /a: adminServer.json has no token for type \"a\""),
            HasSubstr("config/adminUser.json: warning: holds passwords in clear text"),
            HasSubstr("config/adminUser.json:1: /1/username: the user name \"u\" is used twice, "
                      "first in line 1"),
            HasSubstr("/2/username: the user name \"master\" is reserved"),
            HasSubstr("config/adminServer.json:1: /1: type \"b\" has two tokens, the first in line "
                      "1: remove one")));
}

TEST(Validation, WantsAPortForReadinessByTcp) {
    ConfigCase game;
    game.muster(
            "\"types\": {\"a\": {\"command\": [\"/bin/sh\"], \"readiness\": {\"kind\": \"tcp\"}}}")
        .file("servers.json", R"({"a": [{"id": "x"}]})");
    EXPECT_THAT(game.problems(),
                ElementsAre(HasSubstr("/types/a: readiness by tcp, but x has no port")));
}

}  // namespace
}  // namespace muster::config
