#include "common/wire/pomelo_wire.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::pomelo {
namespace {

using Kind = Message::Kind;

Message decoded(std::string_view payload) {
    auto message = decodeMessage(payload);
    EXPECT_TRUE(message) << payload;
    return message ? *std::move(message) : Message{};
}

TEST(PomeloWire, ReadsADoubleEncodedRequest) {
    const auto message = decoded(R"("{\"reqId\":1,\"moduleId\":\"echo\",\"body\":{\"q\":1}}")");
    EXPECT_EQ(message.kind, Kind::Request);
    EXPECT_EQ(message.id, "1");
    EXPECT_EQ(message.moduleId, "echo");
    EXPECT_EQ(message.body, R"({"q":1})");
}

TEST(PomeloWire, ReadsTheSameRequestSingleEncoded) {
    const auto message = decoded(R"({"reqId":1,"moduleId":"echo","body":{"q":1}})");
    EXPECT_EQ(message.kind, Kind::Request);
    EXPECT_EQ(message.body, R"({"q":1})");
}

TEST(PomeloWire, KeepsTheFormOfAnId) {
    EXPECT_EQ(decoded(R"({"reqId":"21","moduleId":"m"})").id, R"("21")");
    EXPECT_EQ(decoded(R"({"reqId":21,"moduleId":"m"})").id, "21");
    EXPECT_EQ(decoded(R"({"respId":"21","error":1})").id, R"("21")");
}

TEST(PomeloWire, TakesAFalsyRequestIdForANotify) {
    for (const char* id : {"0", "\"\"", "null", "false", "-0"}) {
        const auto message = decoded(std::string(R"({"moduleId":"m","reqId":)") + id + "}");
        EXPECT_EQ(message.kind, Kind::Notify) << id;
        EXPECT_EQ(message.id, "") << id;
    }
}

TEST(PomeloWire, TellsCommandsFromRequests) {
    const auto message = decoded(R"({"reqId":1,"command":"list","moduleId":null,"body":{}})");
    EXPECT_EQ(message.kind, Kind::Command);
    EXPECT_EQ(message.command, "list");
    EXPECT_EQ(message.moduleId, "");
    EXPECT_EQ(message.id, "1");
}

TEST(PomeloWire, TellsUndefinedFromNull) {
    const auto both = decoded(R"({"respId":1})");
    EXPECT_EQ(both.kind, Kind::Response);
    EXPECT_EQ(both.error, "");
    EXPECT_EQ(both.body, "");
    const auto nulls = decoded(R"({"respId":1,"error":null,"body":null})");
    EXPECT_EQ(nulls.error, "null");
    EXPECT_EQ(nulls.body, "null");
}

TEST(PomeloWire, WritesWhatTheOriginalWrites) {
    EXPECT_EQ(encodeRequest("1", "echo", R"({"q":1})"),
              R"("{\"reqId\":1,\"moduleId\":\"echo\",\"body\":{\"q\":1}}")");
    EXPECT_EQ(encodeNotify("timeReport", ""), R"({"moduleId":"timeReport"})");
    EXPECT_EQ(encodeResponse("1", "null", R"({"q":1})"),
              R"("{\"respId\":1,\"error\":null,\"body\":{\"q\":1}}")");
    EXPECT_EQ(encodeResponse("\"21\"", "1", ""), R"("{\"respId\":\"21\",\"error\":1}")");
    EXPECT_EQ(encodeCommand("disable", "echo"),
              R"("{\"command\":\"disable\",\"moduleId\":\"echo\",\"body\":{}}")");
    EXPECT_EQ(encodeAck({}), R"({"code":1,"msg":"ok"})");
}

TEST(PomeloWire, ReadsBackWhatItWrote) {
    const std::string body = "{\"text\":\"a\\\"b\\\\c\\n\xC3\xA4\"}";
    const auto message = decoded(encodeRequest("7", "m\"x", body));
    EXPECT_EQ(message.moduleId, "m\"x");
    EXPECT_EQ(message.body, body);
}

TEST(PomeloWire, NeverSendsTheClientIdOfACommand) {
    EXPECT_EQ(encodeCommand("enable", "x").find("clientId"), std::string::npos);
}

TEST(PomeloWire, ReadsARegistration) {
    const auto got = decodeRegistration(
        R"({"id":"connector-1","type":"monitor","serverType":"connector","pid":14160,)"
        R"("info":{"id":"connector-1","host":"10.0.0.1","port":"20001","frontend":"true"},"token":"T"})");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->kind, Registration::Kind::Monitor);
    EXPECT_EQ(got->pid, 14160);
    EXPECT_EQ(got->token, "T");
    const ServerInfo server = serverInfo(*got);
    EXPECT_EQ(server.host, "10.0.0.1");
    EXPECT_EQ(server.port, 20001);
    EXPECT_TRUE(server.isPomelo);
    EXPECT_THAT(server.info, testing::HasSubstr(R"("frontend":"true")"));
}

TEST(PomeloWire, TakesAMissingInfoForAnEmptyOne) {
    for (const char* text : {R"({"id":"a","type":"monitor"})",
                             R"({"id":"a","type":"monitor","info":null,"token":null})"}) {
        const auto got = decodeRegistration(text);
        ASSERT_TRUE(got) << text;
        EXPECT_EQ(got->info, "{}");
        EXPECT_EQ(serverInfo(*got).port, 0);
    }
}

TEST(PomeloWire, TakesProtoForAName) {
    const auto got = decodeRegistration(
        R"({"id":"__proto__","type":"monitor","serverType":"__proto__","info":{}})");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->id, "__proto__");
    EXPECT_EQ(decoded(R"({"respId":"__proto__"})").id, R"("__proto__")");
    EXPECT_FALSE(numberOf(R"("__proto__")"));
}

TEST(PomeloWire, ReadsBackItsOwnRegistration) {
    Registration monitor;
    monitor.kind = Registration::Kind::Monitor;
    monitor.id = "a-1";
    monitor.serverType = "a";
    monitor.pid = 5;
    monitor.token = "T";
    monitor.info = R"({"host":"h","port":1})";
    const auto again = decodeRegistration(encodeRegister(monitor));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->token, "T");
    EXPECT_EQ(again->info, monitor.info);
    const auto reconnect = decodeRegistration(encodeReconnect(monitor));
    ASSERT_TRUE(reconnect);
    EXPECT_EQ(reconnect->token, "");
    EXPECT_EQ(reconnect->pid, 5);
}

TEST(PomeloWire, ReadsAcks) {
    EXPECT_TRUE(decodeAck(R"({"code":1,"msg":"ok"})")->isAccepted());
    EXPECT_FALSE(decodeAck(R"({"code":-1,"msg":"no"})")->isAccepted());
    EXPECT_FALSE(decodeAck("{}"));
    EXPECT_FALSE(decodeAck("null"));
}

// Everything that stops or deafens an original master, and more.
class HostilePayload : public testing::TestWithParam<std::string> {};

TEST_P(HostilePayload, IsAnErrorAndNothingElse) {
    EXPECT_EQ(decodeMessage(GetParam()).error().code(), Errc::BadMessage);
    EXPECT_EQ(decodeRegistration(GetParam()).error().code(), Errc::BadMessage);
}

std::string nested(std::size_t depth) {
    return R"({"id":"x","reqId":1,"info":{"a":)" + std::string(depth, '[') +
           std::string(depth, ']') + "}}";
}

INSTANTIATE_TEST_SUITE_P(Table, HostilePayload,
                         testing::Values("", " ", "null", "true", "1", "[]", "\"\"", "\"null\"",
                                         "{", "}", "{]", "{\"id\":}", "\"{\\\"id\\\":}\"",
                                         "\"\\\"{}\\\"\"", "{\"id\":\"\xFF\xFE\"}",
                                         "{\"id\":\"a\"} x", "{\"id\":\"a\"",
                                         std::string("{}\0", 3), "\"{\\\"id\\\":\\\"\\ud800\\\"}",
                                         nested(20'000), nested(64), std::string(400'000, '['),
                                         std::string(1 << 20, '"'),
                                         "{\"id\":{\"a\":1},\"reqId\":{}}",
                                         "{\"id\":[],\"respId\":[]}", "{\"id\":7,\"moduleId\":7}",
                                         "{\"id\":\"" + std::string(300, 'x') +
                                             "\",\"moduleId\":\"" + std::string(300, 'x') + "\"}"));

TEST(PomeloWire, BoundsAnId) {
    const std::string fits(kMaxMessageId, '1');
    EXPECT_EQ(decoded("{\"reqId\":" + fits + "}").id, fits);
    EXPECT_FALSE(decodeMessage("{\"reqId\":" + fits + "1}"));
}

TEST(PomeloWire, BoundsTheInfo) {
    const auto withInfo = [](std::size_t size) {
        return R"({"id":"a","info":{"x":")" + std::string(size - 8, 'y') + "\"}}";
    };
    EXPECT_TRUE(decodeRegistration(withInfo(kMaxInfo)));
    EXPECT_FALSE(decodeRegistration(withInfo(kMaxInfo + 1)));
}

TEST(PomeloWire, TakesTheNumberOfBothFormsOfAnId) {
    EXPECT_EQ(numberOf("21"), 21U);
    EXPECT_EQ(numberOf(stringId(21)), 21U);
    for (const char* id : {"", "\"", "\"\"", "-1", "1.5", "1e3", "99999999999999999999999", "x"})
        EXPECT_FALSE(numberOf(id)) << id;
}

TEST(PomeloWire, SendsARequestAgainWithAStringForItsNumber) {
    EXPECT_EQ(asRepush(encodeRequest("21", "m", "{}"), 21), encodeRequest(stringId(21), "m", "{}"));
}

TEST(PomeloWire, KnowsWhichResultsStandInError) {
    EXPECT_EQ(resultSlot("watchServer", R"({"comd":"servers","context":"all"})"),
              ResultSlot::Error);
    EXPECT_EQ(resultSlot("watchServer", R"({"comd":"status"})"), ResultSlot::Body);
    EXPECT_EQ(resultSlot("__console__", R"({"signal":"list"})"), ResultSlot::Error);
    EXPECT_EQ(resultSlot("__console__", R"({"signal":"stop"})"), ResultSlot::Body);
    EXPECT_EQ(resultSlot("__monitorwatcher__", R"({"action":"startOver"})"), ResultSlot::Error);
    EXPECT_EQ(resultSlot("echo", R"({"action":"startOver"})"), ResultSlot::Body);
    EXPECT_EQ(resultSlot("__console__", ""), ResultSlot::Body);
}

TEST(PomeloWire, TakesAResultFromEitherSlot) {
    const auto inError = decoded(R"({"respId":60,"error":{"serverId":"a","body":{}}})");
    EXPECT_EQ(*resultOf(inError, ResultSlot::Error), R"({"serverId":"a","body":{}})");
    const auto inBody = decoded(R"({"respId":60,"error":null,"body":5})");
    EXPECT_EQ(*resultOf(inBody, ResultSlot::Body), "5");
    EXPECT_EQ(*resultOf(inBody, ResultSlot::Error), "5");
    EXPECT_EQ(*resultOf(decoded(R"({"respId":1,"error":0})"), ResultSlot::Error), "0");
    EXPECT_EQ(*resultOf(decoded(R"({"respId":1})"), ResultSlot::Body), "null");
}

TEST(PomeloWire, FindsRealErrorsInEitherSlot) {
    const auto unknown = decoded(R"({"respId":1,"error":"unknown moduleId:x"})");
    EXPECT_EQ(resultOf(unknown, ResultSlot::Error).error().code(), Errc::UnknownModule);
    EXPECT_EQ(resultOf(unknown, ResultSlot::Body).error().code(), Errc::UnknownModule);
    const auto object = decoded(R"({"respId":1,"error":{"message":"boom","stack":"at"}})");
    EXPECT_EQ(resultOf(object, ResultSlot::Error).error().detail(), "boom");
    EXPECT_EQ(resultOf(object, ResultSlot::Body).error().detail(), "boom");
    const auto disabled = decoded(R"({"respId":1,"error":"module x is disable"})");
    EXPECT_EQ(resultOf(disabled, ResultSlot::Body).error().code(), Errc::ModuleDisabled);
}

TEST(PomeloWire, AnswersAsPomelosHandlersDo) {
    const Result<JsonText> one = JsonText("1");
    EXPECT_EQ(encodeResult("3", "__monitorwatcher__", ResultSlot::Error, one),
              R"("{\"respId\":3,\"error\":1}")");
    EXPECT_EQ(encodeResult("3", "__monitorwatcher__", ResultSlot::Error, Error(Errc::Failed)),
              R"("{\"respId\":3,\"error\":0}")");
    EXPECT_EQ(encodeResult("3", "echo", ResultSlot::Body, one),
              R"("{\"respId\":3,\"error\":null,\"body\":1}")");
    EXPECT_EQ(encodeResult("3", "nope", ResultSlot::Body, Error(Errc::UnknownModule)),
              R"("{\"respId\":3,\"error\":\"unknown moduleId:nope\"}")");
}

TEST(PomeloWire, SaysDeniedAsPomeloSaysIt) {
    EXPECT_EQ(errorText(Error(Errc::Denied, "level 1 is needed"), "x"),
              R"({"message":"Command permission denied"})");
    EXPECT_EQ(errorText(Error(Errc::Failed, "it \"broke\""), "x"), R"("it \"broke\"")");
}

}  // namespace
}  // namespace muster::pomelo
