#include "modules/supervisor/supervisor_master.hpp"

#include "modules/supervisor/server_spec.hpp"
#include "test/support/manual_loop.hpp"
#include "test/support/memory_store.hpp"

#include <muster/json.hpp>

#include <gtest/gtest.h>

namespace muster::supervisor {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using Kind = ServerOutcome::Kind;

namespace {

class FakeAgent final : public MasterAgent {
public:
    std::vector<ServerInfo> servers() const override { return {}; }
    std::optional<ServerInfo> server(std::string_view) const override { return std::nullopt; }
    void request(std::string_view, std::string_view, JsonText, Reply done,
                 std::chrono::milliseconds) override {
        done(Error(Errc::Timeout));
    }
    void requestServer(std::string_view, std::string_view, int, std::string_view, JsonText,
                       Reply done, std::chrono::milliseconds) override {
        done(Error(Errc::Timeout));
    }
    Result<void> notifyById(std::string_view, std::string_view, JsonText body) override {
        notified.push_back(std::move(body));
        return {};
    }
    Result<void> notifyByServer(std::string_view, std::string_view, int, std::string_view,
                                JsonText) override {
        return {};
    }
    Result<void> notifyByType(std::string_view, std::string_view, JsonText) override { return {}; }
    Result<void> notifyAll(std::string_view, JsonText) override { return {}; }
    Result<void> notifyClient(std::string_view, std::string_view, JsonText) override { return {}; }
    Result<void> notifyCommand(std::string_view, std::string_view) override { return {}; }
    void set(std::string_view, JsonText) override {}
    JsonText get(std::string_view) const override { return "null"; }
    void onMember(std::function<void(MemberEvent, const ServerInfo&)> listener) override {
        member = std::move(listener);
    }
    void publishEvent(std::string_view kind, std::string_view id, JsonText) override {
        events.push_back(std::string(kind) + " " + std::string(id));
    }
    std::function<void(MemberEvent, const ServerInfo&)> member;
    std::vector<std::string> notified, events;
};

config::Cluster cluster() {
    config::Cluster cluster;
    cluster.name = "test";
    for (const std::string type : {"chat", "connector"}) {
        config::Server server;
        server.id = type + "-1";
        server.type = type;
        cluster.servers.push_back(server);
        cluster.types[type].type = type;
    }
    cluster.types["connector"].dependsOn = {"chat"};
    return cluster;
}

/// A master's half with one node that the test plays.
class SupervisorMasterTest : public testing::Test {
protected:
    SupervisorMasterTest() { makeMaster(); }

    void makeMaster() {
        SupervisorPorts ports;
        ports.order = [this](NodeOrder order, Reply done) {
            orders.push_back(order.body);
            replies.push_back(std::move(done));
        };
        ports.orders = [](std::size_t) { return JsonText("[]"); };
        ports.events = [](const std::string&) { return std::vector<JsonText>{}; };
        ports.leader = [] { return JsonText(R"({"id":"m","epoch":1})"); };
        ports.commit = [this](Transaction transaction, auto done) {
            store.commit(std::move(transaction), std::move(done));
        };
        ports.nodeOf = [](const std::string&) { return std::string("node-a"); };
        ports.environment = [](const config::Server&) {
            return std::map<std::string, std::string>{{"MUSTER_CLUSTER", "test"}};
        };
        ports.command = [](const config::Cluster&, const config::Server& server) {
            config::Command command;
            command.argv = {"/bin/" + server.type};
            return Result<config::Command>(command);
        };
        ports.readServers = [](const JsonText&, const config::Cluster&) {
            config::Server server;
            server.id = "chat-2";
            server.type = "chat";
            return Result<std::vector<config::Server>>(std::vector{server});
        };
        agent = std::make_unique<FakeAgent>();
        master = std::make_unique<SupervisorMaster>(loop, store, cluster(), std::move(ports));
        master->start(*agent);
    }
    void nodeArrives(std::vector<ServerStatus> servers = {}) {
        agent->member(MemberEvent::Registered, node());
        report({true, std::move(servers), {}});
    }
    static ServerInfo node() {
        ServerInfo info;
        info.id = "node-a";
        info.type = "node";
        return info;
    }
    void report(const NodeReport& report) {
        master->masterHandler(*agent, node(), encode(report), [](auto) {});
        loop.run();
    }
    static ServerStatus status(const std::string& id, ServerState state, pid_t pid) {
        ServerStatus status;
        status.id = id;
        status.state = state;
        status.pid = pid;
        status.wantsRun = pid != 0;
        status.isReady = state == ServerState::Ready;
        return status;
    }
    /// The node has carried out the oldest order and says so.
    void orderDone(const std::string& id, ServerState state, pid_t pid) {
        report({false, {status(id, state, pid)}, {}});
        ASSERT_FALSE(replies.empty());
        auto reply = std::move(replies.front());
        replies.erase(replies.begin());
        orders.erase(orders.begin());
        reply(JsonText("{}"));
        loop.run();
    }
    std::string nextOrder() const {
        if (orders.empty()) return "none";
        const Json order = Json::parse(orders.front());
        const std::string id = order.contains("id") ? order["id"] : order["server"]["id"];
        return order["op"].get<std::string>() + " " + id;
    }
    void bringAllUp() {
        nodeArrives();
        master->bringUp({});
        loop.run();
        orderDone("chat-1", ServerState::Ready, 11);
        orderDone("connector-1", ServerState::Ready, 12);
    }
    OutcomesReply take() {
        return [this](std::vector<ServerOutcome> given) { outcomes = std::move(given); };
    }
    Json ask(const JsonText& message) {
        Json answer;
        master->clientHandler(*agent, {}, message, [&](Result<JsonText> result) {
            answer = result ? Json::parse(*result) : Json(errcName(result.error().code()));
        });
        loop.run();
        return answer;
    }

    test::ManualLoop loop;
    test::MemoryStore store{loop};
    std::vector<JsonText> orders;
    std::vector<Reply> replies;
    std::unique_ptr<FakeAgent> agent;
    std::unique_ptr<SupervisorMaster> master;
    std::optional<std::vector<ServerOutcome>> outcomes;
};

}  // namespace

TEST_F(SupervisorMasterTest, BringsServersUpInTheOrderOfTheirDependencies) {
    nodeArrives();
    master->bringUp({});
    loop.run();
    EXPECT_EQ(orders.size(), 1U);
    EXPECT_EQ(nextOrder(), "start chat-1");
    orderDone("chat-1", ServerState::Starting, 11);
    EXPECT_EQ(nextOrder(), "none");
    report({false, {status("chat-1", ServerState::Ready, 11)}, {}});
    EXPECT_EQ(nextOrder(), "start connector-1");
}

TEST_F(SupervisorMasterTest, OrdersNothingBeforeItKnowsWhatTheNodeRuns) {
    master->bringUp({});
    loop.run();
    agent->member(MemberEvent::Registered, node());
    loop.run();
    EXPECT_EQ(nextOrder(), "none");
}

TEST_F(SupervisorMasterTest, StartsNothingAgainThatOutlivedTheMaster) {
    bringAllUp();
    makeMaster();
    nodeArrives(
        {status("chat-1", ServerState::Ready, 11), status("connector-1", ServerState::Ready, 12)});
    master->bringUp({});
    loop.run();
    EXPECT_EQ(nextOrder(), "none");
}

TEST_F(SupervisorMasterTest, StopsInReverseAndSaysHow) {
    bringAllUp();
    master->stop(Selection{}, 10s, take());
    loop.run();
    EXPECT_EQ(nextOrder(), "stop connector-1");
    orderDone("connector-1", ServerState::Stopped, 0);
    EXPECT_EQ(nextOrder(), "stop chat-1");
    EXPECT_FALSE(outcomes);
    orderDone("chat-1", ServerState::Stopped, 0);
    ASSERT_TRUE(outcomes);
    EXPECT_EQ(outcomes->size(), 2U);
    EXPECT_EQ(outcomes->front().kind, Kind::Done);
}

TEST_F(SupervisorMasterTest, KeepsStoppedWhatAPersonStopped) {
    bringAllUp();
    master->stop(Selection{{"connector-1"}, ""}, 10s, take());
    loop.run();
    orderDone("connector-1", ServerState::Stopped, 0);
    makeMaster();
    nodeArrives({status("chat-1", ServerState::Ready, 11)});
    master->bringUp({});
    loop.run();
    EXPECT_EQ(nextOrder(), "none");
    master->start(Selection{{"connector-1"}, ""}, 10s, take());
    loop.run();
    EXPECT_EQ(nextOrder(), "start connector-1");
}

TEST_F(SupervisorMasterTest, StartsAllAgainAfterAllWereStopped) {
    bringAllUp();
    master->stop(Selection{}, 10s, take());
    loop.run();
    orderDone("connector-1", ServerState::Stopped, 0);
    orderDone("chat-1", ServerState::Stopped, 0);
    makeMaster();
    nodeArrives();
    master->bringUp({});
    loop.run();
    EXPECT_EQ(nextOrder(), "start chat-1");
}

TEST_F(SupervisorMasterTest, SaysThatAServerRunsAlready) {
    bringAllUp();
    master->start(Selection{}, 10s, take());
    loop.run();
    ASSERT_TRUE(outcomes);
    EXPECT_EQ(outcomes->front().kind, Kind::AlreadyThere);
}

TEST_F(SupervisorMasterTest, NamesTheBlockerWhenAStartTakesTooLong) {
    nodeArrives();
    master->start(Selection{{"connector-1", "chat-1"}, ""}, 10s, take());
    loop.run();
    orderDone("chat-1", ServerState::Starting, 11);
    loop.advance(10s);
    ASSERT_TRUE(outcomes);
    for (const auto& outcome : *outcomes) {
        EXPECT_EQ(outcome.kind, Kind::TimedOut);
        if (outcome.id == "connector-1") {
            EXPECT_EQ(outcome.detail, "waits for chat-1 ready, which is starting");
        }
    }
}

TEST_F(SupervisorMasterTest, RestartEndsWhenTheNewProcessIsReady) {
    bringAllUp();
    master->restart(Selection{{"chat-1"}, ""}, 10s, take());
    loop.run();
    EXPECT_EQ(nextOrder(), "restart chat-1");
    orderDone("chat-1", ServerState::Starting, 13);
    EXPECT_FALSE(outcomes);
    report({false, {status("chat-1", ServerState::Ready, 13)}, {}});
    ASSERT_TRUE(outcomes);
    EXPECT_EQ(outcomes->front().kind, Kind::Done);
}

TEST_F(SupervisorMasterTest, ShowsServersOfALostNodeAsLost) {
    bringAllUp();
    agent->member(MemberEvent::Disconnected, node());
    loop.advance(3s);
    const Json rows = ask(R"({"op":"list"})")["servers"];
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0]["state"], "lost");
    EXPECT_EQ(rows[0]["ready"], false);
    EXPECT_EQ(rows[0]["ageMs"], 3000);
}

TEST_F(SupervisorMasterTest, ShowsAServerThatCameByItselfAndDoesNotTouchIt) {
    ServerInfo info;
    info.id = "guest-1";
    info.type = "guest";
    agent->member(MemberEvent::Registered, info);
    const Json row = ask(R"({"op":"status","id":"guest-1"})")["server"];
    EXPECT_EQ(row["managed"], false);
    const Json results = ask(R"({"op":"stop","ids":["guest-1"]})")["results"];
    EXPECT_EQ(results[0]["outcome"], "refused");
}

TEST_F(SupervisorMasterTest, AnswersUnknownServersAndUnknownOps) {
    EXPECT_EQ(ask(R"({"op":"stop","ids":["x"]})")["results"][0]["outcome"], "unknown_server");
    EXPECT_EQ(ask(R"({"op":"status","id":"x"})"), "unknown_server");
    EXPECT_EQ(ask(R"({"op":"dance"})"), "bad_message");
    EXPECT_EQ(ask("[1,2"), "bad_message");
    EXPECT_EQ(ask(R"({"op":"start","ids":7})"), "bad_message");
}

TEST_F(SupervisorMasterTest, HearsOfServersFromNodesOnly) {
    ServerInfo liar;
    liar.id = "chat-1";
    liar.type = "node";
    std::optional<Errc> refused;
    master->masterHandler(*agent, liar, encode(NodeReport{true, {}, {}}),
                          [&](Result<JsonText> result) { refused = result.error().code(); });
    EXPECT_EQ(refused, Errc::Denied);
}

TEST_F(SupervisorMasterTest, TellsTheNodeThatAServerIsReady) {
    nodeArrives();
    master->bringUp({});
    loop.run();
    orderDone("chat-1", ServerState::Starting, 11);
    ServerInfo info;
    info.id = "chat-1";
    info.type = "chat";
    agent->member(MemberEvent::Registered, info);
    master->memberReady("chat-1");
    ASSERT_EQ(agent->notified.size(), 1U);
    EXPECT_EQ(Json::parse(agent->notified.front())["op"], "memberReady");
}

TEST_F(SupervisorMasterTest, StartsWhatIsAddedAndKnowsItAfterARestart) {
    bringAllUp();
    EXPECT_EQ(ask(R"({"op":"add","server":{"serverType":"chat"}})")["ids"][0], "chat-2");
    EXPECT_EQ(nextOrder(), "start chat-2");
    makeMaster();
    EXPECT_EQ(ask(R"({"op":"list"})")["servers"].size(), 3U);
}

TEST_F(SupervisorMasterTest, MirrorsRowsToTheStoreOnlyWhenTheyChange) {
    bringAllUp();
    loop.advance(1s);
    const std::string row = store.get("server/chat-1")->value;
    EXPECT_EQ(Json::parse(row)["state"], "ready");
    EXPECT_FALSE(Json::parse(row).contains("ageMs"));
}

TEST_F(SupervisorMasterTest, StoresNoVariableOrArgumentInAnOrder) {
    nodeArrives();
    master->bringUp({});
    loop.run();
    EXPECT_EQ(Json::parse(orders.front()), Json::parse(R"({"op":"start","id":"chat-1"})"));
}

TEST_F(SupervisorMasterTest, LeavesAnOrderForAServerItDoesNotKnowWithoutOne) {
    const JsonText order = R"({"op":"start","id":"gone-1"})";
    EXPECT_EQ(master->orderMessage(order), order);  // which its node refuses
    EXPECT_EQ(master->orderMessage("[]"), "[]");
    EXPECT_EQ(master->orderMessage(R"({"op":7,"id":7})"), R"({"op":7,"id":7})");
}

TEST_F(SupervisorMasterTest, ShowsWhatAServerSaysOfItselfByItsPresence) {
    bringAllUp();
    ServerInfo info;
    info.id = "chat-1";
    info.type = "chat";
    agent->member(MemberEvent::Registered, info);
    master->memberSays("chat-1", 7, "1.2.3");
    const Json row = ask(R"({"op":"status","id":"chat-1"})")["server"];
    EXPECT_EQ(row["busy"], 7);
    EXPECT_EQ(row["version"], "1.2.3");
}

TEST_F(SupervisorMasterTest, SendsAllThatANodeNeedsToRunAServerAlone) {
    nodeArrives();
    master->bringUp({});
    loop.run();
    const Json message = Json::parse(master->orderMessage(orders.front()));
    auto spec = decodeSpec(message["server"].dump());
    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->argv, std::vector<std::string>{"/bin/chat"});
    EXPECT_EQ(spec->env.at("MUSTER_CLUSTER"), "test");
    EXPECT_EQ(spec->env.at("MUSTER_INFO"), "{}");
}

}  // namespace muster::supervisor
