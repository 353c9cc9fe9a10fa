#include "test/support/temp_dir.hpp"
#include "test/unit/cli/fake_admin.hpp"

#include <muster/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::test {
namespace {

using testing::HasSubstr;

nlohmann::json lastRequest(const Shell& shell) {
    return nlohmann::json::parse(shell.master.requests().back());
}

TEST(Stop, AsksForTheServersByIdAndTellsHowItWent) {
    Shell shell;
    shell.master.answers("stop", results({{"a", "done"}, {"b", "already"}}));
    EXPECT_EQ(shell.run({"stop", "a", "b", "--timeout", "3s"}), 0);
    EXPECT_EQ(lastRequest(shell)["ids"], (nlohmann::json{"a", "b"}));
    EXPECT_EQ(lastRequest(shell)["timeoutMs"], 2250);  // the master speaks first
    EXPECT_THAT(shell.err, HasSubstr("1 stopped, 1 already stopped"));
}

TEST(Stop, NamesNobodyWhenAllAreMeant) {
    Shell shell;
    shell.master.answers("stop", results({{"a", "done"}}));
    shell.run({"stop", "all"});
    EXPECT_FALSE(lastRequest(shell).contains("ids"));
}

TEST(Stop, LooksUpTypesAndGlobs) {
    Shell shell;
    shell.master.answers("list", serverList({serverRow("chat-1", "chat", "ready"),
                                             serverRow("gate-1", "gate", "ready")}));
    shell.master.answers("stop", results({{"chat-1", "done"}}));
    shell.run({"stop", "-t", "chat"});
    EXPECT_EQ(lastRequest(shell)["ids"], nlohmann::json{"chat-1"});
    EXPECT_EQ(shell.run({"stop", "nosuch-*"}), 3);
}

TEST(Stop, OnlySaysWhatItWouldAskInADryRun) {
    Shell shell;
    EXPECT_EQ(shell.run({"stop", "a", "--dry-run"}), 0);
    EXPECT_TRUE(shell.master.requests().empty());
    EXPECT_THAT(shell.out, HasSubstr("\"stop\""));
}

TEST(Restart, TakesTheWidthOfARollingRestart) {
    Shell shell;
    shell.master.answers("restart", results({{"a", "done"}, {"b", "already"}}));
    EXPECT_EQ(shell.run({"restart", "a", "b", "--rolling", "2"}), 0);
    EXPECT_EQ(lastRequest(shell)["width"], 2);
    EXPECT_THAT(shell.err, HasSubstr("1 restarted, 1 unchanged"));
    shell.run({"restart", "a", "--rolling=25%", "--only-changed"});
    EXPECT_EQ(lastRequest(shell)["percent"], 25);
    EXPECT_EQ(lastRequest(shell)["onlyChanged"], true);
}

TEST(Restart, TakesNoServerForAWidth) {
    Shell shell;
    shell.master.answers("restart", results({{"a", "done"}}));
    EXPECT_EQ(shell.run({"restart", "--rolling", "a"}), 0);
    EXPECT_EQ(lastRequest(shell)["ids"], nlohmann::json{"a"});
    EXPECT_FALSE(lastRequest(shell).contains("width"));
    EXPECT_EQ(shell.run({"restart", "a", "--rolling"}), 0);
    EXPECT_EQ(shell.run({"restart", "a", "--rolling", "101%"}), 2);
}

TEST(DrainVerb, IsAStopThatGivesUpUnlessItIsForced) {
    Shell shell;
    shell.master.answers("stop", results({{"a", "done"}}));
    EXPECT_EQ(shell.run({"drain", "a", "--until-empty", "--deadline", "5m"}), 0);
    EXPECT_EQ(lastRequest(shell)["drainMs"], 300'000);
    EXPECT_EQ(lastRequest(shell)["giveUp"], true);
    EXPECT_EQ(shell.run({"drain", "a", "--force"}), 0);
    EXPECT_EQ(lastRequest(shell)["giveUp"], false);
    EXPECT_EQ(shell.run({"stop", "--drain", "a"}), 0);
    EXPECT_EQ(lastRequest(shell)["drainMs"], 1'800'000);
    EXPECT_EQ(shell.run({"stop", "a", "--drain=10s"}), 0);
    EXPECT_EQ(lastRequest(shell)["drainMs"], 10'000);
}

TEST(Kill, WantsAYesOrTheClustersName) {
    Shell shell;
    shell.master.answers("list", serverList({serverRow("a", "chat", "ready", R"({"busy":3})")}));
    shell.master.answers("kill", results({{"a", "done"}}));
    EXPECT_EQ(shell.run({"kill", "a"}), 2);
    shell.typed = "wrong";
    EXPECT_EQ(shell.run({"kill", "a"}), 8);
    shell.typed = "chat";
    EXPECT_EQ(shell.run({"kill", "a"}), 0);
    shell.typed.reset();
    EXPECT_EQ(shell.run({"kill", "a", "--yes"}), 0);
    EXPECT_EQ(lastRequest(shell)["op"], "kill");
}

TEST(Kill, AsksNobodyAboutServersThatAreNotThere) {
    Shell shell;
    shell.master.answers("list", serverList({serverRow("a", "chat", "ready")}));
    for (const char* selector : {"nosuch", "type:nosuch", "no-*"}) {
        EXPECT_EQ(shell.run({"kill", selector}), 3) << selector;
        EXPECT_THAT(shell.err, HasSubstr("no server matches"));
    }
}

TEST(Status, ShowsAServerWithItsEvents) {
    Shell shell;
    shell.master.answers("status", JsonText(R"({"server":)" + serverRow("a", "chat", "backoff") +
                                            R"(,"events":[{"time":"2026-01-31T10:32:07.123Z",
        "kind":"exited","id":"a","cause":"exit 139\u001b[2J"}]})"));
    EXPECT_EQ(shell.run({"status", "a"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("a  backoff"));
    EXPECT_THAT(shell.out, HasSubstr("10:32:07.123 exited a: exit 139\\x1b[2J"));
    EXPECT_EQ(shell.run({"status", "a", "--check"}), 9);
}

TEST(Status, ShowsTheLastWordsOfAServer) {
    Shell shell;
    shell.master.answers("status", JsonText(R"({"server":{"id":"a","state":"backoff",)"
                                            R"("exit":{"signal":9,"outOfMemory":true,)"
                                            R"("lastLines":["Error: x","  at \u001by"]},)"
                                            R"("nextTryMs":9000000000000,"cgroup":"none: off"}})"));
    EXPECT_EQ(shell.run({"status", "a"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("SIGKILL (out of memory)"));
    EXPECT_THAT(shell.out, HasSubstr("Error: x\n"));
    EXPECT_THAT(shell.out, HasSubstr("at \\x1by"));
    EXPECT_THAT(shell.out, HasSubstr("next try      in "));
    EXPECT_THAT(shell.out, HasSubstr("none: off"));
}

TEST(Status, OfTheClusterCountsStates) {
    Shell shell;
    shell.master.answers(
        "list", serverList({serverRow("a", "chat", "ready"), serverRow("b", "chat", "failed")}));
    EXPECT_EQ(shell.run({"status"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("cluster chat: 1 of 2 servers ready"));
    EXPECT_EQ(shell.run({"status", "--check"}), 9);
}

TEST(Wait, EndsWhenAllAreReady) {
    Shell shell;
    shell.master.answers("list", serverList({serverRow("a", "chat", "starting")}));
    shell.master.answers("list", serverList({serverRow("a", "chat", "ready")}));
    EXPECT_EQ(shell.run({"wait", "all"}), 0);
    EXPECT_THAT(shell.err, HasSubstr("a starting\na ready\n1 of 1 ready"));
}

TEST(Wait, OutlivesAMasterThatRestarts) {
    Shell shell;
    shell.master.answers("list", Error(Errc::Closed, "lost"));
    shell.master.answers("list", serverList({serverRow("a", "chat", "ready")}));
    EXPECT_EQ(shell.run({"wait", "all"}), 0);
}

TEST(Wait, EndsAfterItsTimeWithoutAMaster) {
    Shell shell;
    shell.master.refuses(Error(Errc::Closed, "refused"));
    EXPECT_EQ(shell.run({"wait", "all", "--timeout", "1s"}), 7);
}

TEST(Wait, EndsInTimeAlsoIfEachLookTakesLong) {
    Shell shell;
    int looks = 0;
    shell.master.onRequest = [&] {
        shell.now += std::chrono::milliseconds(900);
        ++looks;
    };
    shell.master.answers("list", Error(Errc::Timeout, "silent"));
    EXPECT_EQ(shell.run({"wait", "all", "--timeout", "2s"}), 5);
    EXPECT_LE(looks, 2);
}

TEST(Wait, DoesNotWaitForWhoIsNotThere) {
    Shell shell;
    shell.master.answers("list", serverList({serverRow("a", "chat", "starting")}));
    EXPECT_EQ(shell.run({"wait", "b"}), 3);
    EXPECT_EQ(shell.master.requests().size(), 1U);
}

TEST(Wait, NamesTheFirstBlockersOfMany) {
    Shell shell;
    std::vector<std::string> rows;
    for (int i = 0; i < 1000; ++i) rows.push_back(serverRow(std::to_string(i), "chat", "stopped"));
    shell.master.answers("list", serverList(rows));
    EXPECT_EQ(shell.run({"wait", "all", "--timeout", "1s", "-q"}), 5);
    EXPECT_THAT(shell.err, HasSubstr("1000 of 1000 not ready in time: 0 stopped; 1 stopped;"));
    EXPECT_THAT(shell.err, HasSubstr("; and 980 more"));
    EXPECT_LT(shell.err.size(), 1000U);
    EXPECT_EQ(shell.run({"status"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("and 980 more: muster ls"));
    EXPECT_LT(shell.out.size(), 2000U);
}

TEST(Wait, NamesTheBlockerAfterItsTime) {
    Shell shell;
    shell.master.answers(
        "list", serverList({serverRow("a", "chat", "waiting", R"({"note":"waits for b"})")}));
    EXPECT_EQ(shell.run({"wait", "all", "--timeout", "1s"}), 5);
    EXPECT_THAT(shell.err, HasSubstr("1 of 1 not ready in time: a waiting (waits for b)"));
}

TEST(Events, ArePrintedAsTheyComeAndSelected) {
    Shell shell;
    shell.master.hasEvent("muster/chat/event/exited/a", R"({"time":"t","cause":"exit 1"})");
    shell.master.hasEvent("muster/chat/event/started/b", R"({"time":"t"})");
    shell.master.hasEvent("muster/chat/event/started/c", "not json");
    shell.master.hasEvent("muster/chat/event/\x1b[2J/b", R"({})");
    EXPECT_EQ(shell.run({"events", "-f", "-n", "2", "b"}), 0);
    EXPECT_EQ(shell.out, "t started b\n\\x1b[2J b\n");
    EXPECT_EQ(shell.run({"events", "-f", "-n", "1", "-o", "jsonl"}), 0);
    EXPECT_EQ(shell.out, R"({"time":"t","cause":"exit 1","kind":"exited","id":"a"})"
                         "\n");
    EXPECT_EQ(shell.run({"events", "-f", "--timeout", "1ms", "nobody"}), 0);
}

TEST(Events, EndWhenNobodyReadsThem) {
    Shell shell;
    shell.isOutClosed = true;
    shell.master.losesConnections();  // else it would go on for ever
    shell.master.hasEvent("muster/chat/event/exited/a", R"({"time":"t"})");
    EXPECT_EQ(shell.run({"events", "-f"}), 1);
    EXPECT_THAT(shell.err, HasSubstr("stdout"));
}

TEST(Events, OfOneServerAreOneJsonDocument) {
    Shell shell;
    shell.master.answers("status", JsonText(R"({"server":)" + serverRow("a", "chat", "ready") +
                                            R"(,"events":[{"kind":"started","id":"a"},
                                               {"kind":"ready","id":"a"}]})"));
    EXPECT_EQ(shell.run({"events", "a", "-o", "json"}), 0);
    const auto document = nlohmann::json::parse(shell.out);
    ASSERT_EQ(document.size(), 2U);
    EXPECT_EQ(document[1]["kind"], "ready");
}

TEST(Events, EndWith7WhenTheMasterGoes) {
    Shell shell;
    shell.master.losesConnections();
    shell.master.hasEvent("muster/chat/event/exited/a", R"({"time":"t"})");
    EXPECT_EQ(shell.run({"events", "-f"}), 7);
    EXPECT_EQ(shell.out, "t exited a\n");
}

TEST(Orders, ShowOutcomesAndWhatIsOpen) {
    Shell shell;
    shell.master.answers("orders", JsonText(R"({"orders":[{"id":"01J","target":"node-h1",
        "moduleId":"supervisor","body":{"op":"start"},"epoch":3,"created":"t1","outcome":null},
        7,{"id":"01I","outcome":"done","ended":"t2"}]})"));
    EXPECT_EQ(shell.run({"orders", "-n", "5"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("open"));
    EXPECT_THAT(shell.out, HasSubstr("start"));
    EXPECT_EQ(lastRequest(shell)["limit"], 5);
}

TEST(Add, SendsAnEntryOfServersJson) {
    Shell shell;
    shell.master.answers("add", JsonText(R"({"ids":["chat-3"]})"));
    EXPECT_EQ(shell.run({"add", "serverType=chat", "id=3", "port=6052", "frontend=true", "zip=007",
                         "title=a=b"}),
              0);
    EXPECT_EQ(shell.out, "chat-3\n");
    const auto server = lastRequest(shell)["server"];
    EXPECT_EQ(server["id"], "3");
    EXPECT_EQ(server["port"], 6052);
    EXPECT_EQ(server["frontend"], true);
    EXPECT_EQ(server["zip"], "007");
    EXPECT_EQ(server["title"], "a=b");
}

TEST(Module, ListsAndSwitches) {
    Shell shell;
    shell.master.answers("list", JsonText(R"(["watcher","\u001bx"])"));
    shell.master.answers("enable", JsonText("null"));
    shell.master.answers("disable", Error(Errc::UnknownModule, "no module nosuch"));
    EXPECT_EQ(shell.run({"module", "list"}), 0);
    EXPECT_EQ(shell.out, "watcher\n\\x1bx\n");
    EXPECT_EQ(shell.run({"module", "enable", "echo"}), 0);
    EXPECT_EQ(shell.master.requests().back(), "echo");
    EXPECT_EQ(shell.run({"module", "disable", "nosuch"}), 3);
}

TEST(Help, KnowsEveryVerb) {
    Shell shell;
    ASSERT_EQ(shell.run({"help"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("muster ls"));
    for (const char* verb : {"ls", "start", "kill", "broker", "validate"}) {
        Shell one;
        EXPECT_EQ(one.run({"help", verb}), 0);
        EXPECT_THAT(one.out, HasSubstr("Exit codes: 0 ")) << verb;
        EXPECT_EQ(one.run({verb, "--help"}), 0);
        EXPECT_THAT(one.out, HasSubstr("Example:")) << verb;
    }
    EXPECT_EQ(shell.run({"help", "dance"}), 3);
}

TEST(Help, KnowsTheProcessesToo) {
    for (const char* verb : {"master", "node", "keep"}) {
        Shell shell;
        EXPECT_EQ(shell.run({"help", verb}), 0);
        EXPECT_THAT(shell.out, HasSubstr("muster " + std::string(verb)));
    }
}

TEST(Help, IsWhatALoneDashHMeans) {
    Shell shell;
    EXPECT_EQ(shell.run({"-h"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("Verbs:"));
    EXPECT_EQ(shell.run({"ls", "-h"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("muster ls 'chat-*' -o wide"));
}

TEST(Complaint, NamesTheVerbThatWasMeant) {
    Shell shell;
    EXPECT_EQ(shell.run({"stauts"}), 2);
    EXPECT_THAT(shell.err, HasSubstr("no verb 'stauts': did you mean 'status'?"));
    EXPECT_EQ(shell.run({"-P", "1", "master"}), 2);
    EXPECT_THAT(shell.err, HasSubstr("'master' stands first"));
}

TEST(Complaint, SaysWhatAVerbTakes) {
    Shell shell;
    EXPECT_EQ(shell.run({"ls", "--fast"}), 2);
    EXPECT_THAT(shell.err, HasSubstr("ls takes no '--fast'"));
    EXPECT_EQ(shell.run({"module"}), 2);
    EXPECT_THAT(shell.err, HasSubstr("module list | module enable NAME"));
    EXPECT_EQ(shell.run({"ls", "-o", "xml"}), 2);
    EXPECT_THAT(shell.err, HasSubstr("'xml' is none of table, wide"));
}

TEST(Version, IsTheProjectsAndTheProtocols) {
    Shell shell;
    EXPECT_EQ(shell.run({"--version"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("protocol"));
    EXPECT_EQ(shell.run({"version", "-o", "jsonl"}), 0);
    EXPECT_TRUE(nlohmann::json::parse(shell.out).contains("protocol"));
}

TEST(Validate, PrintsAllErrorsAndEndsWith2) {
    TempDir dir;
    dir.write("config/master.json", "{");
    Shell shell;
    EXPECT_EQ(shell.run({"validate", "-c", dir.str()}), 2);
    EXPECT_THAT(shell.out, HasSubstr("master.json"));
}

TEST(Validate, PrintsOneJsonDocument) {
    TempDir dir;
    dir.write("config/master.json", "{");
    dir.write("config/servers.json", "[");
    Shell shell;
    EXPECT_EQ(shell.run({"validate", "-c", dir.str(), "-o", "json"}), 2);
    EXPECT_EQ(nlohmann::json::parse(shell.out).size(), 2U);
    dir.write("config/master.json", R"({"id":"m1","host":"127.0.0.1","port":3105})");
    dir.write("config/servers.json", "{}");
    EXPECT_EQ(shell.run({"validate", "-c", dir.str(), "-o", "json"}), 0);
    EXPECT_EQ(nlohmann::json::parse(shell.out), nlohmann::json::array());
}

}  // namespace
}  // namespace muster::test
