#include "examples/chat/rooms.hpp"

#include <muster/json.hpp>

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chat {
namespace {

using testing::HasSubstr;

class RoomsTest : public testing::Test {
protected:
    void join(int connector, const std::string& user, const std::string& name,
              const std::string& room = "r") {
        EXPECT_TRUE(rooms.onLine(
            connector,
            muster::jsonText({{"op", "join"}, {"user", user}, {"name", name}, {"room", room}}),
            "t"));
    }
    void say(int connector, const std::string& user, const std::string& text) {
        rooms.onLine(connector, muster::jsonText({{"op", "say"}, {"user", user}, {"text", text}}),
                     "t");
    }
    std::vector<std::pair<int, std::string>> sent;
    Rooms rooms{"chat-1", [this](int connector, const std::string& line) {
                    sent.emplace_back(connector, line);
                }};
};

TEST_F(RoomsTest, WelcomeANewMemberAndTellTheOthers) {
    join(1, "u1", "Ann");
    join(2, "u1", "Bob");
    ASSERT_EQ(sent.size(), 5U);
    EXPECT_EQ(sent[2].first, 2);
    EXPECT_THAT(sent[2].second, HasSubstr("welcome"));
    EXPECT_THAT(sent[3].second, HasSubstr(R"("members":["Ann","Bob"])"));
    EXPECT_EQ(sent[3].first, 1);
    EXPECT_EQ(sent[4].first, 2);
}

TEST_F(RoomsTest, TellAMessageOnceToEachConnector) {
    join(1, "u1", "Ann");
    join(1, "u2", "Bob");
    sent.clear();
    say(1, "u1", "hello");
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_THAT(sent[0].second, HasSubstr("hello"));
}

TEST_F(RoomsTest, KeepRoomsApart) {
    join(1, "u1", "Ann", "a");
    join(2, "u2", "Bob", "b");
    sent.clear();
    say(1, "u1", "hello");
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].first, 1);
}

TEST_F(RoomsTest, GiveNewcomersTheLastThirtyMessages) {
    join(1, "u1", "Ann");
    for (int i = 0; i < 40; ++i) say(1, "u1", "m" + std::to_string(i));
    sent.clear();
    join(2, "u9", "Bob");
    const auto welcome = nlohmann::json::parse(sent[0].second);
    ASSERT_EQ(welcome["event"]["history"].size(), 30U);
    EXPECT_EQ(welcome["event"]["history"][0]["text"], "m10");
}

TEST_F(RoomsTest, ForgetTheUsersOfALostConnector) {
    join(1, "u1", "Ann");
    join(2, "u2", "Bob");
    sent.clear();
    rooms.onConnectorLost(1);
    EXPECT_EQ(rooms.users(), 1U);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_THAT(sent[0].second, HasSubstr(R"("left")"));
}

TEST_F(RoomsTest, IgnoreWhatIsNoRequest) {
    for (const char* line :
         {"", "x", "null", "[]", "{}", R"({"op":"join"})", R"({"op":7,"user":"u"})",
          R"({"op":"join","user":"u","name":" ","room":"r"})",
          R"({"op":"join","user":"","name":"n","room":"r"})", R"({"op":"dance","user":"u"})"}) {
        EXPECT_FALSE(rooms.onLine(1, line, "t")) << line;
    }
    say(1, "nobody", "hello");
    EXPECT_TRUE(sent.empty());
}

TEST(Cleaned, DropsControlsAndCutsAtCharacters) {
    EXPECT_EQ(cleaned(" a\x1b[2J\nb", 100), "a[2Jb");
    EXPECT_EQ(cleaned("äää", 3), "ä");
    EXPECT_EQ(cleaned("   ", 9), "");
    EXPECT_EQ(cleaned("\xff\xff\xff\xff", 2).size(), 2U);
}

}  // namespace
}  // namespace chat
