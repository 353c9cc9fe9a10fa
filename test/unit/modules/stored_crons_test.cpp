#include "modules/console/stored_crons.hpp"

#include "test/support/manual_loop.hpp"
#include "test/support/memory_store.hpp"

#include <gtest/gtest.h>

namespace muster::modules {
namespace {

class StoredCronsTest : public testing::Test {
protected:
    static config::Cron cron(const std::string& action) {
        config::Cron cron;
        cron.id = "8";
        cron.serverId = "chat-1";
        cron.time = "* * * * * *";
        cron.action = action;
        return cron;
    }
    CronStore::Done note() {
        return [this](const Result<void>& result) {
            said.push_back(result ? "ok" : std::string(errcName(result.error().code())));
        };
    }
    test::ManualLoop loop;
    test::MemoryStore store{loop};
    StoredCrons crons{store};
    std::vector<std::string> said;
};

TEST_F(StoredCronsTest, SaysThatItHasOneWhenItIsCommitted) {
    crons.add(cron("a.b"), note());
    EXPECT_TRUE(said.empty());
    loop.run();
    ASSERT_EQ(crons.crons().size(), 1U);
    EXPECT_EQ(crons.crons()[0].action, "a.b");
    crons.erase("8", note());
    loop.run();
    EXPECT_TRUE(crons.crons().empty());
    EXPECT_EQ(said, (std::vector<std::string>{"ok", "ok"}));
}

TEST_F(StoredCronsTest, TakesOneOfTwoThatAreAddedAtOnce) {
    crons.add(cron("a.b"), note());
    crons.add(cron("c.d"), note());
    loop.run();
    EXPECT_EQ(said, (std::vector<std::string>{"ok", "conflict"}));
    EXPECT_EQ(crons.crons().at(0).action, "a.b");
}

TEST_F(StoredCronsTest, SaysWhyItHasNone) {
    store.setFull(true);
    crons.add(cron("a.b"), note());
    loop.run();
    EXPECT_EQ(said, std::vector<std::string>{"failed"});
    EXPECT_TRUE(crons.crons().empty());
}

}  // namespace
}  // namespace muster::modules
