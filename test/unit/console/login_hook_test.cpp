#include "master/console/config_authenticator.hpp"
#include "test/support/manual_loop.hpp"

#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace muster {
namespace {

using Answer = std::function<void(LoginVerdict)>;

class LoginHookTest : public testing::Test {
protected:
    LoginHookTest() {
        config::Cluster cluster;
        cluster.users = {{"1", "boss", "secret", 1}};
        cluster.servers.resize(1);
        cluster.servers[0].id = "chat-1";
        cluster.servers[0].type = "chat";
        const PasswordHasher::Options cheap{.maxQueued = 4, .memoryKib = 64, .passes = 1};
        authenticator_.emplace(loop_, cluster, tokens_, cheap);
        authenticator_->setLogin(
            [this](const Login& login, Answer answer) {
                asked_.push_back(login.username + ":" + login.password);
                if (hook_) hook_(answer);
            },
            [this](std::string_view name) { return name == server_; });
    }
    /// No value: not answered.
    std::optional<Identity> connect(const std::string& name, const std::string& password) {
        std::optional<Identity> identity;
        authenticator_->authenticate(name, password, [&](Identity got) { identity = got; });
        loop_.run();
        return identity;
    }
    std::optional<Identity> connect(LoginVerdict verdict) {
        hook_ = [verdict](const Answer& answer) { answer(verdict); };
        return connect("guest", tokens_.server);
    }

    const Tokens tokens_{std::string(64, 'a'), std::string(64, 'b'), std::string(64, 'c')};
    test::ManualLoop loop_;
    std::function<void(const Answer&)> hook_;
    std::vector<std::string> asked_;
    std::string server_;  // the name of one that is connected
    std::optional<ConfigAuthenticator> authenticator_;
};

TEST_F(LoginHookTest, DecidesAboutNamesThatAreNotConfigured) {
    EXPECT_EQ(connect(LoginVerdict::MayLook), (Identity{Identity::Role::Admin, "guest", "", 2}));
    EXPECT_EQ(*authenticator_->levelOf("guest"), 2);
    EXPECT_EQ(connect(LoginVerdict::MayChange), (Identity{Identity::Role::Admin, "guest", "", 1}));
    EXPECT_EQ(*authenticator_->levelOf("guest"), 1);
    EXPECT_EQ(connect(LoginVerdict::Refused), Identity{});
}

TEST_F(LoginHookTest, LeavesNamesItDoesNotKnowToTheServersToken) {
    EXPECT_EQ(connect(LoginVerdict::Unknown), (Identity{Identity::Role::Monitor, "guest", "", 2}));
}

// Requests carry the name alone: a server called like a guest would have the guest's level.
TEST_F(LoginHookTest, NoServersTokenTakesAGuestsName) {
    connect(LoginVerdict::MayChange);
    EXPECT_EQ(connect(LoginVerdict::Unknown), Identity{});
    EXPECT_EQ(*authenticator_->levelOf("guest"), 1);
}

TEST_F(LoginHookTest, LetsNobodyInUnderAServersName) {
    server_ = "guest";
    EXPECT_EQ(connect(LoginVerdict::MayChange), Identity{});
    EXPECT_FALSE(authenticator_->levelOf("guest"));
}

TEST_F(LoginHookTest, AGuestWhoseNameBecomesAUsersLosesItsRights) {
    connect(LoginVerdict::MayChange);
    config::Cluster cluster;
    cluster.users = {{"1", "boss", "secret", 1}, {"2", "guest", "other", 2}};
    const auto isChanged = authenticator_->reload(cluster);
    EXPECT_TRUE(isChanged({Identity::Role::Admin, "guest", "", 1}));
    EXPECT_EQ(*authenticator_->levelOf("guest"), 2);
    cluster.users.pop_back();
    (void)authenticator_->reload(cluster);
    EXPECT_FALSE(authenticator_->levelOf("guest")) << "nobody is left of that name";
}

TEST_F(LoginHookTest, ComesTooLateForANameThatBecameAUsersMeanwhile) {
    Answer answer;
    hook_ = [&answer](const Answer& given) { answer = given; };
    std::optional<Identity> identity;
    authenticator_->authenticate("guest", "x", [&](Identity got) { identity = got; });
    config::Cluster cluster;
    cluster.users = {{"2", "guest", "other", 1}};
    (void)authenticator_->reload(cluster);
    answer(LoginVerdict::MayLook);
    loop_.run();
    EXPECT_EQ(identity, Identity{});
}

TEST_F(LoginHookTest, IsNotAskedAboutOthers) {
    hook_ = [](const Answer& answer) { answer(LoginVerdict::MayChange); };
    for (const char* name :
         {"", "anonymous", "master", "admin", "boss", "chat-1", "node-a", "a/b", "+", "#", ".*|x"})
        connect(name, "wrong");
    EXPECT_TRUE(asked_.empty());
}

TEST_F(LoginHookTest, MayAnswerLateAndOnAnotherThreadButOnlyOnce) {
    Answer answer;
    hook_ = [&answer](const Answer& given) { answer = given; };
    int calls = 0;
    Identity identity;
    authenticator_->authenticate("guest", "x", [&](Identity got) {
        ++calls;
        identity = got;
    });
    loop_.run();
    EXPECT_EQ(calls, 0);
    std::thread([&answer] {
        answer(LoginVerdict::MayLook);
        answer(LoginVerdict::MayChange);
    }).join();
    loop_.run();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(identity.level, 2);
    hook_ = [&answer](const Answer& given) { answer = given; };
    authenticator_->authenticate("late", "x", [&](Identity) { ++calls; });
    authenticator_.reset();
    answer(LoginVerdict::MayLook);
    loop_.run();
    EXPECT_EQ(calls, 1);
}

TEST_F(LoginHookTest, MayAnswerWhenTheMasterIsNoMore) {
    Answer answer;
    {
        test::ManualLoop loop;
        ConfigAuthenticator one(loop, {}, tokens_);
        one.setLogin([&answer](const Login&, Answer given) { answer = std::move(given); });
        one.authenticate("guest", "x", [](const Identity&) { FAIL(); });
    }
    answer(LoginVerdict::MayLook);  // nothing of it is touched
}

TEST_F(LoginHookTest, RefusesWhenItThrows) {
    hook_ = [](const Answer&) { throw std::runtime_error("no directory"); };
    EXPECT_EQ(connect("guest", "x"), Identity{});
}

}  // namespace
}  // namespace muster
