#include "test/unit/supervisor/supervisor_master_fixture.hpp"

namespace muster::supervisor {

class Applies : public SupervisorMasterTest {
protected:
    Applies() {
        bringAllUp();
        files = config;
    }
    /// chat-1 goes, chat-9 comes.
    void replaceChat() { files->servers.front().id = "chat-9"; }
    std::string plan() { return ask(R"({"op":"plan"})").value("plan", ""); }
    void apply(const std::string& plan) {
        answer.reset();
        master->clientHandler(*agent, {}, jsonText({{"op", "apply"}, {"plan", plan}}),
                              [&](Result<JsonText> result) {
                                  answer = result ? Json::parse(*result)["results"]
                                                  : Json(errcName(result.error().code()));
                              });
        loop.run();
    }
    std::map<std::string, std::string> changes() {
        std::map<std::string, std::string> kinds;
        const Json answered = ask(R"({"op":"plan"})");
        for (const Json& change : answered["changes"]) kinds[change["id"]] = change["change"];
        return kinds;
    }
    std::optional<Json> answer;
};

TEST_F(Applies, PlanNothingWhereNothingChanged) {
    EXPECT_EQ(changes(), (std::map<std::string, std::string>{{"chat-1", "unchanged"},
                                                             {"connector-1", "unchanged"}}));
    apply(plan());
    EXPECT_TRUE(answer->empty());
}

TEST_F(Applies, StopWhatGoesBeforeTheyStartWhatComes) {
    replaceChat();
    EXPECT_EQ(changes(),
              (std::map<std::string, std::string>{
                  {"chat-1", "remove"}, {"chat-9", "add"}, {"connector-1", "unchanged"}}));
    apply(plan());
    EXPECT_EQ(nextOrder(), "stop chat-1");
    EXPECT_EQ(orders.size(), 1U);
    orderDone("chat-1", ServerState::Stopped, 0);
    EXPECT_EQ(nextOrder(), "forget chat-1");
    orders.erase(orders.begin());
    replies.erase(replies.begin());
    EXPECT_EQ(nextOrder(), "start chat-9");
    orderDone("chat-9", ServerState::Ready, 19);
    ASSERT_TRUE(answer);
    EXPECT_EQ((*answer)[0]["change"], "remove");
    EXPECT_EQ((*answer)[1]["change"], "add");
    EXPECT_EQ((*answer)[1]["outcome"], "done");
    EXPECT_FALSE(store.get("desired/chat-1"));
}

TEST_F(Applies, RefuseAPlanThatTheStateHasOvertaken) {
    replaceChat();
    const std::string old = plan();
    files->servers.front().id = "chat-8";
    apply(old);
    EXPECT_EQ(*answer, "conflict");
    EXPECT_EQ(nextOrder(), "none");
}

TEST_F(Applies, RefuseASecondOneMeanwhile) {
    replaceChat();
    apply(plan());
    apply(plan());
    EXPECT_EQ(*answer, "conflict");
    EXPECT_EQ(orders.size(), 1U);
}

TEST_F(Applies, LeaveOutWhatWasAddedAtRunTime) {
    ask(R"({"op":"add","server":{"serverType":"chat"}})");
    EXPECT_EQ(changes()["chat-2"], "unchanged");
}

TEST_F(Applies, AnAdoptedConfigurationMovesNothing) {
    replaceChat();
    std::string summary;
    master->adopt(*files, [&](std::string text) { summary = std::move(text); });
    loop.run();
    EXPECT_EQ(nextOrder(), "none");
    EXPECT_EQ(summary, "1 to add, 1 to remove: muster plan shows, muster apply does it");
    EXPECT_EQ(changes()["chat-1"], "remove");
    EXPECT_EQ(changes()["chat-9"], "add");
}

}  // namespace muster::supervisor
