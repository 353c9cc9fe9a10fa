#include "console/output/safe_text.hpp"
#include "console/output/server_state.hpp"
#include "console/output/table.hpp"
#include "console/output/units.hpp"
#include "console/selection.hpp"

#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using namespace std::chrono_literals;

TEST(SafeText, KeepsWhatPeopleRead) {
    for (const char* text : {"", "chat-1", "naïve", "日本語", "emoji 🙂", "~!@#"}) {
        EXPECT_EQ(safeText(text), text);
    }
}

TEST(SafeText, EscapesWhatTerminalsObey) {
    EXPECT_EQ(safeText("a\x1b[31mb"), "a\\x1b[31mb");
    EXPECT_EQ(safeText("a\nb\r\tc"), "a\\x0ab\\x0d\\x09c");
    EXPECT_EQ(safeText("\x7f"), "\\x7f");
    EXPECT_EQ(safeText("\xc2\x9b"), "\\u009b");
    EXPECT_EQ(safeText("\xe2\x80\xae"), "\\u202e");
    EXPECT_EQ(safeText(std::string_view("\0", 1)), "\\x00");
}

TEST(SafeText, EscapesBytesThatAreNotUtf8) {
    EXPECT_EQ(safeText("\xff"), "\\xff");
    EXPECT_EQ(safeText("\xc0\xaf"), "\\xc0\\xaf");
    EXPECT_EQ(safeText("\xed\xa0\x80"), "\\xed\\xa0\\x80");
    EXPECT_EQ(safeText("\xe2\x82"), "\\xe2\\x82");
    EXPECT_EQ(safeText("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(Fitted, CutsAtCodePointsAndMarksIt) {
    EXPECT_EQ(fitted("short", 5, "…"), "short");
    EXPECT_EQ(fitted("longer", 5, "…"), "long…");
    EXPECT_EQ(fitted("äöüß", 3, "~"), "äö~");
    EXPECT_EQ(fitted("longer", 1, "…"), ".");
    EXPECT_EQ(fitted("longer", 0, "…"), "");
}

TEST(Units, ShowDurationsInTwoUnits) {
    EXPECT_EQ(durationText(-5s), "0s");
    EXPECT_EQ(durationText(999ms), "0s");
    EXPECT_EQ(durationText(59s), "59s");
    EXPECT_EQ(durationText(60s), "1m00s");
    EXPECT_EQ(durationText(3599s), "59m59s");
    EXPECT_EQ(durationText(3600s), "1h00m");
    EXPECT_EQ(durationText(24h), "1d00h");
    EXPECT_EQ(durationText(std::chrono::milliseconds::max()), "106751991167d07h");
}

TEST(Units, ShowSizesInOneUnit) {
    EXPECT_EQ(sizeText(0), "0.0MiB");
    EXPECT_EQ(sizeText(1 << 20), "1.0MiB");
    EXPECT_EQ(sizeText(std::int64_t{5} << 30), "5120.0MiB");
}

TEST(Units, ParseDurations) {
    EXPECT_EQ(*parseDuration("250ms"), 250ms);
    EXPECT_EQ(*parseDuration("10s"), 10s);
    EXPECT_EQ(*parseDuration("10"), 10s);
    EXPECT_EQ(*parseDuration("2m"), 120s);
    EXPECT_EQ(*parseDuration("24h"), 24h);
    for (const char* text : {"", "s", "0", "0s", "-1s", "25h", "1d", "1 s", "1s ", "0x10", "1e3",
                             "9223372036854775807h", "99999999999999999999"}) {
        EXPECT_FALSE(parseDuration(text)) << text;
    }
}

TEST(Table, AlignsNumbersRightAndWordsLeft) {
    Table table({{"ID"}, {"PID", Align::Right}, {"NOTE"}});
    table.add({{"a"}, {"1"}, {"x"}});
    table.add({{"long-id"}, {"12345"}, {""}});
    EXPECT_EQ(table.render({}), "ID         PID  NOTE\na            1  x\nlong-id  12345\n");
}

TEST(Table, CutsTheLastColumnAtTheTerminalsEdge) {
    Table table({{"ID"}, {"NOTE"}});
    table.add({{"a"}, {"a long story about nothing"}});
    EXPECT_EQ(table.render({true, false, true, 14}), "ID  NOTE\na   a long st…\n");
    EXPECT_EQ(table.render({true, false, false, 14}), "ID  NOTE\na   a long st~\n");
}

TEST(Table, StaysWithinAnyWidth) {
    Table table({{"ID"}, {"N", Align::Right}, {"NOTE"}});
    table.add({{"some-id"}, {"123456"}, {"note"}});
    for (std::size_t width = 1; width < 40; ++width) {
        const std::string text = table.render({true, false, false, width});
        std::size_t begin = 0;
        for (std::size_t end = text.find('\n'); end != std::string::npos;
             begin = end + 1, end = text.find('\n', begin)) {
            EXPECT_LE(displayWidth(text.substr(begin, end - begin)), width);
        }
    }
}

TEST(ServerState, ShowsAnUnknownWordAsItIs) {
    EXPECT_EQ(stateCell("", {}).text, "?");
    EXPECT_EQ(stateCell("levitating", {}).text, "levitating");
    EXPECT_EQ(stateCell("ready", {}).text, "ready");
}

TEST(Glob, MatchesRunsAndSingleCharacters) {
    EXPECT_TRUE(globMatches("*", ""));
    EXPECT_TRUE(globMatches("chat-*", "chat-"));
    EXPECT_TRUE(globMatches("*-1", "chat-1-1"));
    EXPECT_TRUE(globMatches("c?at*1", "chat-11"));
    EXPECT_FALSE(globMatches("chat-?", "chat-10"));
    EXPECT_FALSE(globMatches("", "a"));
    EXPECT_FALSE(globMatches("a*b", "ac"));
    // Linear in practice: a pattern that makes naive matchers explode.
    EXPECT_FALSE(globMatches("*a*a*a*a*a*a*a*a*a*b", std::string(200, 'a')));
}

}  // namespace
}  // namespace muster::cli
