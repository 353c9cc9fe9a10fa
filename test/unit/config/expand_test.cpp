#include "common/config/expand.hpp"

#include "test/unit/config/config_case.hpp"

namespace muster::config {
namespace {

using test::ConfigCase;
using testing::ElementsAre;
using testing::HasSubstr;

Cluster cluster() {
    Cluster c;
    c.name = "chat";
    c.base = "/srv/game";
    c.env = "production";
    return c;
}

Server server() {
    Server s;
    s.id = "chat-1";
    s.type = "chat";
    s.host = "127.0.0.1";
    s.port = 6050;
    s.clientPort = 7050;
    return s;
}

TEST(Expansion, ReplacesEveryPlaceholder) {
    EXPECT_EQ(expand("${id} ${type} ${host} ${port} ${clientPort} ${env} ${base} ${cluster}",
                     cluster(), server()),
              "chat-1 chat 127.0.0.1 6050 7050 production /srv/game chat");
}

TEST(Expansion, LeavesEverythingElseAlone) {
    EXPECT_EQ(expand("$id $${id} ${nope} ${id", cluster(), server()), "$id ${id} ${nope} ${id");
    EXPECT_THAT(unknownPlaceholders("${id} ${nope} $${x} ${"), ElementsAre("nope"));
}

TEST(Commands, AreExpandedWithAnAbsoluteDirectory) {
    Cluster c = cluster();
    c.types["chat"].command = {{"bin/chat", "--id=${id}"}, "run/${id}", {{"PORT", "${port}"}}, ""};
    const auto command = commandOf(c, server());
    ASSERT_TRUE(command);
    EXPECT_THAT(command->argv, ElementsAre("bin/chat", "--id=chat-1"));
    EXPECT_EQ(command->cwd, "/srv/game/run/chat-1");
    EXPECT_EQ(command->env.at("PORT"), "6050");
}

TEST(ReadinessOfAServer, IsExpandedAndLooksAtItsPort) {
    Cluster c = cluster();
    c.types["chat"].command.cwd = "run";
    c.types["chat"].readiness.argv = {"bin/check"};
    EXPECT_THAT(readinessOf(c, server()).argv, ElementsAre("/srv/game/run/bin/check"));
    c.types["chat"].readiness.argv = {"check", "--port=${port}", "$${HOME}"};
    EXPECT_THAT(readinessOf(c, server()).argv, ElementsAre("check", "--port=6050", "${HOME}"));
    EXPECT_EQ(readinessOf(c, server()).port, 6050);
    Server gate = server();
    gate.port = 0;
    EXPECT_EQ(readinessOf(c, gate).port, 7050);
    c.types["chat"].readiness.port = 9000;
    EXPECT_EQ(readinessOf(c, server()).port, 9000);
}

TEST(LivenessOfAServer, IsExpandedAndLooksAtItsPort) {
    Cluster c = cluster();
    EXPECT_EQ(livenessOf(c, server()), Liveness{});
    c.types["chat"].command.cwd = "run";
    c.types["chat"].liveness.kind = Liveness::Kind::Command;
    c.types["chat"].liveness.argv = {"bin/check", "${id}"};
    EXPECT_THAT(livenessOf(c, server()).argv, ElementsAre("/srv/game/run/bin/check", "chat-1"));
    EXPECT_EQ(livenessOf(c, server()).port, 6050);
}

TEST(Commands, OfPomeloTypesAreWhatItsStarterGives) {
    ConfigCase game;
    game.besides("app.js", "")
        .muster()
        .file("servers.json", R"({"gate": [{"id": "gate-1", "host": "127.0.0.1",
        "clientPort": 3014, "frontend": true, "args": ["--harmony"], "extra": [1]}]})");
    const Cluster c = game.cluster();
    const auto command = commandOf(c, c.servers.at(0));
    ASSERT_TRUE(command);
    EXPECT_THAT(command->argv,
                ElementsAre("node", "--harmony", game.base() + "/app.js", "env=development",
                            "id=gate-1", "host=127.0.0.1", "clientPort=3014", "frontend=true",
                            "args=[\"--harmony\"]", "extra=[1]", "serverType=gate"));
    EXPECT_EQ(command->cwd, game.base());
}

TEST(Commands, BindToTheirProcessor) {
    Cluster c = cluster();
    c.types["chat"].command.argv = {"bin/chat"};
    Server bound = server();
    bound.host = "192.0.2.7";  // what another machine has is not known here
    bound.cpu = 3;
    EXPECT_THAT(commandOf(c, bound)->argv, ElementsAre("taskset", "-c", "3", "bin/chat"));
    bound.host = "127.0.0.1";
    bound.cpu = 4095;
    EXPECT_THAT(commandOf(c, bound)->argv, ElementsAre("bin/chat"));
}

TEST(Commands, OfUnknownTypesAreAnError) {
    EXPECT_EQ(commandOf(cluster(), server()).error().code(), Errc::BadMessage);
}

TEST(AddedServers, GoOnWithTheNumbersOfTheCluster) {
    ConfigCase game;
    game.besides("app.js", "")
        .muster()
        .file("servers.json", R"({"chat": [{"port": "6000++", "clusterCount": 2}]})");
    const auto added = readServers(
        R"({"serverType": "chat", "host": "127.0.0.1", "port": "6100++", "clusterCount": "2"})",
        game.cluster());
    ASSERT_TRUE(added);
    ASSERT_EQ(added->size(), 2U);
    EXPECT_EQ(added->at(0).id, "cluster-server-chat-2");
    EXPECT_EQ(added->at(1).port, 6101);
}

TEST(AddedServers, AreCheckedAgainstThoseThatAreThere) {
    ConfigCase game;
    game.besides("app.js", "")
        .muster()
        .file("servers.json", R"({"chat": [{"id": "chat-1", "port": 6000}]})");
    const Cluster c = game.cluster();
    const auto problem = [&](const char* entry) {
        const auto added = readServers(entry, c);
        return added ? std::string("none") : added.error().detail();
    };
    EXPECT_EQ(problem(R"({"serverType": "chat", "id": "chat-2", "port": 6001})"), "none");
    EXPECT_THAT(problem(R"({"serverType": "chat", "id": "chat-1", "port": 6000})"),
                HasSubstr("there is a server \"chat-1\" already: choose another id"));
    EXPECT_THAT(problem(R"({"serverType": "chat", "id": "chat-1", "port": 6000})"),
                HasSubstr("127.0.0.1:6000 of chat-1 is also used by chat-1: choose another port"));
    EXPECT_EQ(problem(R"({"id": "x"})"), "the server has no serverType: add one");
    EXPECT_THAT(problem(R"({"serverType": "nope", "id": "x"})"), HasSubstr("no command for type"));
    EXPECT_THAT(problem(R"({"serverType": "chat"})"), HasSubstr("has no id"));
    EXPECT_NE(problem("["), "none");
    EXPECT_NE(problem(R"({"serverType": "chat", "id": "../../etc"})"), "none");
}

}  // namespace
}  // namespace muster::config
