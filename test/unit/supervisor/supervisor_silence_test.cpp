#include "test/unit/supervisor/supervisor_master_fixture.hpp"

#include <algorithm>

namespace muster::supervisor {

TEST(NodeWatch, TellsOnceWhoSaysNothing) {
    NodeWatch watch;
    TimePoint now{std::chrono::hours(1)};
    watch.look(now);
    watch.heard("a", now);
    watch.heard("b", now);
    for (int second = 0; second < 11; ++second) {
        EXPECT_TRUE(watch.look(now += 1s).empty()) << second;
        watch.heard("b", now);
    }
    EXPECT_EQ(watch.look(now += 1s), std::vector<std::string>{"a"});
    EXPECT_TRUE(watch.look(now += 1s).empty());
    watch.heard("a", now);
    watch.gone("b");
    for (int second = 0; second < 11; ++second) EXPECT_TRUE(watch.look(now += 1s).empty());
    EXPECT_EQ(watch.look(now += 1s), std::vector<std::string>{"a"});
}

TEST(NodeWatch, DoubtsItselfFirstAfterAPauseOfItsOwn) {
    NodeWatch watch;
    TimePoint now{std::chrono::hours(1)};
    watch.look(now);
    watch.heard("a", now);
    EXPECT_TRUE(watch.look(now += 60s).empty());
    for (int second = 0; second < 11; ++second) EXPECT_TRUE(watch.look(now += 1s).empty());
    EXPECT_EQ(watch.look(now += 1s), std::vector<std::string>{"a"});
}

/// Its connection stands, but nothing comes.
class SilentNode : public SupervisorMasterTest {
protected:
    SilentNode() { bringAllUp(); }
    void pass(int seconds) {
        for (int second = 0; second < seconds; ++second) loop.advance(1s);
    }
    Json row(const std::string& id) {
        const Json list = ask(R"({"op":"list"})");
        for (const Json& row : list["servers"])
            if (row["id"] == id) return row;
        return {};
    }
    bool hasEvent(const std::string& event) const {
        return std::count(agent->events.begin(), agent->events.end(), event) == 1;
    }
    std::vector<ServerStatus> both() {
        return {status("chat-1", ServerState::Ready, 11),
                status("connector-1", ServerState::Ready, 12)};
    }
};

TEST_F(SilentNode, MakesItsServersLostWithTheAgeOfTheirData) {
    pass(11);
    EXPECT_EQ(row("chat-1")["state"], "ready");
    pass(2);
    const Json lost = row("chat-1");
    EXPECT_EQ(lost["state"], "lost");
    EXPECT_EQ(lost["ready"], false);
    EXPECT_GE(lost["ageMs"], 12'000);
    EXPECT_EQ(lost["note"], "no data for 13 s: no word from node-a");
    EXPECT_EQ(nextOrder(), "none");  // started nowhere else, and nothing stopped
    pass(60);
    EXPECT_TRUE(hasEvent("lost chat-1"));
    EXPECT_TRUE(hasEvent("lost connector-1"));
    EXPECT_EQ(nextOrder(), "none");
}

TEST_F(SilentNode, IsBelievedAgainWithItsSnapshot) {
    pass(20);
    report({false, {status("chat-1", ServerState::Ready, 11)}, {}});
    EXPECT_EQ(row("chat-1")["state"], "lost");  // bits of news are not all there is
    report({true, both(), {}});
    EXPECT_EQ(row("chat-1")["state"], "ready");
    EXPECT_TRUE(hasEvent("found chat-1"));
    EXPECT_TRUE(hasEvent("found connector-1"));
    EXPECT_EQ(nextOrder(), "none");
}

TEST_F(SilentNode, IsNoneWhileItSpeaks) {
    for (int times = 0; times < 10; ++times) {
        pass(5);
        report({true, both(), {}});
    }
    EXPECT_EQ(row("chat-1")["state"], "ready");
    EXPECT_FALSE(hasEvent("lost chat-1"));
}

TEST_F(SilentNode, ThatIsDisconnectedIsToldWhenItDoesNotComeBack) {
    agent->member(MemberEvent::Disconnected, node());
    pass(9);
    EXPECT_FALSE(hasEvent("lost chat-1"));
    EXPECT_EQ(row("chat-1")["state"], "lost");
    pass(2);
    EXPECT_TRUE(hasEvent("lost chat-1"));
    nodeArrives(both());
    EXPECT_TRUE(hasEvent("found chat-1"));
}

}  // namespace muster::supervisor
