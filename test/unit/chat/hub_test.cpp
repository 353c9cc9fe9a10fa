#include "examples/chat/hub.hpp"

#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chat {
namespace {

using testing::HasSubstr;
using Sent = std::vector<std::pair<std::string, std::string>>;

const Peer kOne{"chat-1", "chat", "h", 6050, 0};
const Peer kTwo{"chat-2", "chat", "h", 6051, 0};

class HubTest : public testing::Test {
protected:
    void enter(const std::string& user, const std::string& room) {
        hub.onUserConnected(user);
        hub.onUserMessage(user, R"({"op":"join","name":"Ann","room":")" + room + R"("})");
    }
    /// A room that belongs to `peer` when both servers are up.
    static std::string roomOf(const Peer& peer) {
        for (int i = 0;; ++i) {
            const std::string room = "r" + std::to_string(i);
            if (peerFor(room, {kOne, kTwo})->id == peer.id) return room;
        }
    }
    Sent toUsers, toServers;
    Hub hub{"connector-1",
            [this](const std::string& user, const std::string& text) {
                toUsers.emplace_back(user, text);
            },
            [this](const std::string& id, const std::string& line) {
                toServers.emplace_back(id, line);
            }};
};

TEST_F(HubTest, JoinsARoomAtTheServerItBelongsTo) {
    hub.onServers({kOne, kTwo});
    enter("u1", roomOf(kTwo));
    ASSERT_EQ(toServers.size(), 1U);
    EXPECT_EQ(toServers[0].first, "chat-2");
    EXPECT_THAT(toServers[0].second, HasSubstr(R"("op":"join")"));
    EXPECT_THAT(toUsers[0].second, HasSubstr("connector-1"));
}

TEST_F(HubTest, AsksItsUsersToMoveWhenItDrainsAndWhoeverComesThen) {
    hub.onServers({kOne, kTwo});
    enter("u1", roomOf(kOne));
    toUsers.clear();
    hub.onDrain();
    hub.onUserConnected("u2");
    EXPECT_EQ(toUsers, (Sent{{"u1", R"({"kind":"move"})"}, {"u2", R"({"kind":"move"})"}}));
    EXPECT_EQ(hub.users(), 2U);  // until they have gone by themselves
    hub.onUndrain();
    hub.onUserConnected("u3");
    EXPECT_THAT(toUsers.back().second, HasSubstr("hello"));
}

TEST_F(HubTest, MovesTheRoomsOfAServerThatWentAndBack) {
    hub.onServers({kOne, kTwo});
    enter("u1", roomOf(kTwo));
    enter("u2", roomOf(kOne));
    toServers.clear();
    hub.onServers({kOne});
    ASSERT_EQ(toServers.size(), 2U);  // leave there, join here; u2 stays
    EXPECT_EQ(toServers[1].first, "chat-1");
    toServers.clear();
    hub.onServers({kOne, kTwo});
    ASSERT_EQ(toServers.size(), 2U);
    EXPECT_EQ(toServers[1].first, "chat-2");
}

TEST_F(HubTest, JoinsItsUsersAgainWhenAServerComesBack) {
    hub.onServers({kOne});
    enter("u1", "r");
    toServers.clear();
    hub.onServerLost("chat-1");
    EXPECT_THAT(toUsers.back().second, HasSubstr("waiting"));
    hub.onServerConnected("chat-1");
    ASSERT_EQ(toServers.size(), 1U);
    EXPECT_THAT(toServers[0].second, HasSubstr(R"("op":"join")"));
}

TEST_F(HubTest, LetsUsersWaitForTheFirstServer) {
    enter("u1", "r");
    EXPECT_TRUE(toServers.empty());
    EXPECT_THAT(toUsers.back().second, HasSubstr("waiting"));
    hub.onServers({kOne});
    EXPECT_EQ(toServers.size(), 1U);
}

TEST_F(HubTest, PassesEventsToTheRoomOrTheOneUser) {
    hub.onServers({kOne});
    enter("u1", "a");
    enter("u2", "a");
    enter("u3", "b");
    toUsers.clear();
    hub.onServerLine("chat-1", R"({"room":"a","event":{"kind":"message"}})");
    EXPECT_EQ(toUsers.size(), 2U);
    hub.onServerLine("chat-1", R"({"user":"u3","event":{"kind":"welcome"}})");
    EXPECT_EQ(toUsers.back().first, "u3");
    hub.onServerLine("chat-9", R"({"room":"a","event":{}})");
    hub.onServerLine("chat-1", "garbage");
    EXPECT_EQ(toUsers.size(), 3U);
}

TEST_F(HubTest, IgnoresWhatAServerSaysToAUserWhoHasMovedOn) {
    hub.onServers({kOne});
    enter("u1", roomOf(kTwo));
    hub.onServers({kOne, kTwo});
    toUsers.clear();
    hub.onServerLine("chat-1", R"({"user":"u1","event":{"kind":"welcome","server":"chat-1"}})");
    EXPECT_TRUE(toUsers.empty());
}

TEST_F(HubTest, AnswersWrongMessagesWithAnError) {
    hub.onUserConnected("u1");
    for (const char* text :
         {"", "x", "[]", "{}", R"({"op":"join"})", R"({"op":"say","text":"t"})"}) {
        toUsers.clear();
        hub.onUserMessage("u1", text);
        ASSERT_EQ(toUsers.size(), 1U) << text;
        EXPECT_THAT(toUsers[0].second, HasSubstr("error")) << text;
    }
    hub.onUserMessage("stranger", "{}");
    hub.onUserLeft("stranger");
    EXPECT_TRUE(toServers.empty());
}

TEST(Directory, ReadsTheWatchersMap) {
    const auto peers = peersOfType(
        R"({"chat-1":{"serverType":"chat","host":"h","port":1},"g":{"serverType":"gate","host":"h"},
            "x":7,"y":{"serverType":"chat"},"z":{"type":"chat","host":"h","port":99999}})",
        "chat");
    ASSERT_EQ(peers.size(), 2U);
    EXPECT_EQ(peers[0], (Peer{"chat-1", "chat", "h", 1, 0}));
    EXPECT_EQ(peers[1].port, 0);
    EXPECT_TRUE(peersOfType("nonsense", "chat").empty());
}

TEST(Directory, SpreadsRoomsAndMovesOnlyThoseOfALostServer) {
    std::vector<Peer> peers;
    for (int i = 0; i < 4; ++i) peers.push_back({"chat-" + std::to_string(i), "chat", "h", 1, 0});
    const std::vector<Peer> fewer(peers.begin(), peers.begin() + 3);
    std::map<std::string, int> counts;
    for (int i = 0; i < 1000; ++i) {
        const std::string room = "room-" + std::to_string(i);
        const std::string owner = peerFor(room, peers)->id;
        ++counts[owner];
        if (owner == "chat-3") continue;
        EXPECT_EQ(peerFor(room, fewer)->id, owner);
    }
    for (const auto& [id, count] : counts) EXPECT_GT(count, 150) << id;
    EXPECT_EQ(peerFor("room", {}), nullptr);
}

}  // namespace
}  // namespace chat
