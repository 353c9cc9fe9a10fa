#include "common/request_table.hpp"

#include "common/once_reply.hpp"

#include <memory>

#include <gtest/gtest.h>

namespace muster {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart{std::chrono::hours(1)};

Reply into(std::vector<std::string>& answers, std::string name) {
    return [&answers, name](Result<JsonText> result) {
        answers.push_back(name + ":" + (result ? *result : errcName(result.error().code())));
    };
}

TEST(RequestTable, GivesEachReplyOutOnce) {
    std::vector<std::string> answers;
    RequestTable table;
    const auto id = table.add(into(answers, "a"), kStart + 1s);
    ASSERT_TRUE(id);
    (*table.take(*id))(std::string("1"));
    EXPECT_FALSE(table.take(*id));
    EXPECT_TRUE(table.takeExpired(kStart + 1h).empty());
    EXPECT_EQ(answers, (std::vector<std::string>{"a:1"}));
}

TEST(RequestTable, ExpiresAtItsDeadlineOldestFirst) {
    std::vector<std::string> answers;
    RequestTable table;
    (void)table.add(into(answers, "late"), kStart + 2s);
    (void)table.add(into(answers, "early"), kStart + 1s);
    EXPECT_EQ(table.nextDeadline(), kStart + 1s);
    EXPECT_TRUE(table.takeExpired(kStart + 999ms).empty());
    for (const Reply& reply : table.takeExpired(kStart + 2s)) reply(Error(Errc::Timeout));
    EXPECT_EQ(answers, (std::vector<std::string>{"early:timeout", "late:timeout"}));
    EXPECT_FALSE(table.nextDeadline());
}

TEST(RequestTable, KnowsTheNextDeadlineAmongManyThatWereAnswered) {
    RequestTable table;
    std::vector<std::string> answers;
    // Far more than it keeps of those that were answered, with the oldest still open.
    const auto first = table.add(into(answers, "first"), kStart + 5s);
    for (int i = 0; i < 1'000; ++i) {
        const auto id = table.add(into(answers, "x"), kStart + 1s + std::chrono::milliseconds(i));
        ASSERT_TRUE(table.take(*id));
    }
    EXPECT_EQ(table.nextDeadline(), kStart + 5s);
    EXPECT_TRUE(table.takeExpired(kStart + 4s).empty());
    EXPECT_EQ(table.takeExpired(kStart + 5s).size(), 1U);
    EXPECT_FALSE(table.contains(*first));
    EXPECT_FALSE(table.nextDeadline());
}

TEST(RequestTable, RefusesOneAboveItsLimitAndLeavesTheReplyWithItsCaller) {
    RequestTable table(2);
    std::vector<std::string> answers;
    (void)table.add(into(answers, "a"), kStart);
    (void)table.add(into(answers, "b"), kStart);
    Reply third = into(answers, "c");
    const auto refused = table.add(std::move(third), kStart);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::Limit);
    third(refused.error());  // NOLINT(bugprone-use-after-move): add() says so
    EXPECT_EQ(answers, (std::vector<std::string>{"c:limit"}));
}

TEST(RequestTable, TakesWhatAnOwnerOwes) {
    std::vector<std::string> answers;
    RequestTable table;
    (void)table.add(into(answers, "1"), kStart, "x");
    const auto other = table.add(into(answers, "2"), kStart, "y");
    (void)table.add(into(answers, "3"), kStart, "x");
    EXPECT_FALSE(table.take(*other, "x"));
    for (const Reply& reply : table.takeOwner("x")) reply(Error(Errc::Closed));
    EXPECT_EQ(answers, (std::vector<std::string>{"1:closed", "3:closed"}));
    EXPECT_EQ(table.takeAll().size(), 1U);
    EXPECT_EQ(table.size(), 0U);
}

TEST(OnceReply, PassesOnTheFirstAnswerOnly) {
    std::vector<std::string> answers;
    const Reply reply = onceReply(into(answers, "a"));
    reply(std::string("1"));
    reply(std::string("2"));
    EXPECT_EQ(answers, (std::vector<std::string>{"a:1"}));
}

TEST(OnceReply, AnswersFailedWhenDroppedUncalled) {
    std::vector<std::string> answers;
    {
        const Reply reply = onceReply(into(answers, "a"));
        const Reply copy = reply;
    }
    EXPECT_EQ(answers, (std::vector<std::string>{"a:failed"}));
}

TEST(OnceReply, SwallowsWhatTheInnerReplyThrows) {
    const Reply reply = onceReply([](Result<JsonText>) { throw 1; });
    EXPECT_NO_THROW(reply(std::string("1")));
    EXPECT_NO_THROW(onceReply(Reply())(std::string("1")));
}

}  // namespace
}  // namespace muster
