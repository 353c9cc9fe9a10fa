#include "test/unit/supervisor/supervisor_master_fixture.hpp"

namespace muster::supervisor {

class Additions : public SupervisorMasterTest {
protected:
    static constexpr const char* kEntry = R"({"serverType":"chat"})";
    void add() {
        master->add(kEntry, [this](auto ids) { answers.push_back(std::move(ids)); });
    }
    std::size_t rows() { return ask(R"({"op":"list"})")["servers"].size(); }
    std::vector<Result<std::vector<std::string>>> answers;
};

TEST_F(Additions, AreAnsweredWhenTheyAreInTheStore) {
    add();
    EXPECT_TRUE(answers.empty());
    EXPECT_FALSE(store.get("added/chat-2"));
    loop.run();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_TRUE(answers.front());
    EXPECT_TRUE(store.get("added/chat-2"));
}

TEST_F(Additions, ThatAreNotStoredAreAnErrorAndChangeNothing) {
    bringAllUp();
    store.setFull(true);
    add();
    loop.run();
    ASSERT_EQ(answers.size(), 1U);
    ASSERT_FALSE(answers.front());
    EXPECT_EQ(answers.front().error().detail(), "nothing was added: the disk is full");
    EXPECT_EQ(rows(), 2U);
    EXPECT_EQ(nextOrder(), "none");
    store.setFull(false);
    add();
    loop.run();
    EXPECT_TRUE(answers.back());
    EXPECT_EQ(rows(), 3U);
    EXPECT_EQ(nextOrder(), "start chat-2");
}

TEST_F(Additions, OfOneIdAtOnceAreOne) {
    add();
    add();
    loop.run();
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_TRUE(answers.front());
    ASSERT_FALSE(answers.back());
    EXPECT_EQ(answers.back().error().code(), Errc::Conflict);
}

TEST_F(Additions, MayBeMadeInTheAnswerToOne) {
    master->add(kEntry, [this](const auto&) { add(); });
    loop.run();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_FALSE(answers.front());
    EXPECT_EQ(rows(), 3U);
}

}  // namespace muster::supervisor
