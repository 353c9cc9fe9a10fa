#include "test/unit/console/master_agent_fixture.hpp"

/// What becomes of messages that a queue does not take: their senders learn of it.
namespace muster {
namespace {

using std::chrono::seconds;
using test::MasterAgentTest;

TEST_F(MasterAgentTest, TakesNoMoreNotifiesThanTheBrokerAcknowledges) {
    presence("a", "ready");
    client.published.clear();
    while (agent.notifyById("a", "m", "1")) ASSERT_LT(client.published.size(), 1000U);
    EXPECT_EQ(agent.notifyAll("m", "1").error().code(), Errc::Limit);
    EXPECT_EQ(agent.notifyCommand("disable", "m").error().code(), Errc::Limit);
    ask("a");  // there is room for what has an answer
    EXPECT_EQ(answers.count(), 0U);
    client.published.front().done(mqtt::PublishOutcome::Delivered);
    EXPECT_TRUE(agent.notifyById("a", "m", "1"));
    EXPECT_EQ(agent.counters().queuesFull, 3U);
}

TEST_F(MasterAgentTest, CountsWhatTheBrokerDidNotAcknowledge) {
    presence("a", "ready");
    ASSERT_TRUE(agent.notifyById("a", "m", "1"));
    client.published.back().done(Errc::Closed);
    EXPECT_EQ(agent.counters().lost, 1U);
}

/// The broker is in the same process: it drops at once what a receiver's queue does not take.
class MasterAgentAtItsBrokerTest : public testing::Test {
protected:
    MasterAgentAtItsBrokerTest() {
        agent.setLeadership(1, "uid");
        agent.start({}, dispatcher);
        client.comesUp();
        client.receives("muster/c/presence/a",
                        R"({"v":1,"state":"ready","type":"chat","incarnation":"1"})");
    }
    MasterAgentOptions options() {
        MasterAgentOptions options;
        options.cluster = "c";
        options.dropped = [this] { return isFull ? client.published.size() : 0; };
        return options;
    }

    bool isFull = false;
    test::ManualLoop loop;
    test::FakeClient client;
    test::NamesOnly authenticator;
    test::FakeDispatcher dispatcher;
    test::Answers answers;
    MasterAgentImpl agent{loop, client, authenticator, options()};
};

TEST_F(MasterAgentTest, SendsAnOrderAgainThatAFullQueueDidNotTake) {
    presence("a", "ready");
    wire::Envelope order;
    order.moduleId = "supervisor";
    order.order = wire::OrderTag{"o", 1, "uid", "", loop.wallTime() + seconds(2)};
    ASSERT_TRUE(agent.sendOrder("a", order));
    const auto sent = [&] { return client.sentTo("muster/c/to/monitor/a").size(); };
    client.published.back().done(Errc::Limit);
    loop.advance(seconds(1));
    EXPECT_EQ(sent(), 2U);
    client.published.back().done(mqtt::PublishOutcome::Delivered);
    loop.advance(seconds(5));
    EXPECT_EQ(sent(), 2U);
    client.published.back().done(Errc::Limit);  // past its deadline
    loop.advance(seconds(5));
    EXPECT_EQ(sent(), 2U);
}

TEST_F(MasterAgentAtItsBrokerTest, TellsTheSenderThatAQueueIsFull) {
    EXPECT_TRUE(agent.notifyById("a", "m", "1"));
    isFull = true;
    EXPECT_EQ(agent.notifyById("a", "m", "1").error().code(), Errc::Limit);
    EXPECT_EQ(agent.notifyAll("m", "1").error().code(), Errc::Limit);
    EXPECT_EQ(agent.notifyByType("chat", "m", "1").error().code(), Errc::Limit);
    EXPECT_EQ(agent.counters().queuesFull, 3U);
    isFull = false;
    for (int i = 0; i < 2'000; ++i) ASSERT_TRUE(agent.notifyById("a", "m", "1"));
}

TEST_F(MasterAgentAtItsBrokerTest, AnswersARequestThatAQueueDidNotTakeOnce) {
    isFull = true;
    agent.request("a", "m", "1", answers.reply(), seconds(10));
    EXPECT_EQ(answers.count(), 0U);
    loop.run();
    EXPECT_EQ(answers.last(), "limit: the queue of a is full");
    client.published.back().done(mqtt::PublishOutcome::Delivered);
    loop.advance(seconds(10));
    EXPECT_EQ(answers.count(), 1U);
    EXPECT_EQ(agent.openRequests(), 0U);
}

}  // namespace
}  // namespace muster
