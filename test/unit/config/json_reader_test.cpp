#include "common/config/json_reader.hpp"

#include <gtest/gtest.h>

namespace muster::config {
namespace {

/// "line:column pointer text" of the first fault.
std::string fault(std::string_view text) {
    const JsonDocument document = readJson(text);
    if (document.faults.empty()) return "";
    const JsonFault& first = document.faults.front();
    return std::to_string(first.line) + ":" + std::to_string(first.column) + " " + first.pointer +
           " " + first.text;
}

TEST(JsonReader, KnowsTheLineOfEveryValue) {
    const auto document = readJson("{\n \"a\": [1,\n  {\"b\": true}]\n}");
    ASSERT_TRUE(document.root);
    const JsonValue& list = *document.root->find("a");
    EXPECT_EQ(list.line, 2);
    EXPECT_EQ(list.elements.at(1).line, 3);
    EXPECT_TRUE(list.elements.at(1).find("b")->boolean);
}

TEST(JsonReader, KeepsKeysInFileOrderAndNumbersAsWritten) {
    const auto document = readJson(R"({"z": 1.50, "a": [null, false, "\u00e9\n"], "m": {}})");
    ASSERT_TRUE(document.root);
    EXPECT_EQ(document.root->dump(), "{\"z\":1.50,\"a\":[null,false,\"é\\n\"],\"m\":{}}");
}

TEST(JsonReader, SkipsAByteOrderMark) {
    EXPECT_TRUE(readJson("\xEF\xBB\xBF{}").root.has_value());
}

TEST(JsonReader, JoinsSurrogatePairs) {
    EXPECT_EQ(readJson(R"("\ud83d\ude00")").root->text, "\xF0\x9F\x98\x80");
}

TEST(JsonReader, NamesLineColumnAndPlaceOfASyntaxError) {
    EXPECT_EQ(fault("{\n \"a\": {\"b\": 1,\n   }\n}"), "3:4 /a a comma before }: remove it");
    EXPECT_EQ(fault("{\"a\": [1, 2 3]}"), "1:13 /a a comma or ] is expected here");
    EXPECT_EQ(fault("{} x"), "1:4  there is something after the end of the value");
    EXPECT_EQ(fault("{a: 1}"), "1:2  a key in double quotes is expected here");
}

TEST(JsonReader, SaysWhatPeopleWriteThatIsNoJson) {
    for (const char* text :
         {"{// no\n}", "{\"a\": 1, // no\n}", "[// no\n]", "{\"a\": 1 /* no */}"})
        EXPECT_TRUE(fault(text).ends_with("comments are not allowed in JSON: remove this one"))
            << fault(text);
    EXPECT_EQ(fault("{'a': 1}"), "1:2  strings are written with double quotes in JSON");
    EXPECT_EQ(fault("\xFF\xFE{"), "1:1  this is UTF-16: save the file as UTF-8");
}

TEST(JsonReader, NamesEveryKeyThatIsGivenTwice) {
    const auto document = readJson("{\"a\": 1,\n\"a\": 2, \"b~/\": {\"x\": 1, \"x\": 2}}");
    ASSERT_EQ(document.faults.size(), 2U);
    EXPECT_EQ(document.faults[0].line, 2);
    EXPECT_EQ(document.faults[0].pointer, "/a");
    EXPECT_EQ(document.faults[1].pointer, "/b~0~1/x");
    EXPECT_TRUE(document.root.has_value());
}

TEST(JsonReader, RefusesWhatIsNotStrictJson) {
    for (const char* text : {"",
                             " ",
                             "{",
                             "[",
                             "\"",
                             "\"\\",
                             "\"\\u12",
                             "\"\\q\"",
                             "\"\\ud800\"",
                             "\"\\udc00\"",
                             "\"\\ud800\\u0041\"",
                             "01",
                             "-",
                             "1.",
                             "1e",
                             "+1",
                             "tru",
                             "'a'",
                             "{a:1}",
                             "{\"a\"}",
                             "[1,]",
                             "\"a\nb\"",
                             "NaN",
                             "\xFF",
                             "\"\xC0\xAF\"",
                             "\"\xED\xA0\x80\"",
                             "\"\xF4\x90\x80\x80\"",
                             "\"\xE2\x82\""}) {
        EXPECT_FALSE(readJson(text).root.has_value()) << text;
        EXPECT_NE(fault(text), "") << text;
    }
}

TEST(JsonReader, BoundsTheDepth) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(readJson(nested(64)).root.has_value());
    EXPECT_FALSE(readJson(nested(65)).root.has_value());
    EXPECT_FALSE(readJson(std::string(10'000'000, '[')).root.has_value());
}

TEST(JsonReader, BoundsTheSize) {
    const std::string most = "\"" + std::string(kMaxFileSize - 2, 'x') + "\"";
    EXPECT_TRUE(readJson(most).root.has_value());
    EXPECT_FALSE(readJson(most + " ").root.has_value());
}

TEST(JsonReader, BoundsTheNumberOfValues) {
    std::string text = "[0";
    for (std::size_t i = 0; i < kMaxValues; ++i) text += ",0";
    EXPECT_FALSE(readJson(text + "]").root.has_value());
}

TEST(JsonReader, TellsWholeNumbersFromOthers) {
    EXPECT_EQ(readJson("-42").root->integer, -42);
    EXPECT_FALSE(readJson("4.0").root->integer.has_value());
    EXPECT_FALSE(readJson("99999999999999999999").root->integer.has_value());
}

}  // namespace
}  // namespace muster::config
