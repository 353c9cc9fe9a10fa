#include "keeper/last_words.hpp"

#include "common/process/keeper_protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::keeper {

using testing::ElementsAre;
using Lines = std::vector<std::string>;

TEST(LastWords, LeaveOutBlankLinesAndKeepTheOrder) {
    EXPECT_THAT(lastWords({"Error: x", "", "  \t", "    at y\r"}),
                ElementsAre("Error: x", "    at y"));
}

TEST(LastWords, AreTheLatestTwelve) {
    Lines lines;
    for (int line = 0; line < 20; ++line) lines.push_back("line " + std::to_string(line));
    const Lines words = lastWords(lines);
    ASSERT_EQ(words.size(), kMaxLastLines);
    EXPECT_EQ(words.front(), "line 8");
    EXPECT_EQ(words.back(), "line 19");
}

TEST(LastWords, CannotMoveTheCursorOfWhoReadsThem) {
    EXPECT_THAT(lastWords({"\x1b[2Jgone\x7f\a\ttab"}), ElementsAre("\\x1b[2Jgone\\x7f\\x07 tab"));
}

TEST(LastWords, CutALongLineBetweenCharacters) {
    const Lines words = lastWords({std::string(299, 'a') + "\xc3\xa9\xc3\xa9"});
    EXPECT_THAT(words, ElementsAre(std::string(299, 'a')));
}

TEST(LastWords, AreBoundedTogether) {
    const Lines words = lastWords(Lines(12, std::string(300, 'x')));
    EXPECT_EQ(words.size(), kMaxLastBytes / 300);
}

}  // namespace muster::keeper
