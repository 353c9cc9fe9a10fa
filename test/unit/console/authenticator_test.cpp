#include "master/console/config_authenticator.hpp"
#include "master/console/digest.hpp"
#include "test/support/eventually.hpp"
#include "test/support/manual_loop.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

using namespace std::chrono_literals;

constexpr PasswordHasher::Options kCheap{.maxQueued = 4, .memoryKib = 64, .passes = 1};

config::Cluster clusterWithTokens() {
    config::Cluster cluster;
    cluster.users = {{"1", "boss", "secret", 1}, {"2", "viewer", "look", 2}, {"3", "none", "x", 0}};
    cluster.servers.resize(1);
    cluster.servers[0].id = "chat-1";
    cluster.servers[0].type = "chat";
    cluster.hasServerTokens = true;
    cluster.serverTokens = {{"chat", "chat-token"}, {"gate", "gate-token"}};
    return cluster;
}

Tokens tokens() {
    return {std::string(64, 'a'), std::string(64, 'b'), std::string(64, 'c')};
}

class AuthenticatorTest : public testing::Test {
protected:
    void use(const config::Cluster& cluster, PasswordHasher::Options options = kCheap) {
        authenticator_ = std::make_unique<ConfigAuthenticator>(loop_, cluster, tokens(), options);
    }
    Identity connect(const std::string& name, const std::string& password) {
        std::optional<Identity> identity;
        authenticator_->authenticate(name, password, [&](Identity got) { identity = got; });
        EXPECT_TRUE(waitFor([&] { return identity.has_value(); }));
        return identity.value_or(Identity{});
    }
    Result<int> login(const std::string& name, const std::string& password, bool isMd5) {
        std::optional<Result<int>> level;
        authenticator_->authenticateUser(name, password, isMd5,
                                         [&](Result<int> got) { level = std::move(got); });
        EXPECT_TRUE(waitFor([&] { return level.has_value(); }));
        return level ? *level : Result<int>(Errc::Timeout);
    }
    template <class Condition>
    bool waitFor(Condition condition) {
        return test::eventually(5s, [&] {
            loop_.run();
            return condition();
        });
    }

    test::ManualLoop loop_;
    std::unique_ptr<ConfigAuthenticator> authenticator_;
};

TEST_F(AuthenticatorTest, KnowsServersThatWereAdded) {
    config::Cluster cluster = clusterWithTokens();
    cluster.hasServerTokens = false;
    cluster.serverTokens.clear();
    use(cluster);
    EXPECT_EQ(connect("chat-2", tokens().server).serverType, "");
    authenticator_->addServer("chat-2", "chat");
    authenticator_->addServer("chat-1", "gate");  // it is a chat server already
    EXPECT_EQ(connect("chat-2", tokens().server).serverType, "chat");
    EXPECT_EQ(connect("chat-1", tokens().server).serverType, "chat");
    EXPECT_TRUE(authenticator_->isServerId("chat-2"));
}

TEST_F(AuthenticatorTest, TakesOverUsersAndTokensAndSaysWhoseRightsChanged) {
    config::Cluster cluster = clusterWithTokens();
    use(cluster);
    EXPECT_EQ(connect("boss", "secret").level, 1);
    cluster.users = {{"1", "boss", "other", 1}, {"2", "viewer", "look", 2}, {"4", "new", "n", 1}};
    cluster.serverTokens = {{"chat", "fresh"}, {"gate", "gate-token"}};
    const auto isChanged = authenticator_->reload(cluster);
    const auto user = [](const char* name) { return Identity{Identity::Role::Admin, name, "", 1}; };
    const auto server = [](const char* id, const char* type) {
        return Identity{Identity::Role::Monitor, id, type, 2};
    };
    // "new" was nobody's name, so that a guest or a server of any type may have it.
    for (const auto& who :
         {user("boss"), user("none"), user("new"), server("chat-1", "chat"), server("new", "gate")})
        EXPECT_TRUE(isChanged(who)) << who.name;
    for (const auto& who :
         {user("viewer"), user("admin"), server("gate-1", "gate"), server("node-a", "node"),
          Identity{Identity::Role::Anonymous, "anonymous", "", 2}})
        EXPECT_FALSE(isChanged(who)) << who.name;
    EXPECT_EQ(connect("boss", "secret"), Identity{});
    EXPECT_EQ(connect("boss", "other").level, 1);
    EXPECT_EQ(connect("new", "n").level, 1);
    EXPECT_EQ(connect("none", "x"), Identity{});
    EXPECT_EQ(connect("chat-1", "chat-token"), Identity{});
    EXPECT_EQ(connect("chat-1", "fresh").serverType, "chat");
}

TEST_F(AuthenticatorTest, LetsALoginOfWhoDidNotChangeGoOn) {
    config::Cluster cluster = clusterWithTokens();
    use(cluster);
    std::optional<Result<int>> viewer;
    std::optional<Result<int>> boss;
    authenticator_->authenticateUser("viewer", "look", false,
                                     [&](Result<int> level) { viewer = std::move(level); });
    authenticator_->authenticateUser("boss", "secret", false,
                                     [&](Result<int> level) { boss = std::move(level); });
    cluster.users[0].level = 2;
    (void)authenticator_->reload(cluster);
    ASSERT_TRUE(waitFor([&] { return viewer && boss; }));
    EXPECT_TRUE(*viewer);
    EXPECT_FALSE(*boss) << "his level is another one meanwhile";
}

TEST_F(AuthenticatorTest, KnowsWhomACertificateNames) {
    use(clusterWithTokens());
    const auto named = [&](std::string_view name) { return authenticator_->certified(name); };
    EXPECT_EQ(named("server:chat-1"), (Identity{Identity::Role::Monitor, "chat-1", "chat", 2}));
    EXPECT_EQ(named("server:new-1"), (Identity{Identity::Role::Monitor, "new-1", "", 2}));
    EXPECT_EQ(named("node:node-a"), (Identity{Identity::Role::Monitor, "node-a", "node", 2}));
    EXPECT_EQ(named("user:boss"), (Identity{Identity::Role::Admin, "boss", "", 1}));
    EXPECT_EQ(named("user:admin"), (Identity{Identity::Role::Admin, "admin", "", 1}));
    for (const char* nobody :
         {"server:", "server:node-a", "server:master", "server:anonymous", "server:admin",
          "server:boss", "server:a/b", "server:+", "server:#", "node:a", "node:node-a/b",
          "node:", "user:", "user:nobody", "user:anonymous", "user:master"})
        EXPECT_EQ(named(nobody), Identity{}) << nobody;
    for (const char* other : {"", "chat-1", "Server:chat-1", "host:chat-1", "urn:server:chat-1"})
        EXPECT_FALSE(named(other).has_value()) << other;
}

TEST_F(AuthenticatorTest, AcceptsClearAndMd5PasswordsOfAClearTextFile) {
    use(clusterWithTokens());
    const auto clear = login("boss", "secret", false);
    const auto md5 = login("boss", digest::md5Hex("secret"), true);
    ASSERT_TRUE(clear);
    ASSERT_TRUE(md5);
    EXPECT_EQ(*clear, 1);
    EXPECT_EQ(*md5, 1);
}

TEST_F(AuthenticatorTest, DoesNotTakeTheMd5OfAPasswordForTheClearPassword) {
    use(clusterWithTokens());
    EXPECT_FALSE(login("boss", digest::md5Hex("secret"), false));
    EXPECT_FALSE(login("boss", "secret", true));
}

TEST_F(AuthenticatorTest, TakesAnArgonStringAsItIs) {
    config::Cluster cluster;
    test::ManualLoop loop;
    PasswordHasher hasher(loop, kCheap);
    const auto made = hasher.load("secret");
    bool isHashed = false;
    ASSERT_TRUE(hasher.verify(made, digest::md5Hex("secret"), [&](bool ok) { isHashed = ok; }));
    ASSERT_TRUE(test::eventually(5s, [&] {
        loop.run();
        return isHashed;
    }));
    cluster.users = {{"1", "boss", made->encoded, 1}};
    use(cluster);
    EXPECT_TRUE(login("boss", "secret", false));
    EXPECT_FALSE(login("boss", made->encoded, false));
}

TEST_F(AuthenticatorTest, RefusesUnknownUsersAndWrongPasswordsAlike) {
    use(clusterWithTokens());
    const auto unknown = login("nobody", "secret", false);
    const auto wrong = login("boss", "wrong", false);
    ASSERT_FALSE(unknown);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(unknown.error().detail(), wrong.error().detail());
    EXPECT_EQ(authenticator_->counters().refused, 2U);
}

TEST_F(AuthenticatorTest, GivesAUserWithoutLevelOnlyTheRightToLook) {
    use(clusterWithTokens());
    const auto level = login("none", "x", false);
    ASSERT_TRUE(level);
    EXPECT_EQ(*level, 2);
}

TEST_F(AuthenticatorTest, RefusesWhenTooManyPasswordsWait) {
    use(clusterWithTokens(), {.maxQueued = 1, .memoryKib = 64, .passes = 1});
    int refused = 0;
    for (int i = 0; i < 3; ++i)
        authenticator_->authenticateUser("boss", "no" + std::to_string(i), false,
                                         [&](const Result<int>& level) {
                                             if (level.error().code() == Errc::Limit) ++refused;
                                         });
    EXPECT_EQ(refused, 2);
    EXPECT_EQ(authenticator_->counters().overloaded, 2U);
}

TEST_F(AuthenticatorTest, KnowsAVerifiedPasswordAgainWithoutTheQueue) {
    use(clusterWithTokens(), {.maxQueued = 1, .memoryKib = 64, .passes = 1});
    ASSERT_TRUE(login("boss", "secret", false));
    authenticator_->authenticateUser("boss", "fills the queue", false, [](const auto&) {});
    bool isIn = false;
    authenticator_->authenticateUser("boss", "secret", false,
                                     [&](const Result<int>& level) { isIn = bool(level); });
    EXPECT_TRUE(isIn);
}

TEST_F(AuthenticatorTest, TakesTheAdminTokenForLevelOneOnly) {
    use(clusterWithTokens());
    const Identity admin = connect("admin", tokens().admin);
    EXPECT_EQ(admin, (Identity{Identity::Role::Admin, "admin", {}, 1}));
    EXPECT_EQ(connect("admin", tokens().node).role, Identity::Role::Denied);
    EXPECT_TRUE(login("admin", digest::md5Hex(tokens().admin), true));
}

TEST_F(AuthenticatorTest, TakesNobodyForAnonymousWithAPassword) {
    use(clusterWithTokens());
    EXPECT_EQ(connect("", "").role, Identity::Role::Anonymous);
    EXPECT_EQ(connect("", "").level, 2);
    EXPECT_EQ(connect("anonymous", "guess").role, Identity::Role::Denied);
}

TEST_F(AuthenticatorTest, NeverTakesTheMastersName) {
    auto cluster = clusterWithTokens();
    cluster.hasServerTokens = false;
    use(cluster);
    EXPECT_EQ(connect("master", tokens().server).role, Identity::Role::Denied);
    EXPECT_EQ(connect("master", tokens().admin).role, Identity::Role::Denied);
}

TEST_F(AuthenticatorTest, BindsAConfiguredServerToTheTokenOfItsType) {
    use(clusterWithTokens());
    EXPECT_EQ(connect("chat-1", "chat-token"),
              (Identity{Identity::Role::Monitor, "chat-1", "chat", 2}));
    EXPECT_EQ(connect("chat-1", "gate-token").role, Identity::Role::Denied);
    EXPECT_EQ(connect("other-7", "gate-token").serverType, "gate");
    EXPECT_EQ(connect("chat-1", "").role, Identity::Role::Denied);
}

TEST_F(AuthenticatorTest, AsksForTheServerTokenWhereThereIsNoAdminServerFile) {
    auto cluster = clusterWithTokens();
    cluster.hasServerTokens = false;
    cluster.serverTokens.clear();
    use(cluster);
    EXPECT_EQ(connect("chat-1", tokens().server).serverType, "chat");
    EXPECT_EQ(connect("chat-1", "anything").role, Identity::Role::Denied);
    EXPECT_EQ(connect("node-host1", tokens().server).role, Identity::Role::Denied);
    EXPECT_TRUE(authenticator_->isValidToken("chat", "ok"));
}

TEST_F(AuthenticatorTest, TakesAUsersNameForNoServer) {
    use(clusterWithTokens());
    EXPECT_EQ(connect("boss", "chat-token").role, Identity::Role::Denied);
}

TEST_F(AuthenticatorTest, LetsNodesInWithTheNodeToken) {
    use(clusterWithTokens());
    EXPECT_EQ(connect("node-host1", tokens().node).serverType, "node");
    EXPECT_EQ(connect("chat-1", tokens().node).role, Identity::Role::Denied);
    EXPECT_EQ(connect("node-host1", "wrong").role, Identity::Role::Denied);
    // A node obeys orders that hold secrets, and what it reports is believed.
    EXPECT_EQ(connect("node-host1", "chat-token").role, Identity::Role::Denied);
}

TEST_F(AuthenticatorTest, RefusesNamesThatAreNoTopicLevel) {
    use(clusterWithTokens());
    for (const char* name : {"a/b", "#", "+", "..", "a b", "\x01"})
        EXPECT_EQ(connect(name, "chat-token").role, Identity::Role::Denied) << name;
}

TEST_F(AuthenticatorTest, ChecksAPomeloTokenAgainstItsType) {
    use(clusterWithTokens());
    EXPECT_TRUE(authenticator_->isValidToken("chat", "chat-token"));
    EXPECT_FALSE(authenticator_->isValidToken("chat", "gate-token"));
    EXPECT_FALSE(authenticator_->isValidToken("unknown", "chat-token"));
    EXPECT_FALSE(authenticator_->isValidToken("chat", ""));
}

TEST_F(AuthenticatorTest, KnowsLevelsByName) {
    use(clusterWithTokens());
    EXPECT_EQ(*authenticator_->levelOf("boss"), 1);
    EXPECT_EQ(*authenticator_->levelOf("viewer"), 2);
    EXPECT_EQ(*authenticator_->levelOf("admin"), 1);
    EXPECT_EQ(*authenticator_->levelOf("anonymous"), 2);
    EXPECT_FALSE(authenticator_->levelOf("chat-1"));
}

TEST_F(AuthenticatorTest, KeepsPomeloServersFromNamesOfOthers) {
    use(clusterWithTokens());
    EXPECT_TRUE(authenticator_->mayBePomeloServer("chat-1", "chat"));
    EXPECT_TRUE(authenticator_->mayBePomeloServer("unlisted", "chat"));
    EXPECT_FALSE(authenticator_->mayBePomeloServer("chat-1", "gate"));
    EXPECT_FALSE(authenticator_->mayBePomeloServer("unlisted", "node"));
    for (const char* name : {"master", "admin", "anonymous", "boss", "node-host1"})
        EXPECT_FALSE(authenticator_->mayBePomeloServer(name, "chat")) << name;
    // What would harm the Node.js servers that are told of it.
    for (const char* name : {"__proto__", "constructor", "toString", "../x", "a b", ""}) {
        EXPECT_FALSE(authenticator_->mayBePomeloServer(name, "chat")) << name;
        EXPECT_FALSE(authenticator_->mayBePomeloServer("unlisted", name)) << name;
    }
}

TEST_F(AuthenticatorTest, CallsNobodyBackAfterItsEnd) {
    use(clusterWithTokens());
    bool isCalled = false;
    authenticator_->authenticateUser("boss", "secret", false,
                                     [&](const auto&) { isCalled = true; });
    authenticator_.reset();
    loop_.run();
    EXPECT_FALSE(isCalled);
}

TEST(Digest, MatchesTheKnownMd5OfAdmin) {
    EXPECT_EQ(digest::md5Hex("admin"), "21232f297a57a5a743894a0e4a801fc3");
}

}  // namespace
}  // namespace muster
