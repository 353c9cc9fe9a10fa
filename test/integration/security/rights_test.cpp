// Attempts to do what one has no right to, against the real binary.
#include "test/integration/security/attacked_cluster.hpp"
#include "test/support/mqtt_bytes.hpp"
#include "test/support/raw_client.hpp"

namespace muster {
namespace {

using namespace std::chrono_literals;

struct Attempt {
    const char* moduleId;
    const char* body;
};

/// Everything that changes something, also written so that two readers of JSON may disagree.
constexpr Attempt kChanges[] = {
    {"supervisor", R"({"op":"start"})"},
    {"supervisor", R"({"op":"stop","ids":["chat-1"]})"},
    {"supervisor", R"({"op":"kill","type":"chat"})"},
    {"supervisor", R"({"op":"restart","ids":["chat-1"]})"},
    {"supervisor", R"({"op":"add","server":{"id":"x","serverType":"chat","host":"127.0.0.1"}})"},
    {"supervisor", R"({"op":"list","op":"stop"})"},
    {"supervisor", R"({"o\u0070":"stop","ids":["chat-1"]})"},
    {"supervisor", R"({"op":"stop","ids":["chat-1"],"username":"admin","level":1})"},
    {"__console__", R"({"signal":"stop","ids":["chat-1"]})"},
    {"__console__", R"({"signal":"kill"})"},
    {"__console__", R"({"signal":"restart","ids":["chat-1"]})"},
    {"__console__", R"({"signal":"add","args":["id=x","host=127.0.0.1","serverType=chat"]})"},
    {"__console__", R"({"signal":"addCron","args":["id=1","serverType=chat","time=* * * * * *"]})"},
    {"__console__", R"({"signal":"removeCron","args":["id=1"]})"},
    {"__console__", R"({"signal":"blacklist","args":["10.0.0.1"]})"},
    {"__console__", R"({"signal":"list","signal":"kill"})"},
    {"__console__", R"({"signal":"list","sign\u0061l":"kill"})"},
    {"watchServer", R"({"comd":"set","context":"chat-1","param":{"key":"a","value":"b"}})"},
    {"watchServer", R"({"comd":"run","context":"chat-1","param":"1"})"},
    {"watchServer", R"({"comd":"enable","context":"chat-1","param":"app"})"},
    {"watchServer", R"({"comd":"servers","comd":"set","context":"chat-1"})"},
    {"watchServer", R"({"comd":"\u0073et","context":"chat-1","param":{"key":"a","value":"b"}})"},
    {"broker", R"({"op":"disconnect","clientId":"chat-1"})"},
    {"broker", R"({"op":"stats","op":"disconnect","clientId":"chat-1"})"},
    {"broker", R"({"op":"\u0064isconnect","clientId":"chat-1"})"},
};

using RightsTest = test::AttackedCluster;

void expectAllDenied(AdminClient& client, const char* who) {
    for (const Attempt& attempt : kChanges) {
        const auto answer = client.request(attempt.moduleId, attempt.body);
        ASSERT_FALSE(answer) << who << ": " << attempt.body << " gave " << *answer;
        EXPECT_EQ(answer.error().code(), Errc::Denied) << who << ": " << attempt.body;
    }
    for (const char* command : {"enable", "disable"}) {
        const auto answer = client.command(command, "watchServer");
        ASSERT_FALSE(answer) << who << ": " << command;
        EXPECT_EQ(answer.error().code(), Errc::Denied) << who << ": " << command;
    }
}

TEST_F(RightsTest, WhoMayOnlyLookChangesNothing) {
    expectAllDenied(*admin(), "anonymous");
    expectAllDenied(*admin("bob", "bob-password"), "bob");
    EXPECT_TRUE(admin("ann", "ann-password")
                    ->request("watchServer", R"({"comd":"servers","context":"all"})"));
}

TEST_F(RightsTest, NobodyWritesUnderAnothersName) {
    const auto refused = [&](const std::string& topic) {
        return runWith(client("mosquitto_pub"),
                       {"-q", "1", "-t", "muster/game/" + topic, "-m", "{}"})
                   .output.find("Not authorized") != std::string::npos;
    };
    for (const char* topic :
         {"to/master/admin", "to/master/ann", "to/master/chat-1", "to/monitor/chat-1",
          "to/type/chat", "to/all", "leader", "presence/chat-1", "state/server/chat-1",
          "reply/master/chat-1", "reply/admin/x", "event/exited/chat-1", "metric/chat-1", "bus/x"})
        EXPECT_TRUE(refused(topic)) << topic;
    EXPECT_TRUE(logHas("anonymous may not publish to"));
}

TEST_F(RightsTest, AnswersGoToWhoAskedOnly) {
    const char* request = R"({"v":1,"time":"2026-01-01T00:00:00.000Z","moduleId":"supervisor",)"
                          R"("body":{"op":"list"}})";
    test::Child victim([&] {
        auto words = client("mosquitto_sub", "ann", "ann-password");
        words.insert(words.end(),
                     {"-t", "muster/game/reply/ann/#", "-t", "muster/game/leader", "-v"});
        return words;
    }());
    victim.outputUntil("muster/game/leader", 10s);
    for (const char* topic : {"muster/game/reply/ann/x", "muster/game/reply/anonymousx/x",
                              "muster/game/to/monitor/chat-1", "muster/other/reply/anonymous/x",
                              "muster/game/reply/anonymous"})
        runWith(client("mosquitto_pub"), {"-q", "1", "-t", "muster/game/to/master/anonymous", "-D",
                                          "publish", "response-topic", topic, "-m", request});
    EXPECT_TRUE(logHas("it must be below reply/anonymous/"));
    // A request of its own, after those, is the first that is answered there.
    runWith(client("mosquitto_pub", "ann", "ann-password"),
            {"-q", "1", "-t", "muster/game/to/master/ann", "-D", "publish", "response-topic",
             "muster/game/reply/ann/mine", "-m", request});
    const std::string seen = victim.outputUntil("reply/ann/mine {", 10s);
    EXPECT_EQ(seen.find("reply/ann/x {"), std::string::npos) << seen;
    EXPECT_NE(seen.find("reply/ann/mine {"), std::string::npos) << seen;
}

TEST_F(RightsTest, AClientIdBelongsToItsServer) {
    const auto connect = [&](const std::string& id) {
        return runWith(client("mosquitto_pub"),
                       {"-i", id, "-t", "muster/game/to/master/anonymous", "-m", "{}"});
    };
    const std::string node = "node-" + std::string("elsewhere");
    for (const std::string& id : {std::string("chat-1"), node, std::string("muster-game-leader")})
        EXPECT_NE(connect(id).status, 0) << id;
    // Also while its server is away: who comes first with an id would own it.
    ASSERT_EQ(cluster_.run({"stop", "gate-1"}).status, 0);
    EXPECT_NE(connect("gate-1").status, 0);
    ASSERT_EQ(cluster_.run({"start", "gate-1"}).status, 0);
    pids_ = cluster_.pids();
}

TEST_F(RightsTest, AServersTokenMakesNoAdministratorAndNoNode) {
    const std::string token = cluster_.token("server");
    const auto connects = [&](const std::string& user) {
        return runWith(client("mosquitto_pub", user, token),
                       {"-i", user, "-t", "muster/game/to/master/" + user, "-m", "{}"})
                   .status == 0;
    };
    EXPECT_TRUE(connects("stranger"));  // a server that joins by itself
    for (const char* user : {"admin", "ann", "master", "node-vm", "node-x"})
        EXPECT_FALSE(connects(user)) << user;
}

TEST_F(RightsTest, AMonitorHasNoSayOverOthers) {
    const std::string token = cluster_.token("server");
    const auto ask = [&](const std::string& moduleId, const std::string& body) {
        auto words = client("mosquitto_rr", "rogue", token);
        const std::string request = R"({"v":1,"time":"2026-01-01T00:00:00.000Z","moduleId":")" +
                                    moduleId + R"(","body":)" + body + "}";
        return runWith(words, {"-i", "rogue", "-t", "muster/game/to/master/rogue", "-e",
                               "muster/game/reply/rogue/r", "-m", request, "-W", "5"})
            .output;
    };
    const auto present = [&](const std::string& type) {
        runWith(client("mosquitto_pub", "rogue", token),
                {"-i", "rogue", "-q", "1", "-r", "-t", "muster/game/presence/rogue", "-m",
                 R"({"v":1,"state":"online","type":")" + type +
                     R"(","host":"h","port":1,"pid":1,"incarnation":"i"})"});
    };
    present("node");
    EXPECT_TRUE(logHas("presence of rogue ignored"));
    EXPECT_NE(ask("supervisor", R"({"op":"snapshot","servers":[]})").find("unknown_server"),
              std::string::npos);
    present("chat");
    const std::string lie = R"({"op":"snapshot","servers":[{"id":"chat-1","state":"failed"}]})";
    for (const char* body : {R"({"op":"stop"})", R"({"op":"list"})", lie.c_str()})
        EXPECT_NE(ask("supervisor", body).find("denied"), std::string::npos) << body;
    for (const char* module : {"__console__", "watchServer"})
        EXPECT_EQ(ask(module, R"({"signal":"kill","comd":"run","context":"chat-1"})")
                          .find(R"("error")") == std::string::npos,
                  false)
            << module;
    runWith(client("mosquitto_pub", "rogue", token),
            {"-i", "rogue", "-q", "1", "-r", "-t", "muster/game/presence/rogue", "-n"});
    EXPECT_TRUE(test::eventually(10s, [&] { return cluster_.rows().count("rogue") == 0; }));
}

TEST_F(RightsTest, ANativeServersPlaceIsNotForPomelosPeers) {
    const auto port = static_cast<std::uint16_t>(cluster_.port());
    const std::string registration =
        test::pomeloConnect() +
        test::publish0("register",
                       R"({"id":"chat-1","type":"monitor","serverType":"chat","pid":7,)"
                       R"("info":{"id":"chat-1","serverType":"chat","host":"h","port":9}})");
    ASSERT_TRUE(logHas("chat-1 registered (chat, pid " + std::to_string(pids_["chat-1"]) + ")"));
    test::RawClient thief(port);
    thief.send(registration);
    EXPECT_TRUE(thief.isClosedWithin(5s)) << cluster_.log();

    // One that came while the server was away loses the place with its return.
    ASSERT_EQ(cluster_.run({"stop", "chat-1"}).status, 0);
    ASSERT_TRUE(logHas("chat-1 disconnected"));
    test::RawClient squatter(port);
    squatter.send(registration);
    const std::string answer = squatter.receiveUntil(R"("code":1)", 5s);
    EXPECT_NE(answer.find(R"("code":1)"), std::string::npos) << answer;
    ASSERT_EQ(cluster_.run({"start", "chat-1"}).status, 0);
    EXPECT_TRUE(squatter.isClosedWithin(5s)) << cluster_.log();
    pids_ = cluster_.pids();
}

TEST_F(RightsTest, AThousandWrongLoginsDelayNobody) {
    const auto port = static_cast<std::uint16_t>(cluster_.port());
    const auto looker = admin();
    std::vector<std::unique_ptr<test::RawClient>> attackers;
    for (int i = 0; i < 1000; ++i) {
        attackers.push_back(std::make_unique<test::RawClient>(port));
        attackers.back()->send(test::connect5("a" + std::to_string(i), i % 2 == 0 ? "ann" : "admin",
                                              "wrong-" + std::to_string(i)));
    }
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(looker->request("supervisor", R"({"op":"list"})"));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
    int refused = 0;
    for (const auto& attacker : attackers) {
        const std::string answer = attacker->receive(4, 30s);
        refused += answer.size() == 4 && static_cast<unsigned char>(answer[3]) >= 0x80 ? 1 : 0;
    }
    EXPECT_EQ(refused, 1000);
    attackers.clear();
    // The right one gets in, at the latest when the passwords that wait already are checked.
    EXPECT_TRUE(test::eventually(60s, [&] {
        test::RawClient right(port);
        right.send(test::connect5("right", "ann", "ann-password"));
        const std::string answer = right.receive(4, 30s);
        return answer.size() == 4 && answer[3] == '\0';
    }));
}

}  // namespace
}  // namespace muster
