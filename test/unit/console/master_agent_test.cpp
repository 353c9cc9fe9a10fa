#include "master/console/master_agent.hpp"

#include "common/wire/json_scanner.hpp"
#include "test/unit/console/master_agent_fixture.hpp"

namespace muster {
namespace {

using std::chrono::seconds;
using test::MasterAgentTest;

TEST_F(MasterAgentTest, SubscribesToWhatConcernsTheMaster) {
    const std::vector<std::string> expected{"muster/c/presence/+", "muster/c/to/master/+",
                                            "muster/c/reply/master/+"};
    EXPECT_EQ(client.filters, expected);
}

TEST_F(MasterAgentTest, KnowsMembersByTheirPresence) {
    presence("a", "online");
    presence("a", "ready");
    ASSERT_EQ(agent.servers().size(), 1U);
    EXPECT_EQ(agent.server("a")->host, "h");
    EXPECT_EQ(agent.member("a")->state, "ready");
    EXPECT_EQ(client.sentTo("muster/c/event/registered/a").size(), 1U);
    presence("a", "offline");
    loop.advance(seconds(3));
    EXPECT_FALSE(agent.server("a"));
    EXPECT_EQ(members, (std::vector<std::string>{"0a", "2a"}));
}

TEST_F(MasterAgentTest, AsksAMonitorAndTakesItsAnswer) {
    presence("a", "ready");
    ask("a");
    const auto request = lastRequest();
    EXPECT_EQ(request.topic, "muster/c/to/monitor/a");
    EXPECT_EQ(request.responseTopic, "muster/c/reply/master/a");
    EXPECT_EQ(request.qos, 1);
    EXPECT_EQ(wire::decodeEnvelope(request.payload)->body, R"({"q":1})");
    answer(request, "a", R"({"v":1,"body":{"r":2}})");
    EXPECT_EQ(answers.last(), R"({"r":2})");
    answer(request, "a", R"({"v":1,"body":{"r":3}})");
    EXPECT_EQ(answers.count(), 1U);
    EXPECT_EQ(agent.counters().lateAnswers, 1U);
}

TEST_F(MasterAgentTest, PassesErrorsOfMonitorsOn) {
    presence("a", "ready");
    ask("a");
    answer(lastRequest(), "a", R"({"v":1,"error":{"code":"not_supported","message":"no"}})");
    EXPECT_EQ(answers.last(), "not_supported: no");
    ask("a");
    answer(lastRequest(), "a", "rubbish");
    EXPECT_EQ(answers.last().substr(0, 12), "bad_message:");
}

TEST_F(MasterAgentTest, TakesNoAnswerFromAnother) {
    presence("a", "ready");
    presence("b", "ready");
    ask("a");
    answer(lastRequest(), "b", R"({"v":1,"body":1})");
    EXPECT_EQ(answers.count(), 0U);
}

TEST_F(MasterAgentTest, AnswersUnknownServerOnceAndNotInline) {
    ask("x");
    EXPECT_EQ(answers.count(), 0U);
    loop.run();
    EXPECT_EQ(answers.last(), "unknown_server: unknown server id:x");
}

TEST_F(MasterAgentTest, AnswersTimeoutAtTheDeadlineOfEach) {
    presence("a", "ready");
    ask("a", seconds(10));
    ask("a", seconds(2));
    loop.advance(seconds(2));
    EXPECT_EQ(answers.count(), 1U);
    EXPECT_EQ(answers.last().substr(0, 8), "timeout:");
    loop.advance(seconds(8));
    EXPECT_EQ(answers.count(), 2U);
    EXPECT_EQ(loop.timers(), 0U);
}

TEST_F(MasterAgentTest, AnswersClosedWhenTheServerLeaves) {
    presence("a", "ready");
    ask("a");
    presence("a", "offline");
    loop.advance(seconds(3));
    EXPECT_EQ(answers.last(), "closed: a left");
    EXPECT_EQ(agent.openRequests(), 0U);
}

TEST_F(MasterAgentTest, AnswersClosedWhenNobodyTookTheRequest) {
    presence("a", "ready");
    ask("a");
    client.published.back().done(mqtt::PublishOutcome::NoSubscriber);
    EXPECT_EQ(answers.last().substr(0, 7), "closed:");
}

TEST_F(MasterAgentTest, FailsFastWhileAServerReconnects) {
    presence("a", "ready");
    presence("a", "offline");
    ask("a");
    loop.run();
    EXPECT_EQ(answers.last(), "closed: a is reconnecting");
}

TEST_F(MasterAgentTest, BoundsOpenRequests) {
    presence("a", "ready");
    for (int i = 0; i < 4; ++i) ask("a");
    loop.run();
    EXPECT_EQ(answers.count(), 1U);
    EXPECT_EQ(answers.last().substr(0, 6), "limit:");
}

TEST_F(MasterAgentTest, RefusesBodiesThatAreNotJson) {
    presence("a", "ready");
    agent.request("a", "m", "{", answers.reply(), seconds(1));
    loop.run();
    EXPECT_EQ(answers.last().substr(0, 12), "bad_message:");
    EXPECT_EQ(agent.notifyAll("m", "words").error().code(), Errc::BadMessage);
}

TEST_F(MasterAgentTest, ChecksHostAndPortWhereTheyAreAskedFor) {
    presence("a", "ready");
    EXPECT_TRUE(agent.notifyByServer("a", "h", 9, "m", "1"));
    EXPECT_FALSE(agent.notifyByServer("a", "h", 8, "m", "1"));
    agent.requestServer("a", "other", 9, "m", "1", answers.reply(), seconds(1));
    loop.run();
    EXPECT_EQ(answers.last().substr(0, 15), "unknown_server:");
}

TEST_F(MasterAgentTest, NotifiesOneTypeAndAll) {
    EXPECT_FALSE(agent.notifyAll("m", "1"));
    presence("a", "ready");
    EXPECT_TRUE(agent.notifyById("a", "m", "1"));
    EXPECT_TRUE(agent.notifyByType("chat", "m", "1"));
    EXPECT_FALSE(agent.notifyByType("gate", "m", "1"));
    EXPECT_TRUE(agent.notifyAll("m", "1"));
    EXPECT_TRUE(agent.notifyCommand("disable", "m"));
    EXPECT_EQ(client.sentTo("muster/c/to/monitor/a").size(), 1U);
    EXPECT_EQ(client.sentTo("muster/c/to/type/chat").size(), 1U);
    const auto all = client.sentTo("muster/c/to/all");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(wire::decodeEnvelope(all[1].payload)->command, "disable");
    EXPECT_TRUE(all[0].responseTopic.empty());
}

TEST_F(MasterAgentTest, DeliversRequestsAndNotifiesOfMonitors) {
    presence("a", "ready");
    client.receives("muster/c/to/master/a", R"({"v":1,"moduleId":"m","body":{"x":1}})",
                    "muster/c/reply/a/r", "k1");
    EXPECT_EQ(dispatcher.log.back(), R"(monitor a m {"x":1})");
    dispatcher.last(JsonText("[7]"));
    const auto reply = client.sentTo("muster/c/reply/a/r").back();
    EXPECT_EQ(reply.correlationData, "k1");
    EXPECT_EQ(wire::decodeAnswer(reply.payload)->body, "[7]");
    client.receives("muster/c/to/master/a", R"({"v":1,"moduleId":"m"})");
    EXPECT_FALSE(dispatcher.last);
}

TEST_F(MasterAgentTest, KnowsClientsByTheNameInTheTopicAndTheirLevel) {
    const char* body = R"({"v":1,"moduleId":"m","body":{"username":"root","clientId":"forged"}})";
    client.receives("muster/c/to/master/admin", body, "muster/c/reply/admin/cli");
    EXPECT_EQ(dispatcher.log.back().substr(0, 28), "client admin admin/cli 1 m {");
    client.receives("muster/c/to/master/anonymous", body, "muster/c/reply/anonymous/x/y");
    EXPECT_EQ(dispatcher.log.back().substr(0, 34), "client anonymous anonymous/x/y 2 m");
    client.receives("muster/c/to/master/admin", R"({"v":1,"command":"list"})",
                    "muster/c/reply/admin/cli");
    EXPECT_EQ(dispatcher.log.back(), "command admin list ");
    EXPECT_TRUE(agent.notifyClient("admin/cli", "m", "1"));
    EXPECT_EQ(client.sentTo("muster/c/reply/admin/cli/n").size(), 1U);
    EXPECT_FALSE(agent.notifyClient("nobody", "m", "1"));
}

TEST_F(MasterAgentTest, RefusesReplyTopicsOfOthers) {
    presence("a", "ready");
    for (const char* topic : {"muster/c/reply/b/r", "muster/c/reply/a", "muster/c/to/all", "x",
                              "muster/c/reply/a/#", "muster/other/reply/a/r"})
        client.receives("muster/c/to/master/a", R"({"v":1,"moduleId":"m"})", topic);
    EXPECT_TRUE(dispatcher.log.empty());
    EXPECT_EQ(agent.counters().foreignReplyTopics, 6U);
}

TEST_F(MasterAgentTest, AnswersBadMessagesAndStrangers) {
    presence("a", "ready");
    client.receives("muster/c/to/master/a", "{", "muster/c/reply/a/r");
    client.receives("muster/c/to/master/who", R"({"v":1,"moduleId":"m"})", "muster/c/reply/who/r");
    EXPECT_EQ(wire::decodeAnswer(client.sentTo("muster/c/reply/a/r").back().payload)->error->code(),
              Errc::BadMessage);
    EXPECT_EQ(
        wire::decodeAnswer(client.sentTo("muster/c/reply/who/r").back().payload)->error->code(),
        Errc::UnknownServer);
    for (const char* topic : {"muster/c/to/master/", "muster/c/to/master/%zz", "muster/c/presence/",
                              "muster/c", "muster/c/reply/master/a"})
        client.receives(topic, "\xFF");
    presence("admin", "ready");
    EXPECT_FALSE(agent.server("admin"));
}

TEST_F(MasterAgentTest, IsSilentWhileItDoesNotLead) {
    agent.setLeadership(0, "");
    presence("a", "ready");
    client.receives("muster/c/to/master/a", R"({"v":1,"moduleId":"m"})", "muster/c/reply/a/r");
    EXPECT_TRUE(dispatcher.log.empty());
    wire::Envelope order;
    order.order = wire::OrderTag{"o", 1, "uid", "", {}};
    EXPECT_EQ(agent.sendOrder("a", order).error().code(), Errc::Denied);
}

TEST_F(MasterAgentTest, SendsOrdersAndHandsTheirAnswersOver) {
    presence("a", "ready");
    std::string seen;
    agent.onOrderAnswer(
        [&](std::string_view id, std::string_view order, const wire::Answer& answer) {
            seen = std::string(id) + " " + std::string(order) + " " + answer.body;
        });
    wire::Envelope order;
    order.moduleId = "supervisor";
    order.order = wire::OrderTag{wire::makeUuid(loop.wallTime()), 1, "uid", "", loop.wallTime()};
    ASSERT_TRUE(agent.sendOrder("a", order));
    answer(lastRequest(), "a", R"({"v":1,"body":"done"})");
    EXPECT_EQ(seen, "a " + order.order->id + " \"done\"");
    EXPECT_EQ(agent.sendOrder("b", order).error().code(), Errc::UnknownServer);
}

TEST_F(MasterAgentTest, PublishesEventsWithTimeAndId) {
    agent.publishEvent("restarted", "a", R"({ "cause":"crash"})");
    agent.publishEvent("restarted", "a", "{}");
    agent.publishEvent("restarted", "a", "not json");
    const auto events = client.sentTo("muster/c/event/restarted/a");
    ASSERT_EQ(events.size(), 2U);
    EXPECT_TRUE(wire::isValidJson(events[0].payload));
    EXPECT_NE(events[0].payload.find(R"("id":"a","cause":"crash")"), std::string::npos);
    EXPECT_TRUE(wire::isValidJson(events[1].payload));
}

TEST_F(MasterAgentTest, HandsOtherTopicsToTheirListeners) {
    std::string seen;
    agent.subscribe("event/+/a/#",
                    [&](std::string_view topic, const mqtt::Message&) { seen = topic; });
    client.receives("muster/c/event/ready/b", "{}");
    EXPECT_EQ(seen, "");
    client.receives("muster/c/event/ready/a", "{}");
    EXPECT_EQ(seen, "event/ready/a");
}

TEST_F(MasterAgentTest, AnswersWhatIsOpenWhenItStops) {
    presence("a", "ready");
    ask("a");
    agent.stop();
    EXPECT_EQ(answers.last().substr(0, 7), "closed:");
    EXPECT_TRUE(client.isClosed);
    ask("a");
    loop.run();
    EXPECT_EQ(answers.count(), 2U);
    EXPECT_EQ(loop.timers(), 0U);
}

TEST_F(MasterAgentTest, KeepsValuesPerModule) {
    EXPECT_EQ(agent.get("m"), "null");
    agent.set("m", "[1]");
    EXPECT_EQ(agent.get("m"), "[1]");
}

}  // namespace
}  // namespace muster
