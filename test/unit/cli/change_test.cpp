#include "test/unit/cli/fake_admin.hpp"

#include <muster/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// plan, diff, apply and scale.
namespace muster::test {
namespace {

using testing::HasSubstr;

nlohmann::json lastRequest(const Shell& shell) {
    return nlohmann::json::parse(shell.master.requests().back());
}

constexpr const char* kPlan = R"({"plan":"p1","cluster":"chat","changes":[
    {"id":"a","change":"restart","state":"ready","busy":3,"keys":["argv"]},
    {"id":"b","change":"add","state":"stopped","busy":0},
    {"id":"c","change":"unchanged","state":"ready","busy":9}],"master":["limits"]})";

TEST(Plan, ShowsWhatChangesAndEndsWithItsOwnStatus) {
    Shell shell;
    shell.master.answers("plan", JsonText(kPlan));
    EXPECT_EQ(shell.run({"plan"}), 10);
    EXPECT_THAT(shell.out, HasSubstr("argv"));
    EXPECT_THAT(shell.err, HasSubstr("touches 1 running server with 3 sessions"));
    EXPECT_THAT(shell.err, HasSubstr("limits"));
    EXPECT_EQ(shell.run({"diff"}), 10);
    EXPECT_EQ(shell.out, "~ a restart: argv\n+ b add\n");
    Shell other;
    other.master.answers("plan", JsonText(R"({"plan":"p2","changes":[]})"));
    EXPECT_EQ(other.run({"plan"}), 0);
}

TEST(Apply, AsksBeforeItTouchesWhatRuns) {
    Shell shell;
    shell.master.answers("plan", JsonText(kPlan));
    shell.master.answers("apply", JsonText(R"({"results":[
        {"id":"a","change":"restart","outcome":"done"}]})"));
    EXPECT_EQ(shell.run({"apply"}), 2);
    EXPECT_EQ(shell.run({"apply", "--dry-run"}), 10);
    EXPECT_EQ(shell.run({"apply", "--yes", "--plan", "other"}), 8);
    shell.typed = "chat";
    EXPECT_EQ(shell.run({"apply", "--rolling", "2"}), 0);
    EXPECT_EQ(lastRequest(shell)["plan"], "p1");
    EXPECT_EQ(lastRequest(shell)["width"], 2);
}

TEST(Scale, ShowsItsPlanAndAsksBeforeItStopsWhatRuns) {
    Shell shell;
    shell.master.answers("scale", JsonText(R"({"plan":"p1","cluster":"chat","changes":[
        {"id":"a-2","change":"stop","state":"ready","busy":4},
        {"id":"a-1","change":"unchanged","state":"ready"}]})"));
    shell.master.answers("scale", JsonText(R"({"plan":"p1","cluster":"chat","changes":[
        {"id":"a-2","change":"stop","state":"ready","busy":4}]})"));
    shell.master.answers("scale", JsonText(R"({"plan":"p1","cluster":"chat","changes":[
        {"id":"a-2","change":"stop","state":"ready","busy":4}]})"));
    shell.master.answers("scale", JsonText(R"({"results":[
        {"id":"a-2","change":"stop","outcome":"done"}]})"));
    EXPECT_EQ(shell.run({"scale", "a", "1", "--dry-run"}), 10);
    EXPECT_EQ(lastRequest(shell)["dryRun"], true);
    EXPECT_EQ(shell.run({"scale", "a", "1"}), 2);  // nobody can be asked
    shell.typed = "chat";
    EXPECT_EQ(shell.run({"scale", "a", "1", "--drain=10s"}), 0);
    EXPECT_EQ(lastRequest(shell)["count"], 1);
    EXPECT_EQ(lastRequest(shell)["plan"], "p1");
    EXPECT_EQ(lastRequest(shell)["drainMs"], 10'000);
    EXPECT_FALSE(lastRequest(shell).contains("dryRun"));
}

TEST(Scale, IsDoneWhereNothingIsToDo) {
    Shell shell;
    shell.master.answers("scale", JsonText(R"({"plan":"p1","cluster":"chat","changes":[]})"));
    EXPECT_EQ(shell.run({"scale", "a", "0"}), 0);
    EXPECT_EQ(shell.master.requests().size(), 1U);
}

TEST(Scale, TakesATypeAndANumber) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"scale"},
                                                  {"scale", "a"},
                                                  {"scale", "a", "x"},
                                                  {"scale", "a", "1x"},
                                                  {"scale", "a", ""},
                                                  {"scale", "a", "1", "2"},
                                                  {"scale", "a", "99999999999999999999999"}}) {
        Shell shell;
        EXPECT_EQ(shell.run(words), 2) << words.size();
        EXPECT_TRUE(shell.master.requests().empty());
    }
}

}  // namespace
}  // namespace muster::test
