#include "test/unit/console/pomelo_fakes.hpp"

#include <gmock/gmock.h>

namespace muster {
namespace {

using test::FakeLink;
using test::PomeloGatewayTest;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using PomeloGatewayClientTest = PomeloGatewayTest;

TEST_F(PomeloGatewayClientTest, LogsInWithPassword) {
    const FakeLink& link = client("cli-1");
    EXPECT_EQ(link.last(), R"({"code":1,"msg":"ok"})");
    EXPECT_TRUE(gateway->hasClient("cli-1"));
}

TEST_F(PomeloGatewayClientTest, RefusesInPomelosWords) {
    const auto answerTo = [&](const std::string& payload) {
        FakeLink& link = open();
        say(link, "register", payload);
        EXPECT_TRUE(link.isClosed);
        return link.last();
    };
    EXPECT_THAT(answerTo(test::login("c", "boss", "wrong")),
                HasSubstr("client auth failed with username or password error"));
    EXPECT_THAT(answerTo(test::login("c", "", "")), HasSubstr("client should auth with username"));
    EXPECT_THAT(answerTo(R"({"id":"c","type":"robot"})"), HasSubstr("unknown auth master type"));
    (void)client("c");
    EXPECT_THAT(answerTo(test::login("c", "boss", "secret")),
                HasSubstr("id has been registered. id:c"));
}

TEST_F(PomeloGatewayClientTest, GivesAnIdToOneOfTwoWhoAskAtOnce) {
    authenticator.answersAtOnce = false;
    FakeLink& one = client("cli");
    FakeLink& two = client("cli");
    authenticator.answer();
    EXPECT_FALSE(one.isClosed);
    EXPECT_TRUE(two.isClosed);
    lose(two);
    EXPECT_TRUE(gateway->hasClient("cli"));
}

TEST_F(PomeloGatewayClientTest, ForgetsALoginWhoseLinkIsGone) {
    authenticator.answersAtOnce = false;
    lose(client("cli"));
    authenticator.answer();
    EXPECT_FALSE(gateway->hasClient("cli"));
}

TEST_F(PomeloGatewayClientTest, ThatLosesItsRightsLosesItsLink) {
    FakeLink& boss = client("cli-1", "boss");
    FakeLink& viewer = client("cli-2", "viewer");
    const auto isBoss = [](const Identity& who) {
        return who.role == Identity::Role::Admin && who.name == "boss";
    };
    EXPECT_EQ(gateway->revoke(isBoss), 1U);
    EXPECT_TRUE(boss.isClosed);
    say(boss, "client", R"({"command":"enable","moduleId":"m"})");
    EXPECT_THAT(upcalls.log, IsEmpty());
    EXPECT_FALSE(gateway->hasClient("cli-1"));
    EXPECT_FALSE(viewer.isClosed);
}

TEST_F(PomeloGatewayClientTest, TakesAuthorityFromTheConnectionAndNotFromTheBody) {
    (void)client("high", "boss");
    FakeLink& low = client("low", "viewer");
    say(low, "client",
        R"({"reqId":1,"moduleId":"m","body":{"clientId":"high","username":"boss"}})");
    EXPECT_THAT(upcalls.log, ElementsAre("client viewer/2 m"));
}

TEST_F(PomeloGatewayClientTest, LetsLevelTwoListAndNoMore) {
    FakeLink& link = client("low", "viewer");
    say(link, "client", R"({"reqId":1,"command":"list","moduleId":null,"body":{}})");
    say(link, "client", R"({"reqId":2,"command":"disable","moduleId":"m","body":{}})");
    EXPECT_THAT(upcalls.log, ElementsAre("command viewer list "));
    EXPECT_THAT(link.last(), HasSubstr("Command permission denied"));
}

TEST_F(PomeloGatewayClientTest, AnswersCommandsAsPomelo) {
    FakeLink& link = client("cli");
    say(link, "client", R"({"reqId":1,"command":"enable","moduleId":"m","body":{}})");
    EXPECT_EQ(link.last(), R"("{\"respId\":1,\"error\":null,\"body\":1}")");
    say(link, "client", R"({"reqId":2,"command":"enable","moduleId":"unknown"})");
    EXPECT_EQ(link.last(), R"("{\"respId\":2,\"error\":null,\"body\":-1}")");
}

TEST_F(PomeloGatewayClientTest, AnswersEvenARequestThatItsModuleDropped) {
    upcalls.keepsReplies = true;
    FakeLink& link = client("cli");
    say(link, "client", R"({"reqId":1,"moduleId":"m"})");
    upcalls.replies.clear();
    EXPECT_THAT(link.last(), HasSubstr(R"(\"respId\":1)"));
}

TEST_F(PomeloGatewayClientTest, NotifiesAClient) {
    const FakeLink& link = client("cli");
    EXPECT_TRUE(gateway->notifyClient("cli", "profiler", "{}"));
    EXPECT_EQ(link.sent.back(), std::pair(std::string("client"),
                                          std::string(R"({"moduleId":"profiler","body":{}})")));
    EXPECT_EQ(gateway->notifyClient("nobody", "m", "").error().code(), Errc::UnknownServer);
}

TEST_F(PomeloGatewayClientTest, IgnoresTheOtherRolesTopic) {
    FakeLink& link = client("cli");
    say(link, "monitor", R"({"reqId":1,"moduleId":"m"})");
    FakeLink& server = monitor("chat-1");
    say(server, "client", R"({"reqId":1,"moduleId":"m"})");
    EXPECT_THAT(upcalls.log, ElementsAre("join chat-1"));
    EXPECT_EQ(gateway->counters().ignored, 2U);
    EXPECT_FALSE(link.isClosed);
}

// What stops or deafens an original master (pomelo-admin 1.0.1), sent on every topic.
class HostileInput : public PomeloGatewayTest, public testing::WithParamInterface<std::string> {};

TEST_P(HostileInput, CostsItsSendersLinkAtMost) {
    FakeLink& victim = monitor("victim");
    for (const char* topic : {"register", "reconnect", "monitor", "client", "publish", "connect",
                              "pingreq", "close", "disconnect", ""}) {
        FakeLink& fresh = open();
        say(fresh, topic, GetParam());
        lose(fresh);
        FakeLink& member = monitor("member");
        say(member, topic, GetParam());
        lose(member);
        FakeLink& user = client("user");
        say(user, topic, GetParam());
        lose(user);
    }
    EXPECT_FALSE(victim.isClosed);
    ASSERT_TRUE(ask("victim", 1));
    say(victim, "monitor", R"({"respId":1,"body":"fine"})");
    EXPECT_THAT(upcalls.log, Contains(R"(answer victim 1 "fine")"));
}

INSTANTIATE_TEST_SUITE_P(
    Table, HostileInput,
    testing::Values("", "null", "[]", "{}", "{\"id\":", "\"{\\\"a\\\":\"", "\"\\xFF\"",
                    R"({"respId":"__proto__"})",
                    R"({"id":"__proto__","type":"monitor","token":"T"})",
                    R"({"id":"m","type":"monitor","serverType":"__proto__","token":"T"})",
                    R"({"id":"m","type":"monitor","info":null,"token":"T"})",
                    R"({"id":"m","type":"monitor","info":[],"token":"T"})",
                    R"({"id":"m","type":"monitor"})", R"({"type":"monitor"})",
                    R"({"reqId":1,"command":"enable","moduleId":"m"})",
                    R"({"reqId":1,"moduleId":"watchServer","body":null})",
                    R"({"reqId":{},"moduleId":[]})", R"({"reqId":1,"moduleId":"__proto__"})",
                    "{\"reqId\":1,\"moduleId\":\"echo\",\"body\":" + std::string(20'000, '[') +
                        std::string(20'000, ']') + "}",
                    std::string(400'000, '['), std::string((1 << 20) + 1, 'x')));

TEST_F(PomeloGatewayClientTest, KicksWhoSendsNothingButRubbish) {
    FakeLink& link = monitor("chat-1");
    for (int i = 0; i < 15; ++i) say(link, "monitor", "rubbish");
    EXPECT_FALSE(link.isClosed);
    say(link, "monitor", "rubbish");
    EXPECT_TRUE(link.isClosed);
    EXPECT_THAT(upcalls.log, Contains("leave chat-1"));
    EXPECT_EQ(gateway->counters().malformed, 16U);
}

TEST_F(PomeloGatewayClientTest, BoundsItsConnections) {
    PomeloGateway::Options options;
    options.maxLinks = 2;
    start(options);
    EXPECT_FALSE(open().isClosed);
    FakeLink& second = open();
    EXPECT_TRUE(open().isClosed);
    lose(*links.back());
    lose(second);
    EXPECT_FALSE(open().isClosed);
}

}  // namespace
}  // namespace muster
