#include "test/unit/monitor/monitor_rig.hpp"

#include <stdexcept>

#include <gmock/gmock.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Reply into(std::vector<std::string>& answers) {
    return [&answers](const Result<JsonText>& result) {
        answers.push_back(result ? *result : errcName(result.error().code()));
    };
}

TEST(MonitorAgent, AnswersWithWhatTheHandlerSays) {
    MonitorRig rig;
    rig.handle("echo",
               [](MonitorAgent&, const JsonText& body, const Reply& reply) { reply(body); });
    rig.startWithLeader();
    rig.master.ask("area-1", "echo", R"({"a":[1,2]})");
    rig.run();
    EXPECT_THAT(rig.master.answers(), ElementsAre(R"(q1 {"a":[1,2]})"));
}

TEST(MonitorAgent, AnswersOnceWhenTheHandlerAnswersTwice) {
    MonitorRig rig;
    rig.handle("m", [](MonitorAgent&, const JsonText&, const Reply& reply) {
        reply(JsonText("1"));
        reply(JsonText("2"));
    });
    rig.startWithLeader();
    rig.master.ask("area-1", "m", "{}");
    rig.advance(2min);
    EXPECT_THAT(rig.master.answers(), ElementsAre("q1 1"));
}

TEST(MonitorAgent, AnswersFailedWhenTheHandlerDropsItsReply) {
    MonitorRig rig;
    rig.handle("m", [](MonitorAgent&, const JsonText&, const Reply&) {});
    rig.startWithLeader();
    rig.master.ask("area-1", "m", "{}");
    rig.run();
    EXPECT_THAT(rig.master.answers(), ElementsAre("q1 failed"));
}

TEST(MonitorAgent, AnswersTimeoutWhenTheHandlerKeepsItsReplyTooLong) {
    MonitorRig rig;
    Reply kept;
    rig.handle("m", [&](MonitorAgent&, const JsonText&, const Reply& reply) { kept = reply; });
    rig.startWithLeader();
    rig.master.ask("area-1", "m", "{}");
    rig.advance(59s);
    EXPECT_THAT(rig.master.answers(), IsEmpty());
    rig.advance(1s);
    EXPECT_THAT(rig.master.answers(), ElementsAre("q1 timeout"));
    kept(JsonText("late"));
    rig.run();
    EXPECT_THAT(rig.master.answers(), IsEmpty());
}

TEST(MonitorAgent, TurnsAnExceptionIntoAnAnswerAndALogLine) {
    MonitorRig rig;
    rig.handle("m", [](MonitorAgent&, const JsonText&, const Reply&) {
        throw std::runtime_error("secret path");
    });
    rig.startWithLeader();
    rig.master.ask("area-1", "m", "{}");
    rig.run();
    EXPECT_THAT(rig.master.answers(), ElementsAre("q1 failed"));
    EXPECT_THAT(rig.lines, Contains(HasSubstr("handler of module m threw: secret path")));
}

TEST(MonitorAgent, RefusesToSendAnAnswerThatIsNotJson) {
    MonitorRig rig;
    rig.handle("m",
               [](MonitorAgent&, const JsonText&, const Reply& reply) { reply(JsonText("{")); });
    rig.startWithLeader();
    rig.master.ask("area-1", "m", "{}");
    rig.run();
    EXPECT_THAT(rig.master.answers(), ElementsAre("q1 failed"));
}

TEST(MonitorAgent, KnowsItsModulesAndTheirSwitches) {
    MonitorRig rig;
    rig.handle("m",
               [](MonitorAgent&, const JsonText&, const Reply& reply) { reply(JsonText("1")); });
    rig.startWithLeader();
    rig.master.ask("area-1", "nobody", "{}", "q1");
    wire::Envelope command;
    command.moduleId = "m";
    command.command = "disable";
    rig.master.send("area-1", command, "");
    rig.master.ask("area-1", "m", "{}", "q2");
    command.command = "enable";
    rig.master.send("area-1", command, "");
    rig.master.ask("area-1", "m", "{}", "q3");
    rig.run();
    EXPECT_THAT(rig.master.answers(),
                ElementsAre("q1 unknown_module", "q2 module_disabled", "q3 1"));
}

TEST(MonitorAgent, GivesANotifyToItsHandlerWithoutAnswering) {
    MonitorRig rig;
    std::vector<std::string> seen;
    rig.handle("m", [&](MonitorAgent&, const JsonText& body, const Reply& reply) {
        seen.push_back(body);
        reply(JsonText("1"));
    });
    rig.startWithLeader();
    rig.master.ask("area-1", "m", "7", "");
    rig.advance(1s);
    EXPECT_THAT(seen, ElementsAre("7"));
    EXPECT_THAT(rig.master.answers(), IsEmpty());
}

TEST(MonitorAgent, HearsWhatIsSaidToItsTypeAndToAll) {
    MonitorRig rig;
    int heard = 0;
    rig.handle("m", [&](MonitorAgent&, const JsonText&, const Reply&) { ++heard; });
    rig.startWithLeader();
    const std::string notify = R"({"v":1,"time":"2026-11-21T08:25:04.123Z","moduleId":"m"})";
    rig.master.sendRaw("to/type/area", notify);
    rig.master.sendRaw("to/all", notify);
    rig.master.sendRaw("to/type/gate", notify);
    rig.run();
    EXPECT_EQ(heard, 2);
}

TEST(MonitorAgent, SurvivesHostileMessagesAndAnswersThoseThatAsk) {
    MonitorRig rig;
    rig.handle("m",
               [](MonitorAgent&, const JsonText&, const Reply& reply) { reply(JsonText("1")); });
    rig.startWithLeader();
    const std::string deep(100'000, '[');
    for (const std::string& payload :
         {std::string(), std::string("{"), std::string("null"), std::string("[]"), deep,
          std::string(R"({"v":2,"moduleId":"m"})"), std::string(R"({"v":1,"moduleId":7})"),
          std::string("\xff\xfe{}"), std::string(R"({"v":1,"moduleId":"m","order":{}})")})
        rig.master.sendRaw("to/monitor/area-1", payload, "muster/c/reply/master/area-1");
    rig.run();
    EXPECT_THAT(rig.master.answers(), ::testing::Each(HasSubstr("bad_message")));
    EXPECT_GE(rig.uplink->ignored(), 9U);
    rig.master.ask("area-1", "m", "{}");
    rig.run();
    EXPECT_THAT(rig.master.answers(), ElementsAre("q1 1"));
}

TEST(MonitorAgent, AnswersOnlyBelowTheMastersReplyTopic) {
    MonitorRig rig;
    int heard = 0;
    rig.handle("m", [&](MonitorAgent&, const JsonText&, const Reply& reply) {
        ++heard;
        reply(JsonText("1"));
    });
    rig.startWithLeader();
    (void)rig.broker.takePublished();
    const std::string request = R"({"v":1,"time":"2026-11-21T08:25:04.123Z","moduleId":"m"})";
    rig.master.sendRaw("to/monitor/area-1", request, "muster/c/reply/other/x");
    rig.master.sendRaw("to/monitor/area-1", request, "muster/c/leader");
    rig.run();
    EXPECT_EQ(heard, 0);
    EXPECT_EQ(rig.broker.takePublished().size(), 2U);  // the two above
}

TEST(MonitorAgent, IgnoresAnswersToNothing) {
    std::vector<std::string> answers;
    MonitorRig rig;
    rig.startWithLeader();
    rig.agent->request("m", "{}", into(answers), 10s);
    rig.run();
    mqtt::Message request;
    request.responseTopic = "muster/c/reply/area-1/r";
    const std::string own = rig.agent->self().incarnation;
    for (const std::string& correlation :
         {std::string(), std::string("1"), std::string("x-1"), own + "-", own + "-x",
          own + "-99999999999999999999999", own + "-2"}) {
        request.correlationData = correlation;
        rig.master.answer(request, {std::nullopt, "1"});
    }
    rig.run();
    EXPECT_THAT(answers, IsEmpty());
}

TEST(MonitorAgent, BringsTheAnswerToARequest) {
    std::vector<std::string> answers;
    MonitorRig rig;
    rig.startWithLeader();
    rig.agent->request("m", R"({"q":1})", into(answers), 10s);
    rig.agent->request("m", R"({"q":2})", into(answers), 10s);
    rig.run();
    const auto requests = rig.master.received();
    ASSERT_EQ(requests.size(), 2U);
    rig.master.answer(requests[0], {std::nullopt, R"({"r":1})"});
    rig.master.answer(requests[0], {std::nullopt, R"({"r":"again"})"});
    rig.master.answer(requests[1], {Error(Errc::Denied, "no"), {}});
    rig.run();
    EXPECT_THAT(answers, ElementsAre(R"({"r":1})", "denied"));
}

TEST(MonitorAgent, GivesARequestUpAtItsDeadline) {
    std::vector<std::string> answers;
    MonitorRig rig;
    rig.startWithLeader();
    rig.agent->request("m", "{}", into(answers), 3s);
    rig.advance(2999ms);
    EXPECT_THAT(answers, IsEmpty());
    rig.advance(1ms);
    EXPECT_THAT(answers, ElementsAre("timeout"));
}

TEST(MonitorAgent, SendsARequestWhenTheMasterComesBack) {
    std::vector<std::string> answers;
    MonitorRig rig;
    rig.start();
    rig.agent->request("m", R"({"q":1})", into(answers), 60s);
    rig.advance(10s);
    rig.master.come();
    rig.run();
    rig.master.lead(1);
    rig.run();
    EXPECT_THAT(rig.master.bodies(), ElementsAre(R"({"q":1})"));
}

TEST(MonitorAgent, ClosesWhatWaitsWhenItStops) {
    std::vector<std::string> answers;
    MonitorRig rig;
    rig.startWithLeader();
    rig.agent->request("m", "{}", into(answers), 60s);
    rig.run();
    rig.close();
    EXPECT_THAT(answers, ElementsAre("closed"));
    rig.agent->request("m", "{}", into(answers), 60s);
    EXPECT_THAT(answers, ElementsAre("closed", "closed"));
}

TEST(MonitorAgent, RefusesBodiesThatAreNotJson) {
    std::vector<std::string> answers;
    MonitorRig rig;
    rig.startWithLeader();
    rig.agent->request("m", "{", into(answers), 10s);
    rig.agent->request("m", std::string(2000, '['), into(answers), 10s);
    rig.agent->request("m", '"' + std::string(1024 * 1024, 'x') + '"', into(answers), 10s);
    rig.agent->notify("m", "\xff");
    rig.run();
    EXPECT_THAT(answers, ElementsAre("bad_message", "bad_message", "limit"));
    EXPECT_THAT(rig.master.received(), IsEmpty());
}

TEST(MonitorAgent, KeepsNotifiesInOrderWhileTheMasterIsAway) {
    MonitorRig rig;
    rig.start();
    for (int i = 1; i <= 3; ++i) rig.agent->notify("m", std::to_string(i));
    rig.run();
    rig.master.come();
    rig.run();
    rig.master.lead(1);
    rig.run();
    EXPECT_THAT(rig.master.bodies(), ElementsAre("1", "2", "3"));
}

TEST(MonitorAgent, SendsAgainWhatFoundNoMasterBehindTheBroker) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.master.go();
    rig.agent->notify("m", "1");
    rig.agent->notify("m", "2");
    rig.advance(1s);
    rig.master.come();
    rig.run();
    rig.master.lead(2);
    rig.run();
    EXPECT_THAT(rig.master.bodies(), ElementsAre("1", "2"));
}

TEST(MonitorAgent, WaitsWhileNobodyLeads) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.broker.publish({rig.master.topics.leader(), "", 1, true, {}, {}, {}, {}});
    rig.run();
    rig.agent->notify("m", "1");
    rig.advance(1min);
    EXPECT_THAT(rig.master.bodies(), IsEmpty());
    rig.master.lead(2);
    rig.run();
    EXPECT_THAT(rig.master.bodies(), ElementsAre("1"));
}

TEST(MonitorAgent, SendsAgainWhatWasNotAcknowledged) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.broker.holdAcks(true);
    rig.agent->notify("m", "1");
    rig.run();
    rig.broker.holdAcks(false);
    rig.broker.drop("area-1");
    rig.advance(2s);
    EXPECT_THAT(rig.master.bodies(), ElementsAre("1", "1"));
}

TEST(MonitorAgent, DropsTheOldestNotifyAtItsBoundAndSaysSo) {
    MonitorRig rig([](MonitorOptions& options) { options.maxQueued = 2; });
    rig.start();
    for (int i = 1; i <= 4; ++i) rig.agent->notify("m", std::to_string(i));
    rig.master.come();
    rig.run();
    rig.master.lead(1);
    rig.run();
    EXPECT_THAT(rig.master.bodies(), ElementsAre("3", "4"));
    EXPECT_EQ(std::count(rig.events.begin(), rig.events.end(), "Dropped"), 2);
}

TEST(MonitorAgent, KeepsValuesPerModule) {
    MonitorRig rig;
    EXPECT_EQ(rig.agent->get("m"), "null");
    rig.agent->set("m", "1");
    rig.agent->set("n", "2");
    EXPECT_EQ(rig.agent->get("m"), "1");
}

TEST(MonitorAgent, RunsHandlersWhereTheHostSays) {
    std::deque<std::function<void()>> queue;
    MonitorRig rig([&](MonitorOptions& options) {
        options.runOn = [&](std::function<void()> call) { queue.push_back(std::move(call)); };
    });
    rig.handle("m",
               [](MonitorAgent&, const JsonText&, const Reply& reply) { reply(JsonText("1")); });
    rig.startWithLeader();
    rig.master.ask("area-1", "m", "{}");
    rig.run();
    EXPECT_THAT(rig.master.answers(), IsEmpty());
    while (!queue.empty()) {
        queue.front()();
        queue.pop_front();
    }
    rig.run();
    EXPECT_THAT(rig.master.answers(), ElementsAre("q1 1"));
}

TEST(MonitorAgent, SurvivesARunOnThatThrows) {
    MonitorRig rig([](MonitorOptions& options) {
        options.runOn = [](const std::function<void()>&) { throw 1; };
    });
    rig.handle("m",
               [](MonitorAgent&, const JsonText&, const Reply& reply) { reply(JsonText("1")); });
    rig.startWithLeader();
    rig.master.ask("area-1", "m", "{}");
    rig.run();
    EXPECT_THAT(rig.master.answers(), ElementsAre("q1 failed"));
}

TEST(MonitorAgent, RunsNothingOfTheHostsAfterItsCallsAreClosed) {
    std::deque<std::function<void()>> queue;
    int ran = 0;
    {
        MonitorRig rig([&](MonitorOptions& options) {
            options.runOn = [&](std::function<void()> call) { queue.push_back(std::move(call)); };
        });
        rig.handle("m", [&](MonitorAgent&, const JsonText&, const Reply&) { ++ran; });
        rig.startWithLeader();
        rig.master.ask("area-1", "m", "{}");
        rig.run();
    }
    for (const auto& call : queue) call();
    EXPECT_EQ(ran, 0);
    EXPECT_FALSE(queue.empty());
}

}  // namespace
}  // namespace muster::test
