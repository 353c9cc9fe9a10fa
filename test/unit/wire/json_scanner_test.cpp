#include "common/wire/json_scanner.hpp"

#include <chrono>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace muster::wire {
namespace {

std::string nested(int depth, char open, char close) {
    return std::string(static_cast<std::size_t>(depth), open) +
           std::string(static_cast<std::size_t>(depth), close);
}

TEST(JsonScanner, AcceptsEveryKindOfValue) {
    for (const char* text :
         {"null", "true", "false", "0", "-0", "12", "1.5", "1e9", "1E-2", "-3.25e+7", R"("")",
          R"("a\"\\\/\b\f\n\r\t")", R"("é€😀")", R"("\u00e9\ud83d\ude00")", "[]", "{}", "[1,[2,{}]]",
          R"({"a":[1,2],"b":{"c":null}})", " \n\t\r1 "})
        EXPECT_TRUE(isValidJson(text)) << text;
}

TEST(JsonScanner, RefusesWhatIsNotJson) {
    for (const char* text :
         {"",         " ",    "nul",         "tru",       "01",          "+1",          "-",
          "1.",       ".5",   "1e",          "1e+",       "0x1",         "NaN",         "Infinity",
          "'a'",      R"(")", R"("a)",       R"("\x")",   R"("\u12")",   R"("\u12g4")", "\"\n\"",
          "\"\x01\"", "[",    "]",           "[1,]",      "[,1]",        "[1 2]",       "{",
          "}",        "{,}",  R"({"a"})",    R"({"a":})", R"({"a":1,})", R"({a:1})",    "{1:2}",
          "[}",       "{]",   R"({"a":1]})", "1 2",       "[] x",        R"({"a" 1})"})
        EXPECT_FALSE(isValidJson(text)) << text;
}

TEST(JsonScanner, RefusesBrokenUtf8AndLoneSurrogates) {
    for (const char* text :
         {"\"\x80\"", "\"\xC0\x80\"", "\"\xC1\xBF\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"",
          "\"\xF0\x80\x80\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xF5\x80\x80\x80\"", "\"\xE2\x82\"",
          "\"\xFF\"", R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\u0041")"})
        EXPECT_FALSE(isValidJson(text)) << text;
}

TEST(JsonScanner, TakesTheDepthLimitAndNotOneMore) {
    EXPECT_TRUE(isValidJson(nested(kMaxJsonDepth, '[', ']')));
    EXPECT_FALSE(isValidJson(nested(kMaxJsonDepth + 1, '[', ']')));
    EXPECT_FALSE(isValidJson(std::string(100'000, '[')));
}

TEST(JsonScanner, KeepsTheContainersApartAtEveryDepth) {
    std::string open;
    std::string close;
    for (int i = 0; i < kMaxJsonDepth; ++i) {
        open += i % 3 == 0 ? "[" : R"({"k":)";
        close.insert(0, i % 3 == 0 ? "]" : "}");
    }
    EXPECT_TRUE(isValidJson(open + "1" + close));
    close.front() = close.front() == ']' ? '}' : ']';
    EXPECT_FALSE(isValidJson(open + "1" + close));
}

TEST(JsonScanner, CutsValuesOutAsTheyStand) {
    const std::string_view text = R"( { "a" : [1, 2] , "b":"x\ny", "c" : {"d":1.50} } )";
    JsonObjectReader reader(text);
    std::vector<std::pair<std::string, std::string>> members;
    while (const auto member = reader.next()) members.emplace_back(member->key, member->value.text);
    EXPECT_TRUE(reader.isValid());
    const std::vector<std::pair<std::string, std::string>> expected{
        {"a", "[1, 2]"}, {"b", R"("x\ny")"}, {"c", R"({"d":1.50})"}};
    EXPECT_EQ(members, expected);
}

TEST(JsonScanner, ReportsAnObjectThatBreaksOffAsInvalid) {
    for (const char* text :
         {R"({"a":1)", R"({"a":1} x)", R"({"a":1,})", "[]", "", R"({"a":1 "b":2})"}) {
        JsonObjectReader reader(text);
        while (reader.next()) {
        }
        EXPECT_FALSE(reader.isValid()) << text;
        EXPECT_FALSE(reader.next().has_value());
    }
}

TEST(JsonScanner, FindsAMemberByName) {
    EXPECT_EQ(findMember(R"({"a":1,"op":"list"})", "op")->text, R"("list")");
    EXPECT_FALSE(findMember(R"({"a":1})", "op").has_value());
    EXPECT_FALSE(findMember("[1]", "op").has_value());
}

TEST(JsonScanner, EscapesAndUnescapesAnyText) {
    std::mt19937 random(7);
    const std::vector<std::string> pieces{"a",    "\"", "\\", "\n", std::string(1, '\0'),
                                          "\x1f", "é",  "€",  "😀",  "/"};
    for (int round = 0; round < 500; ++round) {
        std::string text;
        for (std::size_t i = random() % 12; i > 0; --i) text += pieces[random() % pieces.size()];
        const std::string quoted = jsonString(text);
        EXPECT_TRUE(isValidJson(quoted)) << quoted;
        EXPECT_EQ(unescapeJson(quoted), text);
        EXPECT_EQ(nlohmann::json::parse(quoted).get<std::string>(), text);
    }
}

TEST(JsonScanner, FindsTheFirstCharacterThatIsNotPlainAtAnyPlace) {
    // Around the widths in which it reads.
    for (std::size_t length = 0; length < 70; ++length) {
        const std::string plain(length, '~');
        EXPECT_EQ(plainLength(plain), length);
        for (const char* special : {"\"", "\\", "\x1F", "\x01", "\x80", "\xFF"})
            EXPECT_EQ(plainLength(plain + special + plain), length) << length;
        EXPECT_EQ(plainLength(plain + '\0' + plain), length);
        EXPECT_EQ(plainLength(plain + "\x20\x7F"), length + 2) << "both mean themselves";
    }
}

TEST(JsonScanner, UnescapesInOnePassAsInTwo) {
    for (const char* text :
         {R"("")", R"("abc")", R"("a\"b\\c\/\b\f\n\r\t")", R"("é€😀")",
          R"("\u00e9\ud83d\ude00\u0000")", R"("sixteen letters!\"and more of them, past it")",
          R"(")", R"("a)", R"("\x")", R"("\u12")", R"("\ud800")", "\"\x01\"", "\"\xC0\x80\"", "x",
          ""}) {
        JsonScanner twice(text), once(text);
        const auto quoted = twice.string();
        const auto expected = quoted ? unescapeJson(*quoted) : std::nullopt;
        EXPECT_EQ(once.unescapedString(), expected) << text;
        if (expected) {
            EXPECT_EQ(once.position(), twice.position()) << text;
        }
    }
}

TEST(JsonScanner, AppendsTheMembersOfAnObject) {
    std::string out = "{";
    EXPECT_TRUE(appendMembers(out, R"({"v":9,"a" : [1, 2],"b\n":"x"})", {"v"}));
    EXPECT_TRUE(appendMembers(out, " {} "));
    EXPECT_TRUE(appendMembers(out, R"({"c":null})"));
    EXPECT_EQ(out + '}', R"({"a":[1, 2],"b\n":"x","c":null})");
}

TEST(JsonScanner, AppendsNothingOfWhatIsNoObject) {
    for (const char* text : {"", "[]", "1", R"({"a":1)", R"({"a":1,})", R"({"a":1} x)"}) {
        std::string out = R"({"k":0)";
        EXPECT_FALSE(appendMembers(out, text)) << text;
        EXPECT_EQ(out, R"({"k":0)") << text;
    }
}

TEST(JsonScanner, ReplacesBytesThatAreNotUtf8WhenItWrites) {
    EXPECT_EQ(jsonString("a\xFF\xC3"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

/// Valid texts and texts spoilt in one place; the library's verdict is the reference. It has no
/// depth limit and refuses numbers beyond a double, so neither is generated.
std::string generated(std::mt19937& random, int depth) {
    static const std::vector<std::string> scalars{"null",
                                                  "true",
                                                  "false",
                                                  "0",
                                                  "-1",
                                                  "12.5",
                                                  "1e3",
                                                  R"("")",
                                                  R"("abc")",
                                                  R"("\u00e9\n")",
                                                  "\"é€😀\"",
                                                  R"("\ud83d\ude00")",
                                                  "\"plain text that is longer than eight bytes\""};
    const std::size_t choice = depth > 4 ? 0 : random() % 4;
    if (choice < 2) return scalars[random() % scalars.size()];
    std::string text(1, choice == 2 ? '[' : '{');
    const std::size_t count = random() % 4;
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) text += random() % 2 == 0 ? "," : " ,\n";
        if (choice == 3) text += "\"k" + std::to_string(i) + "\":";
        text += generated(random, depth + 1);
    }
    return text + (choice == 2 ? ']' : '}');
}

TEST(JsonScanner, AgreesWithTheJsonLibraryOnGeneratedTexts) {
    std::mt19937 random(20261121);
    const std::string bytes = "{}[]\",:\\u0123 \n\x80\xC3\xE2tfn-.eE\x01";
    for (int round = 0; round < 20'000; ++round) {
        std::string text = generated(random, 0);
        for (std::size_t edits = random() % 3; edits > 0 && !text.empty(); --edits) {
            const std::size_t at = random() % text.size();
            switch (random() % 3) {
                case 0: text[at] = bytes[random() % bytes.size()]; break;
                case 1: text.erase(at, 1); break;
                default: text.insert(at, 1, bytes[random() % bytes.size()]); break;
            }
        }
        if (text.starts_with('\xEF')) continue;  // a byte order mark is the library's own liberty
        ASSERT_EQ(isValidJson(text), nlohmann::json::accept(text)) << text;
    }
}

TEST(JsonScanner, TakesLinearTimeOnLargeTexts) {
    const std::string text =
        "[\"" + std::string(8U << 20U, 'x') + "\"," + nested(60, '[', ']') + "]";
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(isValidJson(text));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace muster::wire
