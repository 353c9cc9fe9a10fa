#include "test/unit/console/pomelo_fakes.hpp"

#include <gmock/gmock.h>

namespace muster {
namespace {

using namespace std::chrono_literals;
using test::FakeLink;
using test::PomeloGatewayTest;
using test::reconnection;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kAccepted = R"({"code":1,"msg":"ok"})";

TEST_F(PomeloGatewayTest, RegistersAMonitorWithItsToken) {
    const FakeLink& link = monitor("chat-1");
    EXPECT_EQ(link.sent.at(0), std::pair(std::string("register"), std::string(kAccepted)));
    EXPECT_THAT(upcalls.log, ElementsAre("join chat-1"));
    EXPECT_EQ(upcalls.joined.at(0).type, "chat");
    EXPECT_EQ(upcalls.joined.at(0).port, 1);
    EXPECT_TRUE(gateway->has("chat-1"));
}

TEST_F(PomeloGatewayTest, RefusesAWrongTokenWithAMessageAndAKick) {
    FakeLink& link = open();
    say(link, "register", test::registration("chat-1", 7, "wrong"));
    EXPECT_EQ(link.last(), R"({"code":-1,"msg":"server auth failed"})");
    EXPECT_TRUE(link.isClosed);
    EXPECT_THAT(upcalls.log, IsEmpty());
    EXPECT_FALSE(gateway->has("chat-1"));
}

TEST_F(PomeloGatewayTest, RefusesTheReconnectOfARefusedMonitor) {
    FakeLink& first = open();
    say(first, "register", test::registration("chat-1", 7, "wrong"));
    FakeLink& second = open();
    say(second, "reconnect", test::reconnection("chat-1"));
    EXPECT_EQ(second.sent.at(0).first, "reconnect_ok");
    EXPECT_THAT(second.last(), HasSubstr("\"code\":-1"));
    EXPECT_TRUE(second.isClosed);
}

TEST_F(PomeloGatewayTest, LetsAKnownMonitorComeBackWithoutAToken) {
    FakeLink& first = monitor("chat-1");
    lose(first);
    FakeLink& second = open("[::1]:41234");
    say(second, "reconnect", test::reconnection("chat-1"));
    EXPECT_EQ(second.sent.at(0), std::pair(std::string("reconnect_ok"), std::string(kAccepted)));
    EXPECT_THAT(upcalls.log, ElementsAre("join chat-1", "leave chat-1", "back chat-1"));
}

TEST_F(PomeloGatewayTest, AsksWhoseTokenChangedForItWhenHeComesBack) {
    FakeLink& first = monitor("chat-1");
    const auto isChat = [](const Identity& who) { return who.serverType == "chat"; };
    EXPECT_EQ(gateway->revoke(isChat), 0U);
    EXPECT_FALSE(first.isClosed);
    lose(first);
    FakeLink& second = open("[::1]:41234");
    say(second, "reconnect", test::reconnection("chat-1"));
    EXPECT_TRUE(second.isClosed);
    EXPECT_FALSE(monitor("chat-1").isClosed);
}

TEST_F(PomeloGatewayTest, RefusesAReconnectThatDiffersInAnything) {
    lose(monitor("chat-1"));
    const auto refuses = [&](const std::string& payload, const std::string& peer) {
        FakeLink& link = open(peer);
        say(link, "reconnect", payload);
        return link.isClosed;
    };
    EXPECT_TRUE(refuses(test::reconnection("chat-1", 8), "127.0.0.1:1"));
    EXPECT_TRUE(
        refuses(test::reconnection("chat-1", 7, R"({"host":"evil","port":1})"), "127.0.0.1:1"));
    EXPECT_TRUE(refuses(test::reconnection("chat-1"), "10.0.0.9:1"));
    EXPECT_TRUE(refuses(test::reconnection("chat-2"), "127.0.0.1:1"));
    EXPECT_FALSE(refuses(test::reconnection("chat-1"), "127.0.0.1:1"));
}

TEST_F(PomeloGatewayTest, RefusesEveryReconnectWhenClosed) {
    PomeloGateway::Options options;
    options.policy.reconnect = config::PomeloPolicy::Reconnect::Closed;
    start(options);
    lose(monitor("chat-1"));
    FakeLink& link = open();
    say(link, "reconnect", test::reconnection("chat-1"));
    EXPECT_TRUE(link.isClosed);
}

TEST_F(PomeloGatewayTest, GivesNoClientRoleThroughReconnect) {
    FakeLink& link = open();
    say(link, "reconnect",
        R"({"id":"x","type":"client","info":{"level":1},"serverType":"client","username":"boss"})");
    EXPECT_TRUE(link.isClosed);
    FakeLink& other = open();
    say(other, "reconnect",
        R"({"id":"x","type":"monitor","serverType":"client","info":{"level":1}})");
    EXPECT_TRUE(other.isClosed);
    EXPECT_FALSE(gateway->hasClient("x"));
}

TEST_F(PomeloGatewayTest, LetsANewConnectionOfAnIdTakeOver) {
    FakeLink& first = monitor("chat-1");
    FakeLink& second = open();
    say(second, "reconnect", test::reconnection("chat-1"));
    EXPECT_TRUE(first.isClosed);
    EXPECT_EQ(second.last(), kAccepted);
    lose(first);
    EXPECT_TRUE(gateway->has("chat-1"));
    EXPECT_THAT(upcalls.log, ElementsAre("join chat-1", "back chat-1"));
    EXPECT_EQ(gateway->counters().takenOver, 1U);
}

TEST_F(PomeloGatewayTest, RefusesWhomThePolicyForbids) {
    PomeloGateway::Options options;
    options.mayJoin = [](const ServerInfo& server) { return server.id != "admin"; };
    start(options);
    EXPECT_TRUE(monitor("admin").isClosed);
    EXPECT_FALSE(monitor("chat-1").isClosed);
}

TEST_F(PomeloGatewayTest, AcknowledgesOnlyWhatIsKept) {
    registrations.isSlow = true;
    FakeLink& link = monitor("chat-1");
    EXPECT_THAT(link.sent, IsEmpty());
    registrations.waiting.at(0)();
    EXPECT_EQ(link.last(), kAccepted);
}

TEST_F(PomeloGatewayTest, LetsNobodyComeBackBeforeItsRegistrationIsKept) {
    registrations.isSlow = true;
    lose(monitor("chat-1"));
    FakeLink& back = open();
    say(back, "reconnect", reconnection("chat-1"));
    EXPECT_THAT(back.sent, IsEmpty());
    for (const auto& kept : registrations.waiting) kept();
    EXPECT_EQ(back.last(), kAccepted);
}

TEST_F(PomeloGatewayTest, AsksAgainWhetherItMayJoinWhenItIsKept) {
    bool isFree = true;
    PomeloGateway::Options options;
    options.mayJoin = [&](const ServerInfo&) { return isFree; };
    start(options);
    registrations.isSlow = true;
    FakeLink& link = monitor("chat-1");
    isFree = false;  // a native server came first
    registrations.waiting.at(0)();
    EXPECT_TRUE(link.isClosed);
    EXPECT_THAT(upcalls.log, IsEmpty());
}

TEST_F(PomeloGatewayTest, ForgetsARegistrationWhoseLinkIsGone) {
    registrations.isSlow = true;
    lose(monitor("chat-1"));
    registrations.waiting.at(0)();
    EXPECT_FALSE(gateway->has("chat-1"));
    EXPECT_THAT(upcalls.log, IsEmpty());
}

TEST_F(PomeloGatewayTest, KicksWhoSpeaksBeforeItRegistered) {
    for (const char* topic : {"monitor", "client", "publish", "connect", "close", "anything"}) {
        FakeLink& link = open();
        say(link, topic, "{}");
        EXPECT_TRUE(link.isClosed) << topic;
    }
}

TEST_F(PomeloGatewayTest, KicksWhoNeverRegisters) {
    FakeLink& link = open();
    loop.advance(30s);
    EXPECT_TRUE(link.isClosed);
    EXPECT_FALSE(monitor("chat-1").isClosed);
}

TEST_F(PomeloGatewayTest, SendsRequestsDoubleEncodedAndTakesAnswersByTheirNumber) {
    FakeLink& link = monitor("chat-1");
    ASSERT_TRUE(ask("chat-1", 60));
    EXPECT_EQ(link.sent.back().first, "monitor");
    EXPECT_EQ(link.last(), R"("{\"reqId\":60,\"moduleId\":\"echo\",\"body\":{\"n\":1}}")");
    say(link, "monitor", R"("{\"respId\":60,\"error\":null,\"body\":{\"n\":2}}")");
    EXPECT_THAT(upcalls.log, Contains(R"(answer chat-1 60 {"n":2})"));
}

TEST_F(PomeloGatewayTest, TakesAnAnswerOnceOnly) {
    FakeLink& link = monitor("chat-1");
    ASSERT_TRUE(ask("chat-1", 60));
    say(link, "monitor", R"({"respId":60,"body":1})");
    say(link, "monitor", R"({"respId":"60","body":2})");
    say(link, "monitor", R"({"respId":"__proto__","body":2})");
    EXPECT_THAT(upcalls.log, ElementsAre("join chat-1", "answer chat-1 60 1"));
    EXPECT_EQ(gateway->counters().unknownAnswers, 2U);
}

TEST_F(PomeloGatewayTest, LetsNoMonitorAnswerForAnother) {
    (void)monitor("chat-1");
    FakeLink& other = monitor("chat-2");
    ASSERT_TRUE(ask("chat-1", 60));
    say(other, "monitor", R"({"respId":60,"body":"lie"})");
    EXPECT_EQ(gateway->counters().unknownAnswers, 1U);
}

TEST_F(PomeloGatewayTest, TakesResultsThatStandInError) {
    FakeLink& link = monitor("chat-1");
    ASSERT_TRUE(gateway->send("chat-1", "__console__", R"({"signal":"list"})",
                              PomeloRequest{5, loop.now() + 1s}));
    say(link, "monitor", R"({"respId":5,"error":{"serverId":"chat-1"}})");
    EXPECT_THAT(upcalls.log, Contains(R"(answer chat-1 5 {"serverId":"chat-1"})"));
}

TEST_F(PomeloGatewayTest, SendsAnUnansweredRequestOnceMoreWithAStringForItsId) {
    FakeLink& first = monitor("chat-1");
    ASSERT_TRUE(ask("chat-1", 21));
    lose(first);
    FakeLink& second = open();
    say(second, "reconnect", test::reconnection("chat-1"));
    ASSERT_EQ(second.sent.size(), 2U);
    EXPECT_EQ(second.last(), R"("{\"reqId\":\"21\",\"moduleId\":\"echo\",\"body\":{\"n\":1}}")");
    lose(second);
    FakeLink& third = open();
    say(third, "reconnect", test::reconnection("chat-1"));
    EXPECT_EQ(third.sent.size(), 1U) << "sent again twice";
    say(third, "monitor", R"({"respId":"21","error":null,"body":1})");
    EXPECT_THAT(upcalls.log, Contains("answer chat-1 21 1"));
}

TEST_F(PomeloGatewayTest, KeepsWhatIsAskedWhileAMonitorIsAwayInOrder) {
    lose(monitor("chat-1"));
    ASSERT_TRUE(ask("chat-1", 3));
    ASSERT_TRUE(ask("chat-1", 4));
    FakeLink& link = open();
    say(link, "reconnect", test::reconnection("chat-1"));
    ASSERT_EQ(link.sent.size(), 3U);
    EXPECT_THAT(link.sent.at(1).second, HasSubstr(R"(\"3\")"));
    EXPECT_THAT(link.sent.at(2).second, HasSubstr(R"(\"4\")"));
}

TEST_F(PomeloGatewayTest, NeverSendsARequestPastItsDeadline) {
    lose(monitor("chat-1"));
    ASSERT_TRUE(ask("chat-1", 3, 1s));
    loop.advance(1s);
    FakeLink& link = open();
    say(link, "reconnect", test::reconnection("chat-1"));
    EXPECT_EQ(link.sent.size(), 1U);
}

TEST_F(PomeloGatewayTest, NeverSendsAnotherProcessWhatWasMeantForTheOneBefore) {
    FakeLink& first = monitor("chat-1", 7);
    ASSERT_TRUE(ask("chat-1", 21));
    lose(first);
    const FakeLink& second = monitor("chat-1", 8);
    EXPECT_EQ(second.sent.size(), 1U);
    EXPECT_THAT(upcalls.log, Contains("answer chat-1 21 closed"));
}

TEST_F(PomeloGatewayTest, DropsWhatIsKeptForAMemberThatLeftForGood) {
    lose(monitor("chat-1"));
    ASSERT_TRUE(ask("chat-1", 3));
    gateway->forget("chat-1");
    EXPECT_EQ(ask("chat-1", 4).error().code(), Errc::UnknownServer);
    FakeLink& link = open();
    say(link, "reconnect", test::reconnection("chat-1"));
    EXPECT_EQ(link.sent.size(), 1U);
}

TEST_F(PomeloGatewayTest, BoundsWhatOneMonitorHasNotAnswered) {
    PomeloGateway::Options options;
    options.outbox.maxRequests = 2;
    start(options);
    (void)monitor("chat-1");
    ASSERT_TRUE(ask("chat-1", 1, 1s));
    ASSERT_TRUE(ask("chat-1", 2, 1s));
    EXPECT_EQ(ask("chat-1", 3).error().code(), Errc::Limit);
    loop.advance(1s);
    EXPECT_TRUE(ask("chat-1", 4));
}

TEST_F(PomeloGatewayTest, AnswersAMonitorsRequestWithItsIdVerbatim) {
    FakeLink& link = monitor("chat-1");
    say(link, "monitor", R"("{\"reqId\":\"x1\",\"moduleId\":\"m\",\"body\":{\"a\":1}}")");
    EXPECT_EQ(link.last(),
              R"("{\"respId\":\"x1\",\"error\":null,\"body\":{\"a\":1}}")" + std::string());
}

TEST_F(PomeloGatewayTest, AnswersNobodyWhoLeft) {
    upcalls.keepsReplies = true;
    FakeLink& link = monitor("chat-1");
    say(link, "monitor", R"({"reqId":1,"moduleId":"m"})");
    lose(link);
    upcalls.replies.at(0)(JsonText("1"));
    EXPECT_EQ(link.sent.size(), 1U);
    gateway.reset();
    upcalls.replies.clear();
}

TEST_F(PomeloGatewayTest, CutsAPeerThatReadsItsAnswersTooSlowly) {
    FakeLink& link = monitor("chat-1");
    link.isFull = true;
    say(link, "monitor", R"({"reqId":1,"moduleId":"m"})");
    loop.run();
    EXPECT_TRUE(link.isClosed);
    EXPECT_THAT(upcalls.log, Contains("leave chat-1"));
}

TEST_F(PomeloGatewayTest, NotifiesByTypeWithOneText) {
    const FakeLink& one = monitor("chat-1");
    const FakeLink& two = monitor("chat-2");
    EXPECT_EQ(gateway->notifyAll("chat", "timeReport", ""), 2U);
    EXPECT_EQ(gateway->notifyAll("gate", "timeReport", ""), 0U);
    EXPECT_EQ(one.last(), R"({"moduleId":"timeReport"})");
    EXPECT_EQ(two.last(), one.last());
}

TEST_F(PomeloGatewayTest, SendsCommandsWithoutAClientId) {
    const FakeLink& link = monitor("chat-1");
    gateway->commandAll("disable", "echo");
    EXPECT_EQ(link.last(), R"("{\"command\":\"disable\",\"moduleId\":\"echo\",\"body\":{}}")");
}

}  // namespace
}  // namespace muster
