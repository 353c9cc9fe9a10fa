#include "test/unit/cli/fake_admin.hpp"

#include <gtest/gtest.h>

namespace muster::test {
namespace {

struct Case {
    std::vector<std::pair<std::string, std::string>> outcomes;
    int code;
};

TEST(ExitCodes, SayWhatBecameOfTheServers) {
    const Case cases[] = {
        {{{"a", "done"}, {"b", "already"}}, 0},
        {{{"a", "failed"}, {"b", "timed_out"}}, 1},
        {{{"a", "unknown_server"}}, 3},
        {{{"a", "done"}, {"b", "failed"}}, 4},
        {{{"a", "timed_out"}, {"b", "timed_out"}}, 5},
        {{{"a", "refused"}}, 8},
        {{{"a", "something new"}}, 1},
        {{}, 3},
    };
    for (const Case& one : cases) {
        Shell shell;
        shell.master.answers("restart", results(one.outcomes));
        EXPECT_EQ(shell.run({"restart", "all"}), one.code) << shell.out << shell.err;
    }
}

TEST(ExitCodes, SayWhyARequestFailed) {
    const std::pair<Errc, int> cases[] = {
        {Errc::Timeout, 5},  {Errc::Denied, 6}, {Errc::Closed, 7},
        {Errc::Conflict, 8}, {Errc::Failed, 1}, {Errc::UnknownServer, 3},
        {Errc::Expired, 8},  {Errc::Limit, 8},  {Errc::BadMessage, 2}};
    for (const auto& [error, code] : cases) {
        Shell shell;
        shell.master.answers("list", Error(error, "words"));
        EXPECT_EQ(shell.run({"ls"}), code) << errcName(error);
        EXPECT_EQ(shell.out, "");
        EXPECT_NE(shell.err.find("words"), std::string::npos);
    }
}

TEST(ExitCodes, Are7WhenNoMasterAnswers) {
    for (const Errc why : {Errc::Closed, Errc::Timeout}) {
        Shell shell;
        shell.master.refuses(Error(why, "connection refused"));
        EXPECT_EQ(shell.run({"ls"}), 7);
        EXPECT_NE(shell.err.find("no master answers at mqtt://127.0.0.1:3005"), std::string::npos);
    }
}

TEST(ExitCodes, Are6WhenTheCredentialsAreRefused) {
    Shell shell;
    shell.master.refuses(Error(Errc::Denied, "bad user name or password"));
    EXPECT_EQ(shell.run({"stop", "all"}), 6);
}

TEST(ExitCodes, Are2ForCommandLinesThatMeanNothing) {
    const std::vector<std::vector<std::string>> lines = {
        {"nosuchverb"},
        {"ls", "--nosuchflag"},
        {"ls", "-o", "yaml"},
        {"ls", "-P", "70000"},
        {"ls", "-P", "port"},
        {"ls", "--timeout", "soon"},
        {"ls", "--timeout", "-1s"},
        {"ls", "--timeout", "99999999999999999999h"},
        {"stop"},
        {"restart"},
        {"kill"},
        {"stop", "all", "chat-1"},
        {"stop", ""},
        {"stop", std::string(300, 'a')},
        {"ls", "-h", "h1", "--url", "mqtt://h2"},
        {"add", "host"},
        {"add", "serverType=a", "serverType=b"},
        {"add", "host=h"},
        {"wait"},
        {"module"},
        {"module", "enable"},
        {"events"},
        {"ls", "-c", "/nonexistent"},
    };
    for (const auto& line : lines) {
        Shell shell;
        EXPECT_EQ(shell.run(line), 2) << line.front() << " " << (line.size() > 1 ? line[1] : "");
        EXPECT_EQ(shell.out, "");
        EXPECT_NE(shell.err, "");
        EXPECT_TRUE(shell.master.requests().empty());
    }
}

TEST(ExitCodes, AreNeverACrashForGarbage) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        unsigned state = seed * 2654435761U + 1;
        std::vector<std::string> line;
        for (unsigned word = 0; word < state % 5; ++word) {
            std::string text;
            for (unsigned i = 0; i < 1 + seed % 9; ++i) {
                state = state * 1664525U + 1013904223U;
                text += static_cast<char>(1 + (state >> 24U) % 255);
            }
            line.push_back(text);
        }
        Shell shell;
        EXPECT_NE(shell.run(line), -1);
    }
}

}  // namespace
}  // namespace muster::test
