#pragma once

#include "common/once_reply.hpp"
#include "master/console/pomelo_gateway.hpp"
#include "test/support/manual_loop.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

/// What stands around a PomeloGateway in its unit tests.
namespace muster::test {

/// One peer: keeps what it was sent.
class FakeLink final : public Link {
public:
    explicit FakeLink(std::string peer = "127.0.0.1:40000") : peer_(std::move(peer)) {}
    Result<void> send(std::string_view topic, std::string_view payload) override {
        if (isFull) return Errc::Limit;
        sent.emplace_back(topic, payload);
        return {};
    }
    void close(std::string_view) override { isClosed = true; }
    std::string_view peer() const override { return peer_; }
    std::string last() const { return sent.empty() ? std::string() : sent.back().second; }

    std::vector<std::pair<std::string, std::string>> sent;
    bool isClosed = false;
    bool isFull = false;

private:
    std::string peer_;
};

/// Accepts the token "T" of every type and the user boss/secret; answers when told to.
class FakeAuthenticator final : public Authenticator {
public:
    void authenticate(std::string, std::string, std::function<void(Identity)> done) override {
        done({});
    }
    void authenticateUser(std::string username, std::string password, bool,
                          std::function<void(Result<int>)> done) override {
        const bool isRight = password == "secret" && (username == "boss" || username == "viewer");
        Result<int> level = Error(Errc::Denied);
        if (isRight) level = username == "boss" ? 1 : 2;
        waiting.push_back([done = std::move(done), level] { done(level); });
        if (answersAtOnce) answer();
    }
    bool isValidToken(std::string_view, std::string_view token) const override {
        return token == "T";
    }
    Result<int> levelOf(std::string_view) const override { return Errc::Denied; }
    void answer() {
        for (auto& one : std::exchange(waiting, {})) one();
    }

    bool answersAtOnce = true;
    std::vector<std::function<void()>> waiting;
};

class FakeRegistrations final : public PomeloRegistrations {
public:
    std::optional<PomeloRegistrationRecord> find(std::string_view id) const override {
        const auto found = records.find(id);
        if (found == records.end()) return std::nullopt;
        return found->second;
    }
    void remember(std::string_view id, PomeloRegistrationRecord record,
                  std::function<void()> done) override {
        records.insert_or_assign(std::string(id), std::move(record));
        if (isSlow)
            waiting.push_back(std::move(done));
        else
            done();
    }
    void forget(const std::function<bool(const std::string&, const PomeloRegistrationRecord&)>&
                    isForgotten) override {
        std::erase_if(records, [&](const auto& one) { return isForgotten(one.first, one.second); });
    }
    std::map<std::string, PomeloRegistrationRecord, std::less<>> records;
    std::vector<std::function<void()>> waiting;
    bool isSlow = false;
};

/// Writes down what it is told; answers requests with their own body.
class FakeUpcalls final : public PomeloUpcalls {
public:
    void onPomeloJoin(ServerInfo info, bool isReconnect) override {
        log.push_back((isReconnect ? "back " : "join ") + info.id);
        joined.push_back(std::move(info));
    }
    void onPomeloLeave(std::string_view id, bool /*wasMeant*/) override {
        log.push_back("leave " + std::string(id));
    }
    void onPomeloAnswer(std::string_view id, std::uint64_t request,
                        Result<JsonText> answer) override {
        log.push_back("answer " + std::string(id) + " " + std::to_string(request) + " " +
                      (answer ? *answer : errcName(answer.error().code())));
    }
    void onPomeloMessage(std::string_view id, std::string_view moduleId, const JsonText& body,
                         Reply reply) override {
        log.push_back("message " + std::string(id) + " " + std::string(moduleId) + " " + body);
        if (reply) keepOrAnswer(std::move(reply), body);
    }
    void onPomeloClientMessage(const Caller& caller, std::string_view moduleId,
                               const JsonText& body, Reply reply) override {
        log.push_back("client " + caller.name + "/" + std::to_string(caller.level) + " " +
                      std::string(moduleId));
        if (reply) keepOrAnswer(std::move(reply), body);
    }
    void onPomeloClientCommand(const Caller& caller, std::string_view command,
                               std::string_view moduleId, Reply reply) override {
        log.push_back("command " + caller.name + " " + std::string(command) + " " +
                      std::string(moduleId));
        if (reply)
            reply(moduleId == "unknown" ? Result<JsonText>(Errc::UnknownModule) : JsonText("1"));
    }
    void keepOrAnswer(Reply reply, const JsonText& body) {
        if (keepsReplies)
            replies.push_back(std::move(reply));
        else
            reply(body);
    }
    std::vector<std::string> log;
    std::vector<ServerInfo> joined;
    std::vector<Reply> replies;
    bool keepsReplies = false;
};

inline std::string registration(const std::string& id, long pid = 7, const std::string& token = "T",
                                const std::string& info = R"({"host":"h","port":1})") {
    return R"({"id":")" + id + R"(","type":"monitor","serverType":"chat","pid":)" +
           std::to_string(pid) + R"(,"info":)" + info + R"(,"token":")" + token + "\"}";
}

/// The same without a token, as an unmodified monitor says it.
inline std::string reconnection(const std::string& id, long pid = 7,
                                const std::string& info = R"({"port":1,"host":"h"})") {
    return R"({"id":")" + id + R"(","type":"monitor","info":)" + info + R"(,"pid":)" +
           std::to_string(pid) + R"(,"serverType":"chat"})";
}

inline std::string login(const std::string& id, const std::string& username,
                         const std::string& password) {
    return R"({"type":"client","id":")" + id + R"(","username":")" + username +
           R"(","password":")" + password + R"(","md5":true})";
}

class PomeloGatewayTest : public testing::Test {
protected:
    PomeloGatewayTest() { start({}); }
    ~PomeloGatewayTest() override { gateway.reset(); }
    void start(PomeloGateway::Options options) {
        gateway = std::make_unique<PomeloGateway>(loop, authenticator, registrations, options);
        gateway->attach(upcalls);
    }
    FakeLink& open(const std::string& peer = "127.0.0.1:40000") {
        links.push_back(std::make_unique<FakeLink>(peer));
        gateway->onOpen(*links.back());
        return *links.back();
    }
    void say(FakeLink& link, std::string_view topic, std::string_view payload) {
        gateway->onMessage(link, topic, payload);
    }
    FakeLink& monitor(const std::string& id, long pid = 7) {
        FakeLink& link = open();
        say(link, "register", registration(id, pid));
        return link;
    }
    FakeLink& client(const std::string& id, const std::string& username = "boss") {
        FakeLink& link = open();
        say(link, "register", login(id, username, "secret"));
        return link;
    }
    Result<void> ask(const std::string& id, std::uint64_t number,
                     std::chrono::milliseconds time = std::chrono::seconds(10)) {
        return gateway->send(id, "echo", R"({"n":1})", PomeloRequest{number, loop.now() + time});
    }
    void lose(FakeLink& link) { gateway->onClose(link, "lost"); }

    ManualLoop loop;
    FakeAuthenticator authenticator;
    FakeRegistrations registrations;
    FakeUpcalls upcalls;
    std::vector<std::unique_ptr<FakeLink>> links;
    std::unique_ptr<PomeloGateway> gateway;
};

}  // namespace muster::test
