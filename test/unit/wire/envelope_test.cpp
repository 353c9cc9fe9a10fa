#include "common/wire/envelope.hpp"

#include <chrono>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace muster::wire {
namespace {

const WallTime kNow = *parseTime("2026-11-21T08:25:04.123Z");

std::string withBody(std::string_view body) {
    return R"({"v":1,"moduleId":"m","body":)" + std::string(body) + "}";
}

TEST(Envelope, WritesTheDocumentedForm) {
    Envelope envelope;
    envelope.moduleId = "echo";
    envelope.body = R"({"n":1})";
    EXPECT_EQ(encode(envelope, kNow),
              R"({"v":1,"time":"2026-11-21T08:25:04.123Z","moduleId":"echo","body":{"n":1}})");
}

TEST(Envelope, ComesBackAsItWasWritten) {
    Envelope envelope;
    envelope.moduleId = "a \"strange\" näme";
    envelope.command = "enable";
    envelope.body = R"({ "spaces" : [1, 2.50, "\u00e9"] })";
    envelope.order = OrderTag{makeUuid(kNow), 7, "uid", "inc", kNow};
    const auto decoded = decodeEnvelope(encode(envelope, kNow));
    ASSERT_TRUE(decoded) << decoded.error().detail();
    EXPECT_EQ(*decoded, envelope);
}

TEST(Envelope, KeepsTheBodyAsText) {
    const auto decoded = decodeEnvelope(withBody(R"({ "b" : 1.0, "a":[ ] })"));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->body, R"({ "b" : 1.0, "a":[ ] })");
}

TEST(Envelope, TakesNullAsNoBody) {
    EXPECT_EQ(decodeEnvelope(withBody("null"))->body, "");
}

TEST(Envelope, AllowsACommandWithoutAModule) {
    EXPECT_TRUE(decodeEnvelope(R"({"v":1,"command":"list","moduleId":null})"));
}

TEST(Envelope, IgnoresMembersOfLaterVersions) {
    EXPECT_TRUE(decodeEnvelope(R"({"v":1,"moduleId":"m","future":[{}]})"));
}

TEST(Envelope, RefusesWhatItCannotUse) {
    const std::string longName(65, 'x');
    for (const std::string& text :
         {std::string(), std::string("[]"), std::string("null"), std::string("{}"),
          std::string(R"({"moduleId":"m"})"), std::string(R"({"v":2,"moduleId":"m"})"),
          std::string(R"({"v":"1","moduleId":"m"})"), std::string(R"({"v":1})"),
          std::string(R"({"v":1,"moduleId":7})"), std::string(R"({"v":1,"moduleId":""})"),
          R"({"v":1,"moduleId":")" + longName + "\"}",
          std::string(R"({"v":1,"moduleId":"a","moduleId":"b"})"),
          std::string(R"({"v":1,"moduleId":"m","body":})"),
          std::string(R"({"v":1,"moduleId":"m","order":{}})"),
          std::string(R"({"v":1,"moduleId":"m","order":7})"),
          std::string(R"({"v":1,"moduleId":"m","command":{}})"),
          std::string(R"({"v":1,"moduleId":"m"} trailing)"), withBody("\"\xFF\"")}) {
        const auto decoded = decodeEnvelope(text);
        ASSERT_FALSE(decoded) << text;
        EXPECT_EQ(decoded.error().code(), Errc::BadMessage);
        EXPECT_FALSE(decoded.error().detail().empty());
    }
}

TEST(Envelope, RefusesOrdersWithBadFields) {
    const auto order = [](std::string_view fields) {
        return R"({"v":1,"moduleId":"m","order":{)" + std::string(fields) + "}}";
    };
    const std::string good =
        R"("id":"i","epoch":1,"clusterUid":"u","deadline":"2026-01-01T00:00:00Z")";
    EXPECT_TRUE(decodeEnvelope(order(good)));
    for (
        const char* fields :
        {R"("id":"i","epoch":0,"clusterUid":"u","deadline":"2026-01-01T00:00:00Z")",
         R"("id":"i","epoch":1.5,"clusterUid":"u","deadline":"2026-01-01T00:00:00Z")",
         R"("id":"i","epoch":99999999999999999999,"clusterUid":"u","deadline":"2026-01-01T00:00:00Z")",
         R"("id":"i","epoch":1,"clusterUid":"u","deadline":"soon")",
         R"("id":"","epoch":1,"clusterUid":"u","deadline":"2026-01-01T00:00:00Z")"})
        EXPECT_FALSE(decodeEnvelope(order(fields))) << fields;
}

TEST(Envelope, RefusesBodiesThatAreTooDeep) {
    const auto body = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(decodeEnvelope(withBody(body(63))));
    EXPECT_FALSE(decodeEnvelope(withBody(body(64))));
}

TEST(Envelope, DecodesALargeBodyInLinearTime) {
    const std::string body = "\"" + std::string(1U << 20U, 'x') + "\"";
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i)
        ASSERT_EQ(decodeEnvelope(withBody(body))->body.size(), body.size());
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Answer, CarriesABody) {
    const auto decoded = decodeAnswer(encode(Answer{std::nullopt, "[1]"}, kNow));
    ASSERT_TRUE(decoded);
    EXPECT_FALSE(decoded->error);
    EXPECT_EQ(decoded->body, "[1]");
}

TEST(Answer, CarriesEveryErrorCode) {
    for (int code = 0; code <= static_cast<int>(Errc::Failed); ++code) {
        const Error error(static_cast<Errc>(code), "because \"so\"");
        const auto decoded = decodeAnswer(encode(Answer{error, {}}, kNow));
        ASSERT_TRUE(decoded);
        ASSERT_TRUE(decoded->error);
        EXPECT_EQ(decoded->error->code(), error.code());
        EXPECT_EQ(decoded->error->detail(), error.detail());
    }
}

TEST(Answer, TakesAnUnknownCodeAsFailed) {
    const auto decoded =
        decodeAnswer(R"({"v":1,"error":{"code":"later_invention","message":"m"}})");
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->error->code(), Errc::Failed);
}

TEST(Answer, ShortensAMessageSoThatTheOtherSideTakesIt) {
    const Error error(Errc::Failed, std::string(10'000, '\xFF'));
    EXPECT_TRUE(decodeAnswer(encode(Answer{error, {}}, kNow)));
}

TEST(Answer, RefusesErrorsWithoutACode) {
    for (const char* text :
         {R"({"v":1,"error":"text"})", R"({"v":1,"error":{}})", R"({"error":null})"})
        EXPECT_FALSE(decodeAnswer(text)) << text;
}

TEST(Uuid, IsVersion7AndRisesWithTime) {
    const std::string first = makeUuid(kNow);
    const std::string later = makeUuid(kNow + std::chrono::milliseconds(1));
    ASSERT_EQ(first.size(), 36U);
    EXPECT_EQ(first[14], '7');
    EXPECT_NE(std::string("89ab").find(first[19]), std::string::npos);
    EXPECT_LT(first, later);
}

TEST(Nonce, IsDifferentEachTime) {
    std::set<std::string> nonces;
    for (int i = 0; i < 1000; ++i) nonces.insert(makeNonce());
    EXPECT_EQ(nonces.size(), 1000U);
    EXPECT_EQ(nonces.begin()->size(), 32U);
}

}  // namespace
}  // namespace muster::wire
