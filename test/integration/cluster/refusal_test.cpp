#include "test/integration/cluster/cluster_fixture.hpp"

#include <csignal>
#include <cstdint>
#include <fstream>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace muster::test {

class ClusterRefusal : public ClusterFixture {
protected:
    static Ran endOf(Child& child) {
        const std::string output = child.output(20s);
        return {child.wait(), output};
    }
    void expectNothingRuns() const { EXPECT_TRUE(processes().empty()) << Json(processes()); }
};

TEST_F(ClusterRefusal, ASecondMasterOfTheSameStateIsRefused) {
    startAll();
    const Pids before = processes();
    const Ran second = endOf(launch({}, "master"));
    EXPECT_EQ(second.status, 8) << second.output;
    EXPECT_NE(second.output.find("a master leads here already"), std::string::npos)
        << second.output;
    EXPECT_NE(second.output.find("pid " + std::to_string(before.at("start"))), std::string::npos)
        << second.output;
    EXPECT_EQ(processes(), before);
}

TEST_F(ClusterRefusal, APortInUseIsSaidAndNothingIsLeft) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port()));
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(fd, 1), 0);
    const Ran master = endOf(launch({}, "master"));
    EXPECT_EQ(master.status, 1) << master.output;
    EXPECT_NE(master.output.find(":" + std::to_string(port())), std::string::npos) << master.output;
    EXPECT_NE(master.output.find("in use"), std::string::npos) << master.output;
    // `start` asks first whether a master answers there: somebody does, and is none.
    const Ran start = endOf(launch({"--timeout", "2s"}));
    EXPECT_NE(start.status, 0);
    EXPECT_FALSE(start.output.empty());
    ::close(fd);
    expectNothingRuns();
}

TEST_F(ClusterRefusal, ABadConfigStartsNothingAndNamesAllErrors) {
    setType("chat", {{"dependsOn", {"nothing"}}, {"stop", {{"timeuot", "2s"}}}});
    setType("gate", {{"readiness", {{"kind", "psychic"}}}});
    for (const char* verb : {"start", "master"}) {
        const Ran ran = endOf(launch({}, verb));
        EXPECT_EQ(ran.status, 2) << ran.output;
        for (const char* part : {"muster.json", "timeuot", "timeout", "nothing", "psychic"})
            EXPECT_NE(ran.output.find(part), std::string::npos) << verb << part << ran.output;
    }
    expectNothingRuns();
}

TEST_F(ClusterRefusal, AnIdThatNobodyHasStartsNothing) {
    const Ran ran = endOf(launch({"chat-1", "caht-2"}));
    EXPECT_EQ(ran.status, 3) << ran.output;
    EXPECT_NE(
        ran.output.find("no server \"caht-2\": nothing was started. Did you mean \"chat-2\"?"),
        std::string::npos)
        << ran.output;
    expectNothingRuns();
}

TEST_F(ClusterRefusal, ANodeWithoutTheMastersTokenSaysSo) {
    Child node({MUSTER_PROGRAM, "node", "--state", file("elsewhere")});
    const Ran ran = endOf(node);
    EXPECT_EQ(ran.status, 1) << ran.output;
    EXPECT_NE(ran.output.find("elsewhere/node.token cannot be read"), std::string::npos)
        << ran.output;
    expectNothingRuns();
}

TEST_F(ClusterRefusal, ANodeThatNoMasterWouldKnowIsRefused) {
    const std::vector<std::vector<std::string>> mistakes = {
        {"--id", "chat-1"}, {"--ca", "/nonexistent/ca.pem"}, {"--key", "/nonexistent/key.pem"}};
    for (const auto& mistake : mistakes) {
        Child node({MUSTER_PROGRAM, "node", "--state", file("elsewhere"), mistake[0], mistake[1]});
        const Ran ran = endOf(node);
        EXPECT_EQ(ran.status, 2) << ran.output;
        EXPECT_NE(ran.output.find(mistake[0]), std::string::npos) << ran.output;
    }
    expectNothingRuns();
}

TEST_F(ClusterRefusal, AProgramThatIsMissingIsAnErrorOfTheConfig) {
    setType("chat", {{"command", {"/no/such/program"}}});
    const Ran ran = endOf(launch());
    EXPECT_EQ(ran.status, 2) << ran.output;
    EXPECT_NE(ran.output.find("/no/such/program"), std::string::npos) << ran.output;
    expectNothingRuns();
}

TEST_F(ClusterRefusal, AProgramThatCannotRunIsSaid) {
    const std::string program = file("no-program");
    std::ofstream(program) << "neither a script nor a program";
    ASSERT_EQ(::chmod(program.c_str(), 0755), 0);
    setType("gate", {{"command", {program}}});
    launch();
    ASSERT_TRUE(eventually(20s, [&] {
        return row("gate-1").value("note", "").find("Exec format error") != std::string::npos;
    })) << Json(rows()).dump(1);
    EXPECT_TRUE(isReady({"chat-1", "connector-1"}));
}

TEST_F(ClusterRefusal, ASecondNodeOfAHostSaysThatThereIsOne) {
    startAll();
    const std::string first = std::to_string(pid("node"));
    Child second({MUSTER_PROGRAM, "node", "--state", file(".muster"), "--master",
                  "mqtt://127.0.0.1:" + std::to_string(port())});
    const Ran ran = endOf(second);
    EXPECT_EQ(ran.status, 8);
    EXPECT_NE(
        ran.output.find("another node runs for " + file(".muster") + " already: process " + first),
        std::string::npos)
        << ran.output;
    EXPECT_EQ(std::to_string(pid("node")), first);
}

}  // namespace muster::test
