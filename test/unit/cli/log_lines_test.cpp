#include "console/log_lines.hpp"

#include "test/unit/cli/fake_admin.hpp"

#include <muster/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::vector<std::string> texts(LogLines& lines) {
    std::vector<std::string> texts;
    for (const LogText& line : lines.lines()) texts.push_back(line.text);
    return texts;
}

TEST(LogLines, AreInTheOrderOfTimeOverServersAndStreams) {
    LogLines lines(20);
    lines.add("a", "stdout");
    lines.add("b", "stderr");
    ASSERT_TRUE(lines.take(R"({"logs":[
        {"id":"a","stream":"stdout","cursor":"1","lines":[[10,"a1"],[30,"a2"],[30,"a3"]]},
        {"id":"b","stream":"stderr","cursor":"1","lines":[[20,"b1"],[5,"b2"]]},
        {"id":"stranger","stream":"stdout","cursor":"1","lines":[[1,"x"]]}]})"));
    EXPECT_EQ(texts(lines), (std::vector<std::string>{"a1", "b1", "b2", "a2", "a3"}));
    EXPECT_TRUE(texts(lines).empty());
    EXPECT_FALSE(lines.hasMore());
}

TEST(LogLines, AreAskedForPageByPageFromTheCursor) {
    LogLines lines(20);
    lines.add("a", "stdout");
    lines.add("b", "stdout");
    auto questions = lines.questions(true, false);
    ASSERT_EQ(questions.size(), 1U);
    EXPECT_EQ(json::parse(questions[0])["streams"].size(), 2U);
    EXPECT_EQ(json::parse(questions[0])["tail"], 20);
    ASSERT_TRUE(lines.take(R"({"logs":[
        {"id":"a","stream":"stdout","cursor":"c7","more":true,"lines":[[1,"x"]]},
        {"id":"b","stream":"stdout","cursor":"c8","lines":[]}]})"));
    EXPECT_TRUE(lines.hasMore());
    questions = lines.questions(false, false);
    ASSERT_EQ(questions.size(), 1U);
    EXPECT_EQ(json::parse(questions[0])["streams"],
              json::parse(R"([{"id":"a","stream":"stdout","cursor":"c7"}])"));
    for (int i = 0; i < 200; ++i) lines.add("s" + std::to_string(i), "stdout");
    EXPECT_EQ(lines.questions(true, false).size(), 4U);
}

TEST(LogLines, EndTheHistoryOfWhoNeverStopsWritingButFollowIt) {
    LogLines lines(2);
    lines.add("a", "stdout");
    const char* page =
        R"({"logs":[{"id":"a","stream":"stdout","cursor":"c","more":true,"lines":[[1,"x"],[2,"y"]]}]})";
    ASSERT_TRUE(lines.take(page));
    EXPECT_FALSE(lines.hasMore());
    lines.follow();
    ASSERT_TRUE(lines.take(page));
    EXPECT_TRUE(lines.hasMore());
}

TEST(LogLines, TellOnceWhoDoesNotAnswerAndWhatIsGone) {
    LogLines lines(20);
    lines.add("a", "stdout");
    const char* failure = R"({"logs":[{"id":"a","stream":"stdout","error":"node-x is away"}]})";
    ASSERT_TRUE(lines.take(failure));
    ASSERT_TRUE(lines.take(failure));
    EXPECT_EQ(lines.failures(), 1U);
    EXPECT_EQ(lines.remarks(), std::vector<std::string>{"-- no stdout of a: node-x is away --"});
    ASSERT_TRUE(lines.take(R"({"logs":[{"id":"a","stream":"stdout","cursor":"c","gap":true}]})"));
    EXPECT_EQ(lines.failures(), 0U);
    ASSERT_EQ(lines.remarks().size(), 1U);
}

TEST(LogLines, TakeNoAnswerThatIsNone) {
    LogLines lines(20);
    lines.add("a", "stdout");
    for (const char* answer : {"x", "[]", "{}", R"({"logs":1})"}) EXPECT_FALSE(lines.take(answer));
    EXPECT_TRUE(lines.take(R"({"logs":[1,{"id":"a"},{"id":"a","stream":"stdout","lines":
        [[1],["x","y"],[1,2],7,[3,"good"]]}]})"));
    EXPECT_EQ(texts(lines), std::vector<std::string>{"good"});
}

TEST(LogsVerb, PrintsWhoWroteWhatAndShowsWhatWouldMoveTheTerminal) {
    test::Shell shell;
    shell.master.answers("list", test::serverList({test::serverRow("a-1", "a", "ready"),
                                                   test::serverRow("b", "b", "ready")}));
    shell.master.answers("logs", JsonText(R"({"logs":[
        {"id":"a-1","stream":"stdout","cursor":"c","lines":[[1000,"x\ty\u001b[2J"]]},
        {"id":"b","stream":"stderr","cursor":"c","lines":[[500,"first"]]},
        {"id":"a-1","stream":"stderr","cursor":"c"},{"id":"b","stream":"stdout","cursor":"c"}]})"));
    EXPECT_EQ(shell.run({"logs"}), 0);
    EXPECT_EQ(shell.out, "b   | first\na-1 | x\ty\\x1b[2J\n");
    test::Shell none;
    none.master.answers("list", test::serverList({}));
    EXPECT_EQ(none.run({"logs"}), 3);
}

}  // namespace
}  // namespace muster::cli
