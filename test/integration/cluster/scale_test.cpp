#include "test/integration/cluster/cluster_fixture.hpp"

namespace muster::test {

class ClusterScale : public ClusterFixture {};

TEST_F(ClusterScale, GivesATypeAnotherNumberAndTouchesNobodyElse) {
    startAll();
    const Pids before = servers();
    const Ran plan = muster({"scale", "chat", "4", "--dry-run"});
    EXPECT_EQ(plan.status, 10) << plan.output;
    EXPECT_EQ(servers(), before);
    const Ran up = muster({"scale", "chat", "4"});
    EXPECT_EQ(up.status, 0) << up.output;
    Pids four = servers();
    EXPECT_EQ(four.size(), before.size() + 2);
    for (const auto& [id, pid] : before) EXPECT_EQ(four.at(id), pid) << id;
    EXPECT_TRUE(isReady({"chat-1", "chat-2", "chat-3", "chat-4"}));
    EXPECT_EQ(muster({"scale", "chat", "4"}).status, 0);
    EXPECT_EQ(servers(), four);

    kill9("start");
    launch();
    ASSERT_TRUE(eventually(15s, [&] { return isReady({"chat-3", "chat-4", "gate-1"}); }));
    EXPECT_EQ(servers(), four);

    EXPECT_EQ(muster({"scale", "chat", "1"}).status, 2);  // nobody can be asked
    EXPECT_EQ(servers(), four);
    const Ran down = muster({"scale", "chat", "1", "--yes"});
    EXPECT_EQ(down.status, 0) << down.output;
    ASSERT_TRUE(eventually(10s, [&] { return !rows().contains("chat-4"); }));
    EXPECT_EQ(row("chat-2").value("state", ""), "stopped");
    const Pids after = servers();
    EXPECT_EQ(after.size(), before.size() - 1);
    EXPECT_EQ(after.at("chat-1"), before.at("chat-1"));
    EXPECT_EQ(muster({"plan"}).status, 0);
    EXPECT_EQ(muster({"scale", "caht", "1"}).status, 3);
}

}  // namespace muster::test
