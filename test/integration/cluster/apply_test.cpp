#include "test/integration/cluster/cluster_fixture.hpp"
#include "test/support/send_signal.hpp"

#include <csignal>

namespace muster::test {

class ClusterApply : public ClusterFixture {
protected:
    /// chat-2 goes, chat-3 comes, gate-1 changes, connector-1 does not.
    void change() {
        setServers("chat", {"chat-1", "chat-3"});
        setType("gate", {{"command", {{"argv", {SERVER_PROGRAM, "slow", file("trace")}}}}});
        setType("connector", {{"stop", {{"timeout", "3s"}}}});
        writeConfig();
    }
    std::map<std::string, Json> plan() {
        const Ran ran = muster({"plan", "-o", "json", "-q"});
        std::map<std::string, Json> changes;
        const Json json = Json::parse(ran.output, nullptr, false);
        EXPECT_TRUE(json.is_object()) << ran.output;
        if (json.is_object())
            for (const Json& change : json["changes"]) changes[change["id"]] = change;
        return changes;
    }
};

TEST_F(ClusterApply, PlansEveryServerBeforeAnythingMoves) {
    startAll();
    const Pids before = servers();
    EXPECT_EQ(muster({"plan"}).status, 0);
    change();
    auto changes = plan();
    EXPECT_EQ(changes["chat-1"]["change"], "unchanged");
    EXPECT_EQ(changes["chat-2"]["change"], "remove");
    EXPECT_EQ(changes["chat-3"]["change"], "add");
    EXPECT_EQ(changes["connector-1"]["change"], "update");
    EXPECT_EQ(changes["connector-1"]["keys"], Json{"stop"});
    EXPECT_EQ(changes["gate-1"]["change"], "restart");
    EXPECT_EQ(changes["gate-1"]["keys"], (Json{"argv", "env.SECRET_OF_TYPE"}));
    const Ran diff = muster({"diff"});
    EXPECT_EQ(diff.status, 10);
    EXPECT_NE(diff.output.find("+ chat-3 add"), std::string::npos) << diff.output;
    EXPECT_EQ(diff.output.find("swordfish"), std::string::npos) << diff.output;
    EXPECT_EQ(servers(), before);
}

TEST_F(ClusterApply, DoesThePlanAndTouchesNothingElse) {
    startAll();
    const Pids before = servers();
    change();
    EXPECT_EQ(muster({"apply"}).status, 2);  // nobody can be asked
    EXPECT_EQ(servers(), before);
    const Ran ran = muster({"apply", "--yes"});
    EXPECT_EQ(ran.status, 0) << ran.output;
    const Pids after = servers();
    EXPECT_EQ(after.at("chat-1"), before.at("chat-1"));
    EXPECT_EQ(after.at("connector-1"), before.at("connector-1"));
    EXPECT_NE(after.at("gate-1"), before.at("gate-1"));
    EXPECT_FALSE(after.contains("chat-2"));
    EXPECT_TRUE(after.contains("chat-3"));
    ASSERT_TRUE(eventually(10s, [&] { return !rows().contains("chat-2"); }))
        << Json(rows()).dump(1);
    EXPECT_LT(placeOf("chat-2 ended"), placeOf("chat-3 started"));
    const Ran again = muster({"plan"});
    EXPECT_EQ(again.status, 0) << again.output;
    kill9("start");
    launch();
    ASSERT_TRUE(eventually(15s, [&] { return isReady({"chat-1", "chat-3", "gate-1"}); }));
    EXPECT_EQ(servers(), after);
    EXPECT_FALSE(rows().contains("chat-2"));
}

TEST_F(ClusterApply, RefusesAPlanThatIsNoLongerTrue) {
    startAll();
    change();
    const Json plan = Json::parse(muster({"plan", "-o", "json", "-q"}).output, nullptr, false);
    setServers("chat", {"chat-1", "chat-2", "chat-3"});
    writeConfig();
    const Pids before = servers();
    const Ran ran = muster({"apply", "--yes", "--plan", plan.value("plan", "?")});
    EXPECT_EQ(ran.status, 8) << ran.output;
    EXPECT_EQ(servers(), before);
}

TEST_F(ClusterApply, IsNoMatterForABrokenConfiguration) {
    startAll();
    const Pids before = servers();
    setType("chat", {{"commnad", "x"}});
    writeConfig();
    const Ran ran = muster({"plan", "--url", "mqtt://127.0.0.1:" + std::to_string(port())});
    EXPECT_EQ(ran.status, 2) << ran.output;
    EXPECT_NE(ran.output.find("commnad"), std::string::npos) << ran.output;
    EXPECT_EQ(servers(), before);
}

TEST_F(ClusterApply, ASignalTakesTheConfigurationButMovesNothing) {
    Child& master = startAll();
    const Pids before = servers();
    change();
    sendSignal(pid("start"), SIGHUP);
    EXPECT_NE(master.outputUntil("the configuration was read anew", 10s).find("1 to add"),
              std::string::npos);
    ASSERT_TRUE(eventually(10s, [&] { return row("gate-1").value("outdated", false); }));
    EXPECT_EQ(servers(), before);
    const Ran ran = muster({"restart", "all", "--rolling", "--only-changed"});
    EXPECT_EQ(ran.status, 0) << ran.output;
    const Pids after = servers();
    EXPECT_NE(after.at("gate-1"), before.at("gate-1"));
    EXPECT_EQ(after.at("chat-2"), before.at("chat-2"));
    EXPECT_EQ(plan()["chat-3"]["change"], "add");
}

}  // namespace muster::test
