#include "test/unit/supervisor/supervisor_master_fixture.hpp"

namespace muster::supervisor {

/// What happens while something else is under way.
class Overlap : public SupervisorMasterTest {
protected:
    /// The node answers its `number`-th open order.
    void answer(std::size_t number) {
        auto reply = std::move(replies.at(number));
        replies.erase(replies.begin() + static_cast<std::ptrdiff_t>(number));
        orders.erase(orders.begin() + static_cast<std::ptrdiff_t>(number));
        reply(JsonText("{}"));
        loop.run();
    }
    void restart(const Selection& selection, OutcomesReply done) {
        master->restart(selection, 60s, std::move(done));
        loop.run();
    }
};

TEST_F(Overlap, ARestartOfOneThatARollingRestartHasNotReached) {
    bringAllUp();
    ask(R"({"op":"add","server":{"serverType":"chat"}})");
    orderDone("chat-2", ServerState::Ready, 13);
    restart({{}, "chat"}, take());
    std::optional<std::vector<ServerOutcome>> single;
    restart({{"chat-2"}, ""}, [&](auto given) { single = std::move(given); });
    ASSERT_EQ(orders.size(), 2U);
    report({false, {status("chat-2", ServerState::Ready, 14)}, {}});
    answer(1);  // of chat-2, before chat-1 has its own
    ASSERT_TRUE(single);
    EXPECT_EQ(single->front().kind, Kind::Done);
    EXPECT_FALSE(outcomes);
    orderDone("chat-1", ServerState::Ready, 15);
    EXPECT_EQ(nextOrder(), "restart chat-2");
    orderDone("chat-2", ServerState::Ready, 16);
    ASSERT_TRUE(outcomes);
    EXPECT_EQ(outcomes->size(), 2U);
}

TEST_F(Overlap, AnAnswerThatStopsTheModuleWhileAnotherOperationIsOpen) {
    bringAllUp();
    bool isAnswered = false;
    master->stop(Selection{{"connector-1"}, ""}, 60s, [&](const auto&) {
        isAnswered = true;
        master->stop();
    });
    loop.run();
    restart({{"chat-1"}, ""}, take());
    orderDone("connector-1", ServerState::Stopped, 0);
    EXPECT_TRUE(isAnswered);
}

TEST_F(Overlap, ASnapshotWithoutAPomeloServerThatIsRegistered) {
    config.types["chat"].isPomelo = true;
    makeMaster();
    bringAllUp();
    ServerInfo info;
    info.id = "chat-1";
    info.type = "chat";
    info.isPomelo = true;
    agent->member(MemberEvent::Registered, info);
    report({true, {}, {}});
    const Json rows = ask(R"({"op":"list"})")["servers"];
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_FALSE(rows[0].contains("restarts")) << rows;  // nothing is known of its process
}

TEST_F(Overlap, ANodeThatLooksForItsProcessesDoesNotCallThemGone) {
    std::vector<std::string> down;
    master->onDown([&](const std::string& id) { down.push_back(id); });
    nodeArrives({status("chat-1", ServerState::Adopting, 0),
                 status("connector-1", ServerState::Failed, 0)});
    EXPECT_EQ(down, std::vector<std::string>{"connector-1"});
}

}  // namespace muster::supervisor
