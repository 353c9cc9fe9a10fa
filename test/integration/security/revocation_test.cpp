// Rights that are taken away by a change of the configuration and a SIGHUP, at the real binary.
#include "test/support/cluster_process.hpp"
#include "test/support/live_client.hpp"
#include "test/support/raw_client.hpp"

#include <gmock/gmock.h>

namespace muster {
namespace {

using namespace std::chrono_literals;
using mqtt::Connect;
using mqtt::ReasonCode;
using test::eventually;
using test::LiveClient;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kReread = "users and tokens were read anew";
constexpr std::uint8_t kBadPassword = 4;  // return code of 3.x

struct Login {
    std::string user;
    std::string password;
};

class Revocation : public testing::Test {
protected:
    LiveClient client(mqtt::Version version = mqtt::Version::V5) const {
        const auto port = static_cast<std::uint16_t>(cluster_.port());
        return {std::make_unique<test::RawClient>(port), version};
    }
    /// The CONNECT of a session that stays.
    static Connect packetOf(const LiveClient& client, const std::string& id, const Login& login) {
        Connect packet = client.lastingPacket(id);
        packet.username = login.user;
        packet.password = login.password;
        return packet;
    }
    LiveClient connected(const std::string& id, const Login& login,
                         mqtt::Version version = mqtt::Version::V5) const {
        LiveClient one = client(version);
        one.connects(packetOf(one, id, login));
        return one;
    }
    void expectRefused(const std::string& id, const Login& login) const {
        LiveClient one = client();
        one.sends(packetOf(one, id, login));
        one.expectsRefusedConnect(ReasonCode::BadUserNameOrPassword, kBadPassword);
    }
    bool isSessionPresent(const std::string& id, const Login& login) const {
        LiveClient one = client();
        const bool isPresent = one.connects(packetOf(one, id, login)).sessionPresent;
        one.expectsNothing();
        return isPresent;
    }
    void users(const std::string& json) const {
        cluster_.directory().write("config/adminUser.json", json);
    }
    void tokens(const std::string& chat) const {
        cluster_.directory().write(
            "config/adminServer.json",
            R"([{"type":"chat","token":")" + chat + R"("},{"type":"gate","token":"gate-token"}])");
    }
    std::size_t timesLogged(std::string_view text) const {
        const std::string log = cluster_.log();
        std::size_t times = 0;
        for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1))
            ++times;
        return times;
    }
    /// SIGHUP, until the log says this once more.
    void reload(std::string_view until = kReread) const {
        const auto before = timesLogged(until);
        cluster_.signalMaster(SIGHUP);
        EXPECT_TRUE(eventually(10s, [&] { return timesLogged(until) > before; })) << cluster_.log();
    }
    std::string retained(const std::string& filter) const {
        return cluster_.run({"broker", "retained", filter, "--json"}).output;
    }
    std::string sessions() const { return cluster_.run({"broker", "sessions", "--json"}).output; }

    test::ClusterProcess cluster_;
    const Login ann_{"ann", "ann-password"};
    const Login bob_{"bob", "bob-password"};
    const Login admin() const { return {"admin", cluster_.token("admin")}; }
};

TEST_F(Revocation, AUserWithANewPasswordLosesAllThatTheOldOneMade) {
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    LiveClient bob = connected("bob-1", bob_);
    bob.subscribes("muster/game/event/admin/#", 1);
    // A will that would do something, and tell of it.
    LiveClient live = client();
    Connect packet = packetOf(live, "ann-1", ann_);
    packet.will.emplace().topic = "muster/game/to/master/ann";
    packet.will->payload = R"({"v":1,"time":"2026-01-01T00:00:00.000Z",)"
                           R"("moduleId":"watchServer","command":"disable","body":{}})";
    live.connects(packet);
    live.subscribes("muster/game/event/admin/#", 1);
    EXPECT_EQ(live.publishes("muster/game/to/master/ann", "kept", 1, true), ReasonCode::Success);
    LiveClient old = connected("ann-3", ann_, mqtt::Version::V311);
    connected("ann-2", ann_).subscribes("muster/game/event/admin/#", 1);  // and is away
    EXPECT_THAT(retained("muster/game/to/#"), HasSubstr("to/master/ann"));
    EXPECT_THAT(sessions(), HasSubstr("ann-2"));

    users(R"([{"id":"1","username":"ann","password":"new-password","level":1},
              {"id":"2","username":"bob","password":"bob-password","level":2}])");
    reload();
    live.expectsRefusal(ReasonCode::NotAuthorized);
    old.expectsRefusal(ReasonCode::NotAuthorized);
    EXPECT_THAT(sessions(), Not(HasSubstr("ann-")));
    EXPECT_THAT(retained("muster/game/to/#"), Not(HasSubstr("to/master/ann")));
    expectRefused("ann-1", ann_);
    for (const char* id : {"ann-1", "ann-2", "ann-3"})
        EXPECT_FALSE(isSessionPresent(id, {"ann", "new-password"})) << id;

    // Nothing happened to bob, and nothing was done in ann's name.
    EXPECT_EQ(cluster_.run({"module", "enable", "watchServer"}).status, 0);
    EXPECT_EQ(bob.expects<mqtt::Publish>().topic, "muster/game/event/admin/admin");
}

TEST_F(Revocation, WhoIsGoneOrMayLessIsSentAway) {
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    LiveClient ann = connected("ann-1", ann_);
    LiveClient bob = connected("bob-1", bob_);
    users(R"([{"id":"1","username":"ann","password":"ann-password","level":2}])");
    reload();
    ann.expectsRefusal(ReasonCode::NotAuthorized);
    bob.expectsRefusal(ReasonCode::NotAuthorized);
    EXPECT_FALSE(isSessionPresent("ann-1", ann_));
    expectRefused("bob-1", bob_);
    // What he may is what the file says now.
    const auto refused = test::ClusterProcess::runProgram(
        {MUSTER_PROGRAM, "module", "enable", "watchServer", "--url",
         "mqtt://127.0.0.1:" + std::to_string(cluster_.port()), "--cluster", "game", "-u", "ann",
         "-p", "ann-password"});
    EXPECT_EQ(refused.status, 6) << refused.output;
}

TEST_F(Revocation, ATokenThatIsChangedCutsItsServersOff) {
    tokens("chat-token");
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    const Login chat{"chat-9", "chat-token"};
    const std::string presence = "muster/game/presence/chat-9";
    const auto record = [](const std::string& state) {
        return R"({"v":1,"state":")" + state +
               R"(","type":"chat","host":"h","port":1,"pid":1,"incarnation":"i"})";
    };
    LiveClient live = client();
    Connect packet = packetOf(live, "chat-9", chat);
    packet.will = mqtt::Will{"muster/game/bus/will", "x", 1, true, {}};
    live.connects(packet);
    live.subscribes("muster/game/to/type/chat", 1);
    live.publishes(presence, record("ready"), 1, true);
    live.publishes("muster/game/bus/chat-9", "kept", 1, true);
    ASSERT_TRUE(eventually(10s, [&] { return cluster_.rows().contains("chat-9"); }));

    tokens("fresh-token");
    reload();
    live.expectsRefusal(ReasonCode::NotAuthorized);
    expectRefused("chat-9", chat);
    EXPECT_THAT(retained("muster/game/bus/#"), Not(HasSubstr("bus/")));
    EXPECT_THAT(sessions(), Not(HasSubstr("chat-9")));
    // Its will cannot say so, but it is gone, for those who watch as for the master.
    EXPECT_TRUE(eventually(40s, [&] { return !cluster_.rows().contains("chat-9"); }));
    LiveClient viewer = client();
    Connect look = packetOf(viewer, "bob-1", bob_);
    look.properties.sessionExpiry =
        0;  // what is kept waits for the store, and comes after messages
    viewer.connects(look);
    viewer.subscribes(presence);
    EXPECT_THAT(viewer.expects<mqtt::Publish>().payload, HasSubstr(R"("state":"offline")"));
    EXPECT_FALSE(isSessionPresent("chat-9", {"chat-9", "fresh-token"}));

    // Those of other types notice nothing; those of this one get the new token with a restart.
    EXPECT_EQ(cluster_.rows().at("gate-1").value("state", ""), "ready");
    EXPECT_TRUE(eventually(40s, [&] { return timesLogged("chat-1 disconnected") > 0; }));
    EXPECT_EQ(timesLogged("gate-1 lost its rights"), 0U);
    const auto restarted = cluster_.run({"restart", "chat-1", "chat-2"});
    EXPECT_EQ(restarted.status, 0) << restarted.output;
    EXPECT_EQ(cluster_.rows().at("chat-1").value("state", ""), "ready");
    EXPECT_TRUE(eventually(10s, [&] { return timesLogged("chat-1 registered") == 2; }))
        << cluster_.log();
}

TEST_F(Revocation, ANameThatBecomesAUsersIsNoServersAnyMore) {
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    LiveClient server = connected("carol", {"carol", cluster_.token("server")});
    users(R"([{"id":"1","username":"carol","password":"secret","level":1}])");
    reload();
    server.expectsRefusal(ReasonCode::NotAuthorized);
}

TEST_F(Revocation, AFileWithAnErrorChangesNothingAndSaysWhere) {
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    LiveClient ann = connected("ann-1", ann_);
    users("[{\"id\":\"1\",\"username\":\"ann\",\n\"password\":\"other\",\"level\":1,}]");
    reload("the configuration has errors: users and tokens stay as they are");
    EXPECT_THAT(cluster_.log(),
                HasSubstr("adminUser.json:2: column 30: a comma before }: remove it"));
    users(R"([{"id":"1","username":"ann","level":1}])");
    reload("the configuration has errors: users and tokens stay as they are");
    EXPECT_THAT(cluster_.log(), HasSubstr("adminUser.json:1: has no password: add it"));
    ann.expectsNothing();
    EXPECT_TRUE(isSessionPresent("ann-1", ann_));
    EXPECT_FALSE(isSessionPresent("bob-1", bob_)) << "he can still log in, and had no session";
}

TEST_F(Revocation, AListenerThatOthersReachKeepsItsTokens) {
    tokens("chat-token");
    const auto listenAt = [&](const char* host) {
        cluster_.configure({{"listeners", {{{"host", host}, {"port", cluster_.port()}}}}});
    };
    listenAt("0.0.0.0");
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    LiveClient server = connected("chat-9", {"chat-9", "chat-token"});
    listenAt("127.0.0.1");  // as it will be after the next start
    std::filesystem::remove(cluster_.directory().path() / "config/adminServer.json");
    reload("without adminServer.json anybody could join at 0.0.0.0");
    server.expectsNothing();
    expectRefused("chat-8", {"chat-8", cluster_.token("server")});
}

}  // namespace
}  // namespace muster
