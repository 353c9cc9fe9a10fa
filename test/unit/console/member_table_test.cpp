#include "master/console/member_table.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Presence record(std::string id, std::string incarnation, std::string state = "ready") {
    Presence presence;
    presence.server.id = std::move(id);
    presence.server.type = "chat";
    presence.server.incarnation = std::move(incarnation);
    presence.state = std::move(state);
    return presence;
}

ServerInfo pomelo(std::string id, long pid) {
    ServerInfo server;
    server.id = std::move(id);
    server.type = "gate";
    server.pid = pid;
    server.isPomelo = true;
    return server;
}

std::string told(const MemberChanges& changes) {
    std::string text;
    for (const auto& change : changes) {
        const char* sign = change.event == MemberEvent::Registered    ? "+"
                           : change.event == MemberEvent::Reconnected ? "~"
                                                                      : "-";
        text += sign + change.server.id + change.server.incarnation +
                (change.server.pid > 0 ? std::to_string(change.server.pid) : "");
    }
    return text;
}

class MemberTableTest : public testing::Test {
protected:
    MemberTable table;
    TimePoint now{seconds(100)};
};

TEST_F(MemberTableTest, TellsANewcomerOnce) {
    EXPECT_EQ(told(table.presence(record("a", "1", "online"), now)), "+a1");
    EXPECT_EQ(told(table.presence(record("a", "1", "ready"), now)), "");
    EXPECT_EQ(table.find("a")->state, "ready");
}

TEST_F(MemberTableTest, TellsOfABlipOnlyThatItIsOver) {
    table.presence(record("a", "1"), now);
    EXPECT_EQ(told(table.presence(record("a", "1", "offline"), now)), "");
    EXPECT_TRUE(table.find("a")->isAway());
    EXPECT_EQ(told(table.tick(now + milliseconds(2999))), "");
    EXPECT_EQ(told(table.presence(record("a", "1"), now + milliseconds(2999))), "~a1");
    EXPECT_FALSE(table.nextLeave().has_value());
}

TEST_F(MemberTableTest, TellsOfALeaveAfterTheGraceTime) {
    table.presence(record("a", "1"), now);
    table.presence(record("a", "1", "offline"), now);
    EXPECT_EQ(table.nextLeave(), now + seconds(3));
    EXPECT_EQ(told(table.tick(now + seconds(3))), "-a1");
    EXPECT_EQ(table.find("a"), nullptr);
    EXPECT_EQ(told(table.tick(now + seconds(9))), "");
}

TEST_F(MemberTableTest, TellsOfAMeantLeaveAtOnce) {
    table.presence(record("a", "1"), now);
    table.presence(record("a", "1", "stopping"), now);
    EXPECT_EQ(told(table.presence(record("a", "1", "offline"), now)), "-a1");
}

TEST_F(MemberTableTest, IgnoresTheLateLeaveOfAnOlderLife) {
    table.presence(record("a", "1"), now);
    EXPECT_EQ(told(table.presence(record("a", "2"), now)), "-a1+a2");
    EXPECT_EQ(told(table.presence(record("a", "1", "offline"), now)), "");
    EXPECT_FALSE(table.find("a")->isAway());
    EXPECT_EQ(told(table.tick(now + seconds(10))), "");
}

TEST_F(MemberTableTest, TellsARespawnWithinTheGraceTimeAsLeaveAndJoin) {
    table.presence(record("a", "1"), now);
    table.presence(record("a", "1", "offline"), now);
    EXPECT_EQ(told(table.presence(record("a", "2"), now + seconds(1))), "-a1+a2");
    EXPECT_EQ(told(table.tick(now + seconds(10))), "");
}

TEST_F(MemberTableTest, IgnoresStrangersThatLeave) {
    EXPECT_EQ(told(table.presence(record("a", "1", "offline"), now)), "");
    EXPECT_EQ(table.size(), 0U);
    (void)table.leave("b", now, false);
    table.erased("b", now);
}

TEST_F(MemberTableTest, GivesAMemberTimeToRewriteAnErasedRecord) {
    table.presence(record("a", "1"), now);
    table.erased("a", now);
    EXPECT_EQ(told(table.presence(record("a", "1"), now + seconds(1))), "~a1");
}

TEST_F(MemberTableTest, TellsAtOnceOfAPomeloPeerThatSaidGoodbye) {
    table.join(pomelo("g", 7), false);
    EXPECT_EQ(told(table.leave("g", now, true)), "-g7");
    EXPECT_EQ(told(table.leave("g", now, true)), "");
}

TEST_F(MemberTableTest, DebouncesPomeloPeersToo) {
    EXPECT_EQ(told(table.join(pomelo("g", 7), false)), "+g7");
    (void)table.leave("g", now, false);
    EXPECT_EQ(told(table.join(pomelo("g", 7), true)), "~g7");
    (void)table.leave("g", now, false);
    EXPECT_EQ(told(table.tick(now + seconds(3))), "-g7");
}

TEST_F(MemberTableTest, TakesAnotherProcessOfAPomeloIdAsANewLife) {
    table.join(pomelo("g", 7), false);
    EXPECT_EQ(told(table.join(pomelo("g", 8), false)), "-g7+g8");
}

TEST_F(MemberTableTest, TellsAPomeloReconnectToAFreshMasterAsSuch) {
    EXPECT_EQ(told(table.join(pomelo("g", 7), true)), "~g7");
}

TEST_F(MemberTableTest, LetsANativeMemberReplaceAPomeloOne) {
    table.join(pomelo("g", 7), false);
    EXPECT_EQ(told(table.presence(record("g", "1"), now)), "-g7+g1");
    EXPECT_EQ(table.pomeloMembers(), 0U);
    (void)table.leave("g", now, false);  // the pomelo link's end comes late
    EXPECT_FALSE(table.find("g")->isAway());
}

TEST_F(MemberTableTest, KnowsTypesAndOrder) {
    table.presence(record("b", "1"), now);
    table.presence(record("a", "1"), now);
    table.join(pomelo("g", 7), false);
    EXPECT_TRUE(table.hasType("chat"));
    EXPECT_TRUE(table.hasType("gate"));
    EXPECT_EQ(table.servers().front().id, "a");
    (void)table.leave("g", now, false);
    table.tick(now + seconds(3));
    EXPECT_FALSE(table.hasType("gate"));
}

TEST(Presence, IsReadWithItsPropertiesMerged) {
    const auto presence = decodePresence(
        "c-1", R"({"v":1,"state":"ready","type":"connector","host":"h","port":3150,"pid":42,)"
               R"("incarnation":"x","busy":3,"info":{"clientPort":3010}})");
    ASSERT_TRUE(presence) << presence.error().detail();
    EXPECT_EQ(presence->busy, 3);
    EXPECT_EQ(
        presence->server.info,
        R"({"clientPort":3010,"host":"h","id":"c-1","pid":42,"port":3150,"serverType":"connector"})");
}

TEST(Presence, RefusesBadFieldsByName) {
    for (const char* text :
         {"", "[]", "{}", R"({"state":"up","type":"t"})", R"({"state":"ready"})",
          R"({"state":"ready","type":"a/b"})", R"({"state":"ready","type":"t","port":70000})",
          R"({"state":"ready","type":"t","port":"80"})", R"({"state":"ready","type":"t","pid":-1})",
          R"({"state":"ready","type":"t","info":[]})", R"({"state":"ready","type":"t","host":{}})",
          R"({"state":"ready","type":"t","busy":18446744073709551615})"})
        EXPECT_FALSE(decodePresence("a", text)) << text;
}

TEST(Presence, OfAPomeloPeerComesBackAsItWasWritten) {
    ServerInfo server = pomelo("g", 7);
    server.info = R"({"frontend":"true"})";
    const auto presence = decodePresence("g", encodePresence(server, "online", WallTime()));
    ASSERT_TRUE(presence);
    EXPECT_TRUE(presence->server.isPomelo);
    EXPECT_EQ(presence->server.pid, 7);
}

TEST_F(MemberTableTest, BelievesInNativeMembersAgainWhenTheySpeak) {
    for (const char* id : {"a", "b", "c"}) table.presence(record(id, "1"), now);
    table.join(pomelo("p", 7), false);
    table.presence(record("c", "1", "offline"), now);
    table.doubtAll();
    EXPECT_EQ(table.doubted(), 2U);
    EXPECT_EQ(told(table.presence(record("a", "1"), now)), "~a1");
    EXPECT_EQ(told(table.presence(record("a", "1"), now)), "");
    EXPECT_EQ(told(table.dropDoubted()), "-b1");
    EXPECT_EQ(told(table.dropDoubted()), "");
    EXPECT_EQ(table.size(), 3U);
}

}  // namespace
}  // namespace muster
