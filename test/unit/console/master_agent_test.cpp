#include "master/console/master_agent.hpp"

#include "common/wire/json_scanner.hpp"
#include "test/support/manual_loop.hpp"
#include "test/unit/console/fake_agent.hpp"
#include "test/unit/console/fake_client.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Answers;

class FakeAuthenticator final : public Authenticator {
public:
    void authenticate(std::string, std::string, std::function<void(Identity)>) override {}
    void authenticateUser(std::string, std::string, bool,
                          std::function<void(Result<int>)>) override {}
    bool isValidToken(std::string_view, std::string_view) const override { return true; }
    Result<int> levelOf(std::string_view username) const override {
        if (username == "admin") return 1;
        if (username == "anonymous") return 2;
        return Errc::Denied;
    }
};

class FakeDispatcher final : public Dispatcher {
public:
    void fromMonitor(const ServerInfo& from, std::string_view module, const JsonText& body,
                     Reply reply) override {
        take("monitor " + from.id + " " + std::string(module) + " " + body, std::move(reply));
    }
    void fromClient(const Caller& caller, std::string_view module, const JsonText& body,
                    Reply reply) override {
        take("client " + caller.name + " " + caller.clientId + " " + std::to_string(caller.level) +
                 " " + std::string(module) + " " + body,
             std::move(reply));
    }
    void command(const Caller& caller, std::string_view command, std::string_view module,
                 Reply reply) override {
        take("command " + caller.name + " " + std::string(command) + " " + std::string(module),
             std::move(reply));
    }
    std::vector<std::string> log;
    Reply last;

private:
    void take(std::string line, Reply reply) {
        log.push_back(std::move(line));
        last = std::move(reply);
    }
};

class FakePeers final : public PomeloPeers {
public:
    bool has(std::string_view) const override { return false; }
    bool hasClient(std::string_view id) const override { return id == "cli-1"; }
    Result<void> send(std::string_view id, std::string_view module, const JsonText& body,
                      std::optional<PomeloRequest> request) override {
        log.push_back("send " + std::string(id) + " " + std::string(module) + " " + body);
        if (request) lastRequest = request->id;
        if (isFull) return Errc::Limit;
        return {};
    }
    std::size_t notifyAll(std::string_view type, std::string_view module,
                          const JsonText&) override {
        log.push_back("all " + std::string(type) + " " + std::string(module));
        return 1;
    }
    void commandAll(std::string_view command, std::string_view module) override {
        log.push_back("command " + std::string(command) + " " + std::string(module));
    }
    Result<void> notifyClient(std::string_view id, std::string_view, const JsonText&) override {
        log.push_back("client " + std::string(id));
        return {};
    }
    void forget(std::string_view id) override { log.push_back("forget " + std::string(id)); }
    std::vector<std::string> log;
    std::uint64_t lastRequest = 0;
    bool isFull = false;
};

class MasterAgentTest : public testing::Test {
protected:
    void SetUp() override {
        agent.attach(&peers);
        agent.setLeadership(1, "uid");
        agent.onMember([this](MemberEvent event, const ServerInfo& server) {
            members.push_back(std::to_string(static_cast<int>(event)) + server.id);
        });
        agent.start({}, dispatcher);
        client.comesUp();
    }
    void presence(const std::string& id, const std::string& state, const std::string& life = "1") {
        client.receives("muster/c/presence/" + id,
                        R"({"v":1,"state":")" + state +
                            R"(","type":"chat","host":"h","port":9,"pid":5,)" +
                            R"("incarnation":")" + life + "\"}");
    }
    void pomeloJoins(const std::string& id) {
        ServerInfo server;
        server.id = id;
        server.type = "gate";
        server.pid = 7;
        server.isPomelo = true;
        agent.onPomeloJoin(server, false);
    }
    void ask(const std::string& id, milliseconds timeout = seconds(10)) {
        agent.request(id, "echo", R"({"q":1})", answers.reply(), timeout);
    }
    mqtt::Message lastRequest() { return client.sentTo("muster/c/to/monitor/").back(); }
    void answer(const mqtt::Message& request, const std::string& from, const std::string& payload) {
        client.receives("muster/c/reply/master/" + from, payload, {}, request.correlationData);
    }

    test::ManualLoop loop;
    test::FakeClient client;
    FakeAuthenticator authenticator;
    FakeDispatcher dispatcher;
    FakePeers peers;
    Answers answers;
    std::vector<std::string> members;
    MasterAgentImpl agent{loop, client, authenticator, {"c", seconds(3), 3}};
};

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

TEST_F(MasterAgentTest, AsksPomeloPeersThroughTheGateway) {
    pomeloJoins("g");
    EXPECT_EQ(client.sentTo("muster/c/presence/g").size(), 1U);
    ask("g");
    EXPECT_EQ(peers.log.back(), R"(send g echo {"q":1})");
    agent.onPomeloAnswer("other", peers.lastRequest, JsonText("0"));
    EXPECT_EQ(answers.count(), 0U);
    agent.onPomeloAnswer("g", peers.lastRequest, JsonText("1"));
    EXPECT_EQ(answers.last(), "1");
    peers.isFull = true;
    ask("g");
    loop.run();
    EXPECT_EQ(answers.last().substr(0, 6), "limit:");
}

TEST_F(MasterAgentTest, KeepsPomeloRequestsOverABlip) {
    pomeloJoins("g");
    ask("g");
    agent.onPomeloLeave("g");
    loop.advance(seconds(1));
    pomeloJoins("g");
    agent.onPomeloAnswer("g", peers.lastRequest, JsonText("1"));
    EXPECT_EQ(answers.last(), "1");
    EXPECT_EQ(members, (std::vector<std::string>{"0g", "1g"}));
    agent.onPomeloLeave("g");
    loop.advance(seconds(3));
    EXPECT_EQ(peers.log.back(), "forget g");
    EXPECT_NE(client.sentTo("muster/c/presence/g").back().payload.find("offline"),
              std::string::npos);
}

TEST_F(MasterAgentTest, WritesToPomeloPeersOnlyWhereThereAreNoOthers) {
    pomeloJoins("g");
    EXPECT_TRUE(agent.notifyAll("m", "1"));
    EXPECT_TRUE(agent.notifyByType("gate", "m", "1"));
    EXPECT_TRUE(agent.notifyCommand("enable", "m"));
    EXPECT_TRUE(agent.notifyClient("cli-1", "m", "1"));
    EXPECT_EQ(peers.log, (std::vector<std::string>{"all  m", "all gate m", "command enable m",
                                                   "client cli-1"}));
    EXPECT_TRUE(client.sentTo("muster/c/to/").empty());
}

TEST_F(MasterAgentTest, CorrectsPomeloPresenceOfAnEarlierLeader) {
    const char* record = R"({"v":1,"state":"online","type":"gate","pomelo":true})";
    client.receives("muster/c/presence/old", record);
    EXPECT_FALSE(agent.server("old"));
    const auto sent = client.sentTo("muster/c/presence/old");
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_TRUE(sent[0].retain);
    EXPECT_EQ(decodePresence("old", sent[0].payload)->state, "offline");
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
