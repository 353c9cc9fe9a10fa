#include "test/unit/cli/fake_admin.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kNumbers =
    R"({"pid":123,"uptimeMs":3725000,"restarts":2,"cpuPercent":1.25,"rssBytes":12897485,)"
    R"("busy":4,"version":"0.1.0","ageMs":900,"clientPort":3014,"note":"fine",)"
    R"("exit":{"code":null,"signal":11}})";

Shell withTwoServers() {
    Shell shell;
    shell.master.answers("list", serverList({serverRow("chat-1", "chat", "ready", kNumbers),
                                             serverRow("gate-1", "gate", "backoff")}));
    return shell;
}

TEST(List, HasTheColumnsThatUsersKnow) {
    Shell shell = withTwoServers();
    ASSERT_EQ(shell.run({"ls"}), 0);
    EXPECT_THAT(shell.out,
                testing::ContainsRegex("^ID +TYPE +HOST +STATE +READY +PID +UP +RST +CPU% "
                                       "+RSS +LOAD +SESS +VER +AGE +NOTE\n"));
    EXPECT_THAT(shell.out,
                testing::ContainsRegex("chat-1 +chat +127.0.0.1 +ready +yes +123 +1h02m +2 "
                                       "+1.2 +12.3MiB +- +4 +0.1.0 +0s +fine\n"));
    EXPECT_EQ(shell.err, "");
}

TEST(List, ShowsWhatIsUnknownAsUnknown) {
    Shell shell = withTwoServers();
    shell.run({"ls", "gate-1"});
    EXPECT_THAT(shell.out,
                testing::ContainsRegex("gate-1 +gate +127.0.0.1 +backoff +no +- +- +- +- "
                                       "+- +- +- +- +- +-\n"));
}

TEST(List, IsPlainInAPipeAndColouredOnATerminal) {
    Shell shell = withTwoServers();
    shell.run({"ls"});
    EXPECT_THAT(shell.out, Not(HasSubstr("\x1b")));
    shell.terminal = {true, true, true, 200};
    shell.run({"ls"});
    EXPECT_THAT(shell.out, HasSubstr("\x1b[32m● ready\x1b[0m"));
    shell.terminal = {true, false, false, 200};
    shell.run({"ls"});
    EXPECT_THAT(shell.out, HasSubstr("* ready"));
    EXPECT_THAT(shell.out, Not(HasSubstr("\x1b")));
}

TEST(List, ShowsFewerColumnsOnANarrowTerminalAndNeverWraps) {
    Shell shell = withTwoServers();
    shell.terminal = {true, false, true, 60};
    shell.run({"ls"});
    EXPECT_THAT(shell.out, Not(HasSubstr("HOST")));
    std::istringstream lines(shell.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 60U + 2U) << line;
}

TEST(List, LeavesOutWholeColumnsBeforeItCutsAny) {
    for (const std::size_t width : {80U, 100U}) {
        Shell shell;
        shell.terminal.isTty = true;
        shell.terminal.width = width;
        shell.master.answers(
            "list", serverList({serverRow("connector-1", "connector", "ready",
                                          R"({"pid":12345,"restarts":0,"uptimeMs":3600000})")}));
        ASSERT_EQ(shell.run({"ls"}), 0);
        for (const char* title : {"ID", "STATE", "PID", "UP", "NOTE"})
            EXPECT_THAT(shell.out, HasSubstr(title)) << width;
        EXPECT_THAT(shell.out, testing::Not(HasSubstr("LOAD")));
        EXPECT_THAT(shell.out, testing::Not(HasSubstr("~")));
    }
}

TEST(List, SelectsByIdGlobTypeAndHost) {
    const std::vector<std::vector<std::string>> lines = {
        {"ls", "chat-1"},     {"ls", "ch*"},          {"ls", "type:chat"},
        {"ls", "-t", "chat"}, {"ls", "-i", "chat-1"}, {"ls", "chat-?"}};
    for (const auto& line : lines) {
        Shell shell = withTwoServers();
        auto words = line;
        words.insert(words.end(), {"-o", "name"});
        EXPECT_EQ(shell.run(words), 0);
        EXPECT_EQ(shell.out, "chat-1\n") << line[1];
    }
    Shell shell = withTwoServers();
    EXPECT_EQ(shell.run({"ls", "host:elsewhere"}), 3);
    EXPECT_EQ(shell.run({"ls", "all", "-o", "name"}), 0);
    EXPECT_EQ(shell.out, "chat-1\ngate-1\n");
}

TEST(List, GivesJsonInWholeAndByLine) {
    Shell shell = withTwoServers();
    shell.run({"ls", "-o", "json", "chat-1"});
    EXPECT_THAT(shell.out, HasSubstr("\"epoch\": 7"));
    EXPECT_THAT(shell.out, Not(HasSubstr("gate-1")));
    shell.run({"-o", "jsonl", "ls"});
    EXPECT_EQ(std::count(shell.out.begin(), shell.out.end(), '\n'), 2);
    EXPECT_THAT(shell.out, StartsWith("{"));
}

TEST(List, SpeaksPomelosColumns) {
    Shell shell = withTwoServers();
    shell.run({"list"});
    EXPECT_THAT(shell.out,
                testing::ContainsRegex(
                    "^serverId +serverType +pid +rss\\(M\\) +heapUsed\\(M\\) +uptime\\(m\\)\n"));
    EXPECT_THAT(shell.out, testing::ContainsRegex("chat-1 +chat +123 +12.30 +- +62.08\n"));
}

TEST(List, AddsPortsAndTheLastExitWhenWide) {
    Shell shell = withTwoServers();
    shell.run({"ls", "-o", "wide"});
    EXPECT_THAT(shell.out, HasSubstr("CLIENT"));
    EXPECT_THAT(shell.out, HasSubstr("SIGSEGV"));
}

TEST(List, LetsNoServerNameReachTheTerminalAsAControlSequence) {
    Shell shell;
    shell.master.answers(
        "list",
        JsonText(R"({"servers":[{"id":"x\u001b[2J\u009b31m\u202e\ny","state":"\u001b[31mready",)"
                 R"("note":"\u001b]0;owned\u0007"}],"cluster":"\u001b[2J"})"));
    shell.terminal = {true, false, true, 200};
    for (const char* format : {"table", "wide", "name", "pomelo", "json", "jsonl"}) {
        shell.run({"ls", "-o", format});
        EXPECT_THAT(shell.out, Not(HasSubstr("\x1b"))) << format;
        EXPECT_THAT(shell.out, Not(HasSubstr("\xc2\x9b"))) << format;
        EXPECT_THAT(shell.out, Not(HasSubstr("\xe2\x80\xae"))) << format;
    }
}

TEST(List, SurvivesAnswersThatAreNone) {
    for (const char* answer :
         {"", "null", "[]", "{}", R"({"servers":{}})", "\xff", "{\"servers\":"}) {
        Shell shell;
        shell.master.answers("list", JsonText(answer));
        EXPECT_EQ(shell.run({"ls"}), 1) << answer;
    }
    Shell shell;
    shell.master.answers("list", JsonText(R"({"servers":[1,null,{"id":7},{"id":"a","pid":"x",
        "uptimeMs":1e300,"cpuPercent":-1e400,"exit":[],"ready":"yes","rssBytes":-5}]})"));
    EXPECT_EQ(shell.run({"ls"}), 1);  // 1e400 is no JSON number that fits
    Shell other;
    other.master.answers("list", JsonText(R"({"servers":[1,null,{"id":7},{"id":"a","pid":"x",
        "uptimeMs":1e300,"exit":[],"ready":"yes","rssBytes":-5}]})"));
    EXPECT_EQ(other.run({"ls", "-o", "name"}), 0);
    EXPECT_EQ(other.out, "a\n");
}

TEST(List, OfAnEmptyClusterIsEmpty) {
    Shell shell;
    shell.master.answers("list", serverList({}));
    EXPECT_EQ(shell.run({"ls"}), 0);
    EXPECT_EQ(shell.out, "");
    EXPECT_THAT(shell.err, HasSubstr("no servers in cluster chat"));
}

}  // namespace
}  // namespace muster::test
