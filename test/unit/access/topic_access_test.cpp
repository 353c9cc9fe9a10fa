#include "master/console/topic_access.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace muster {
namespace {

using mqtt::ReasonCode;

class FakeAuthenticator final : public Authenticator {
public:
    void authenticate(std::string username, std::string,
                      std::function<void(Identity)> done) override {
        done(identities.count(username) ? identities.at(username) : Identity{});
    }
    void authenticateUser(std::string, std::string, bool,
                          std::function<void(Result<int>)> done) override {
        done(Errc::Denied);
    }
    bool isValidToken(std::string_view, std::string_view) const override { return false; }
    Result<int> levelOf(std::string_view) const override { return 2; }
    std::optional<Identity> certified(std::string_view name) const override {
        const auto colon = name.find(':');
        if (colon == std::string_view::npos || name.starts_with("urn:")) return std::nullopt;
        const std::string id(name.substr(colon + 1));
        return identities.count(id) ? identities.at(id) : Identity{};
    }

    std::map<std::string, Identity> identities;
};

class TopicAccessTest : public testing::Test {
protected:
    TopicAccessTest() {
        authenticator.identities["chat-1"] = Identity{Identity::Role::Monitor, "chat-1", "chat", 2};
        authenticator.identities["admin"] = Identity{Identity::Role::Admin, "admin", "", 1};
        authenticator.identities[""] = Identity{Identity::Role::Anonymous, "anonymous", "", 2};
        TopicAccess::Options options;
        options.cluster = "c";
        options.isMemberId = [](std::string_view id) { return id == "chat-1"; };
        access = std::make_unique<TopicAccess>(authenticator, std::move(options));
    }

    mqtt::AuthResult connect(const std::string& username, const std::string& clientId) {
        mqtt::Credentials credentials;
        credentials.clientId = clientId;
        credentials.username = username;
        mqtt::AuthResult result;
        access->authenticate(credentials, [&](mqtt::AuthResult r) { result = std::move(r); });
        return result;
    }
    mqtt::ClientIdentity identityOf(const std::string& username, const std::string& clientId) {
        return connect(username, clientId).identity;
    }

    FakeAuthenticator authenticator;
    std::unique_ptr<TopicAccess> access;
};

TEST_F(TopicAccessTest, AMonitorSpeaksOnlyForItself) {
    const auto chat = identityOf("chat-1", "chat-1");
    for (const char* own :
         {"presence/chat-1", "to/master/chat-1", "metric/chat-1", "log/chat-1/stdout",
          "event/started/chat-1", "reply/master/chat-1", "bus/topic/news"})
        EXPECT_TRUE(access->mayPublish(chat, std::string("muster/c/") + own)) << own;
    for (const char* other :
         {"presence/chat-2", "to/master/admin", "to/master/chat-2", "to/monitor/chat-1", "to/all",
          "leader", "state/server/chat-1", "reply/master/chat-2", "log/chat-2/stdout",
          "log/chat-1/a/b", "event/started/chat-2", "presence/chat-1/x", "metric", "bus", ""})
        EXPECT_FALSE(access->mayPublish(chat, std::string("muster/c/") + other)) << other;
    EXPECT_FALSE(access->mayPublish(chat, "muster/other/presence/chat-1"));
    EXPECT_FALSE(access->mayPublish(chat, "muster/cc/presence/chat-1"));
    EXPECT_FALSE(access->mayPublish(chat, "presence/chat-1"));
}

TEST_F(TopicAccessTest, AMonitorReadsOnlyWhatIsForIt) {
    const auto chat = identityOf("chat-1", "chat-1");
    for (const char* own : {"leader", "presence/chat-1", "to/monitor/chat-1", "to/type/chat",
                            "to/all", "reply/chat-1/r", "bus/queue/q"})
        EXPECT_TRUE(access->mayRead(chat, std::string("muster/c/") + own)) << own;
    for (const char* other :
         {"to/monitor/chat-2", "to/type/gate", "to/master/chat-1", "reply/admin/x",
          "state/server/chat-1", "presence/chat-2", "to/type/"})
        EXPECT_FALSE(access->mayRead(chat, std::string("muster/c/") + other)) << other;
}

TEST_F(TopicAccessTest, AnAdministratorSeesStateButNotOthersMail) {
    const auto admin = identityOf("admin", "admin-77");
    for (const char* open : {"leader", "presence/x", "state/server/x", "event/a/b", "metric/x",
                             "log/x/stderr", "reply/admin/admin-77"})
        EXPECT_TRUE(access->mayRead(admin, std::string("muster/c/") + open)) << open;
    for (const char* closed :
         {"to/monitor/chat-1", "to/master/admin", "reply/anonymous/x", "to/all"})
        EXPECT_FALSE(access->mayRead(admin, std::string("muster/c/") + closed)) << closed;
    EXPECT_TRUE(access->mayPublish(admin, "muster/c/to/master/admin"));
    EXPECT_FALSE(access->mayPublish(admin, "muster/c/to/monitor/chat-1"));
    EXPECT_FALSE(access->mayPublish(admin, "muster/c/leader"));
}

TEST_F(TopicAccessTest, WhoMayLookSeesWhatTheBrokerTellsOfItselfAndMonitorsDoNot) {
    const auto admin = identityOf("admin", "x");
    const auto anonymous = identityOf("", "y");
    const auto monitor = identityOf("chat-1", "chat-1");
    for (const auto& viewer : {admin, anonymous}) {
        EXPECT_TRUE(access->mayRead(viewer, "$SYS/broker/uptime"));
        EXPECT_TRUE(access->maySubscribe(viewer, "$SYS/broker/#"));
        EXPECT_FALSE(access->mayPublish(viewer, "$SYS/broker/uptime"));
    }
    EXPECT_FALSE(access->mayRead(monitor, "$SYS/broker/uptime"));
    EXPECT_FALSE(access->maySubscribe(monitor, "$SYS/#"));
    EXPECT_FALSE(access->mayRead(admin, "$SYSTEM/x"));
}

TEST_F(TopicAccessTest, SomebodyElsesClientIdIsRefused) {
    EXPECT_EQ(connect("chat-1", "chat-1").code, ReasonCode::Success);
    EXPECT_EQ(connect("chat-1", "chat-2").code, ReasonCode::ClientIdentifierNotValid);
    EXPECT_EQ(connect("", "chat-1").code, ReasonCode::ClientIdentifierNotValid);
    EXPECT_EQ(connect("", "node-host").code, ReasonCode::ClientIdentifierNotValid);
    EXPECT_EQ(connect("admin", "muster-c-leader").code, ReasonCode::ClientIdentifierNotValid);
    EXPECT_EQ(connect("", "").code, ReasonCode::Success);
    EXPECT_EQ(connect("nobody", "x").code, ReasonCode::BadUserNameOrPassword);
}

TEST_F(TopicAccessTest, ACertificateThatNamesSomebodyNeedsNoPasswordAndAllowsNoOtherName) {
    const auto connect = [&](mqtt::ClientCertificate certificate, const std::string& username,
                             const std::string& clientId) {
        mqtt::Credentials credentials;
        credentials.clientId = clientId;
        if (!username.empty()) credentials.username = username;
        credentials.certificate = std::move(certificate);
        mqtt::AuthResult result;
        access->authenticate(std::move(credentials), [&](mqtt::AuthResult got) { result = got; });
        return result;
    };
    EXPECT_EQ(connect({"server:chat-1", {}}, "", "chat-1").identity.name, "chat-1");
    EXPECT_EQ(connect({"server:chat-1", {}}, "chat-1", "chat-1").identity.group, "chat");
    EXPECT_EQ(connect({"user:admin", {}}, "admin", "x").identity.name, "admin");
    EXPECT_EQ(connect({"host", {"DNS:host", "URI:urn:x", "URI:server:chat-1"}}, "", "chat-1")
                  .identity.name,
              "chat-1");
    EXPECT_EQ(connect({"server:chat-1", {}}, "", "chat-2").code,
              ReasonCode::ClientIdentifierNotValid);
    for (const mqtt::ClientCertificate& certificate :
         {mqtt::ClientCertificate{"server:nobody", {}},
          mqtt::ClientCertificate{"server:chat-1", {"URI:user:admin"}},
          mqtt::ClientCertificate{"", {"URI:user:admin", "URI:server:chat-1"}}})
        EXPECT_EQ(connect(certificate, "", "chat-1").code, ReasonCode::BadUserNameOrPassword);
    EXPECT_EQ(connect({"server:chat-1", {}}, "admin", "x").code, ReasonCode::BadUserNameOrPassword);
    // One that names nobody leaves it to user name and password.
    EXPECT_EQ(connect({"a host", {"DNS:server:chat-1"}}, "admin", "x").identity.name, "admin");
    EXPECT_EQ(connect({"a host", {}}, "", "x").identity.name, "anonymous");
}

TEST_F(TopicAccessTest, BroadFiltersAreAllowedAndHopelessOnesRefused) {
    const auto anonymous = identityOf("", "m1");
    for (const char* filter : {"#", "muster/#", "muster/+/state/#", "muster/c/reply/anonymous/x",
                               "muster/c/leader", "muster/c/leader/#", "+/+/leader"})
        EXPECT_TRUE(access->maySubscribe(anonymous, filter)) << filter;
    for (const char* filter : {"muster/c/to/#", "muster/c/reply/admin/#", "other/#", "muster/c",
                               "muster/c/to/monitor/chat-1"})
        EXPECT_FALSE(access->maySubscribe(anonymous, filter)) << filter;
}

TEST_F(TopicAccessTest, BesideAnExternalBrokerNobodySpeaksPlainMqttHere) {
    TopicAccess::Options options;
    options.cluster = "c";
    options.pomeloOnly = true;
    access = std::make_unique<TopicAccess>(authenticator, std::move(options));
    EXPECT_EQ(connect("admin", "a").code, ReasonCode::UseAnotherServer);
}

}  // namespace
}  // namespace muster
