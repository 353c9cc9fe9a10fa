#pragma once

#include "modules/supervisor/server_spec.hpp"
#include "modules/supervisor/supervisor_master.hpp"
#include "test/support/manual_loop.hpp"
#include "test/support/memory_store.hpp"

#include <muster/json.hpp>

#include <gtest/gtest.h>

namespace muster::supervisor {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Json = nlohmann::json;
using Kind = ServerOutcome::Kind;

/// Remembers what was told to members and as events.
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

/// chat-1 <- connector-1.
inline config::Cluster cluster() {
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
    cluster.types["chat"].readiness.argv = {"check", "${id}"};
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
        ports.loadConfig = [this] { return Result<config::Cluster>(files.value_or(config)); };
        ports.adopted = [](const config::Cluster&) {};
        agent = std::make_unique<FakeAgent>();
        master = std::make_unique<SupervisorMaster>(loop, store, config, std::move(ports));
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

    config::Cluster config = cluster();
    std::optional<config::Cluster> files;  // what the files hold by now; none: still the same
    test::ManualLoop loop;
    test::MemoryStore store{loop};
    std::vector<JsonText> orders;
    std::vector<Reply> replies;
    std::unique_ptr<FakeAgent> agent;
    std::unique_ptr<SupervisorMaster> master;
    std::optional<std::vector<ServerOutcome>> outcomes;
};

}  // namespace muster::supervisor
