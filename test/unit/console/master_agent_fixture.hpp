#pragma once

#include "master/console/master_agent.hpp"
#include "test/support/manual_loop.hpp"
#include "test/unit/console/fake_agent.hpp"
#include "test/unit/console/fake_client.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

/// A MasterAgentImpl with everything around it played by the test.
namespace muster::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// admin has level 1, anonymous 2; others are no users.
class NamesOnly final : public Authenticator {
public:
    void authenticate(std::string, std::string, std::function<void(Identity)>) override {}
    void authenticateUser(std::string, std::string, bool,
                          std::function<void(Result<int>)>) override {}
    bool isValidToken(std::string_view, std::string_view) const override { return true; }
    Result<int> levelOf(std::string_view username) const override {
        if (username == "admin") return 1;
        if (username == "anonymous") return 2;
        return Errc::Denied;
    }
};

/// Keeps what arrives, and the last Reply.
class FakeDispatcher final : public Dispatcher {
public:
    void fromMonitor(const ServerInfo& from, std::string_view module, const JsonText& body,
                     Reply reply) override {
        take("monitor " + from.id + " " + std::string(module) + " " + body, std::move(reply));
    }
    void fromClient(const Caller& caller, std::string_view module, const JsonText& body,
                    Reply reply) override {
        take("client " + caller.name + " " + caller.clientId + " " + std::to_string(caller.level) +
                 " " + std::string(module) + " " + body,
             std::move(reply));
    }
    void command(const Caller& caller, std::string_view command, std::string_view module,
                 Reply reply) override {
        take("command " + caller.name + " " + std::string(command) + " " + std::string(module),
             std::move(reply));
    }
    std::vector<std::string> log;
    Reply last;

private:
    void take(std::string line, Reply reply) {
        log.push_back(std::move(line));
        last = std::move(reply);
    }
};

/// Keeps what the agent asks of the gateway.
class FakePeers final : public PomeloPeers {
public:
    bool has(std::string_view) const override { return false; }
    bool hasClient(std::string_view id) const override { return id == "cli-1"; }
    Result<void> send(std::string_view id, std::string_view module, const JsonText& body,
                      std::optional<PomeloRequest> request) override {
        log.push_back("send " + std::string(id) + " " + std::string(module) + " " + body);
        if (request) lastRequest = request->id;
        if (isFull) return Errc::Limit;
        return {};
    }
    std::size_t notifyAll(std::string_view type, std::string_view module,
                          const JsonText&) override {
        log.push_back("all " + std::string(type) + " " + std::string(module));
        return 1;
    }
    void commandAll(std::string_view command, std::string_view module) override {
        log.push_back("command " + std::string(command) + " " + std::string(module));
    }
    Result<void> notifyClient(std::string_view id, std::string_view, const JsonText&) override {
        log.push_back("client " + std::string(id));
        return {};
    }
    void forget(std::string_view id) override { log.push_back("forget " + std::string(id)); }
    void displace(std::string_view id) override { log.push_back("displace " + std::string(id)); }
    std::vector<std::string> log;
    std::uint64_t lastRequest = 0;
    bool isFull = false;
};

class MasterAgentTest : public testing::Test {
protected:
    void SetUp() override {
        agent.attach(&peers);
        agent.setLeadership(1, "uid");
        agent.onMember([this](MemberEvent event, const ServerInfo& server) {
            members.push_back(std::to_string(static_cast<int>(event)) + server.id);
        });
        agent.start({}, dispatcher);
        client.comesUp();
    }
    static mqtt::Message presenceMessage(const std::string& id, const std::string& state,
                                         const std::string& life) {
        mqtt::Message message;
        message.topic = "muster/c/presence/" + id;
        message.payload = R"({"v":1,"state":")" + state +
                          R"(","type":"chat","host":"h","port":9,"pid":5,)" + R"("incarnation":")" +
                          life + "\"}";
        message.qos = 1;
        return message;
    }
    void presence(const std::string& id, const std::string& state, const std::string& life = "1") {
        client.receives(presenceMessage(id, state, life));
    }
    /// What the broker has kept, as a new subscriber gets it.
    void keptPresence(const std::string& id, const std::string& state,
                      const std::string& life = "1") {
        auto message = presenceMessage(id, state, life);
        message.retain = true;
        client.receives(std::move(message));
    }
    void pomeloJoins(const std::string& id) {
        ServerInfo server;
        server.id = id;
        server.type = "gate";
        server.pid = 7;
        server.isPomelo = true;
        agent.onPomeloJoin(server, false);
    }
    void ask(const std::string& id, milliseconds timeout = seconds(10)) {
        agent.request(id, "echo", R"({"q":1})", answers.reply(), timeout);
    }
    mqtt::Message lastRequest() { return client.sentTo("muster/c/to/monitor/").back(); }
    void answer(const mqtt::Message& request, const std::string& from, const std::string& payload) {
        client.receives("muster/c/reply/master/" + from, payload, {}, request.correlationData);
    }

    test::ManualLoop loop;
    test::FakeClient client;
    NamesOnly authenticator;
    FakeDispatcher dispatcher;
    FakePeers peers;
    Answers answers;
    std::vector<std::string> members;
    MasterAgentImpl agent{loop, client, authenticator, {"c", seconds(3), 3}};
};

}  // namespace muster::test
