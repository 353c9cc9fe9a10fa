// Nonsense and malice from one who has the right to speak: it costs nobody else anything.
#include "test/integration/security/attacked_cluster.hpp"
#include "test/support/mqtt_bytes.hpp"
#include "test/support/raw_client.hpp"

namespace muster {
namespace {

using namespace std::chrono_literals;

class HostileTest : public test::AttackedCluster {
protected:
    /// A server with a right token, by hand.
    std::unique_ptr<test::RawClient> rogue() const {
        auto client =
            std::make_unique<test::RawClient>(static_cast<std::uint16_t>(cluster_.port()));
        client->send(test::connect5("rogue", "rogue", cluster_.token("server")));
        const std::string answer = client->receive(4, 5s);
        EXPECT_EQ(answer.size() == 4 ? answer[3] : '\xFF', '\0') << "not accepted";
        return client;
    }
    void send(test::RawClient& client, const std::string& topic, const std::string& payload) const {
        client.send(test::publish0("muster/game/" + topic, payload, true));
    }
    /// The master answers somebody else at once.
    void expectQuickAnswer() const {
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_TRUE(admin()->request("supervisor", R"({"op":"list"})"));
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
    }
    static std::vector<std::string> hostileTexts() {
        const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
        return {
            "",
            "{",
            "null",
            "[]",
            "\"text\"",
            "{\"a\":" + deep + "}",
            deep,
            std::string(900'000, 'x'),
            R"({"state":"online","type":")" + std::string(300'000, 't') + "\"}",
            "{\"state\":\"online\",\"type\":\"\xC3\x28\"}",
            std::string("{\"state\":\"online\",\"type\":\"a\0b\"}", 32),
            R"({"state":7,"type":[],"pid":{},"port":"x"})",
            R"({"state":"online","type":"chat","port":1e999})",
            R"({"state":"online","type":"chat","pid":18446744073709551615})",
            R"({"state":"online","type":"../../etc","incarnation":"i"})",
            R"({"state":"online","type":"chat","__proto__":{"level":1},"info":[]})",
            R"({"v":1,"moduleId":7,"body":{}})",
            R"({"v":1,"moduleId":"__proto__","body":{}})",
            R"({"v":1,"moduleId":"no-such-module","body":{}})",
            R"({"v":99,"moduleId":"supervisor","body":{}})",
            R"({"v":1,"moduleId":"supervisor","body":)" + deep + "}",
            R"({"v":1,"moduleId":"supervisor","body":{"op":"snapshot","servers":7}})",
            R"({"v":1,"moduleId":"__masterwatcher__","body":{"action":["subscribe"]}})",
            R"({"v":1,"moduleId":"__masterwatcher__","body":{"action":"record","id":"chat-1"}})",
            R"({"v":1,"moduleId":"supervisor","body":{"op":"start"},"order":{"id":"x",)"
            R"("epoch":99999,"clusterUid":"c","deadline":"2099-01-01T00:00:00.000Z"}})"};
    }
};

TEST_F(HostileTest, NonsenseOfAServerIsIgnoredAndCounted) {
    for (const char* topic : {"presence/rogue", "to/master/rogue", "metric/rogue",
                              "event/exited/rogue", "reply/master/rogue", "log/rogue/stdout"})
        for (const std::string& text : hostileTexts()) {
            const auto client = rogue();
            send(*client, topic, text);
        }
    expectQuickAnswer();
    EXPECT_TRUE(logHas("presence of rogue"));
    // One line a second tells of such messages.
    EXPECT_TRUE(test::eventually(10s, [&] {
        send(*rogue(), "to/master/rogue", "{");
        return cluster_.log().find("bad message of rogue") != std::string::npos;
    }));
}

TEST_F(HostileTest, AServerSendsNoOrdersToOthers) {
    const auto client = rogue();
    const std::string order =
        R"({"v":1,"time":"2026-01-01T00:00:00.000Z","moduleId":"__console__",)"
        R"("body":{"signal":"stop"},"order":{"id":"x","epoch":99999,)"
        R"("clusterUid":"c","deadline":"2099-01-01T00:00:00.000Z"}})";
    for (const char* topic : {"to/monitor/chat-1", "to/type/chat", "to/all", "leader",
                              "presence/chat-1", "reply/master/chat-1"})
        send(*client, topic, order);
    EXPECT_TRUE(logHas("rogue may not publish to"));
    expectQuickAnswer();
}

TEST_F(HostileTest, NonsenseOfAnonymousIsAnsweredAndIgnored) {
    for (const std::string& text : hostileTexts()) {
        test::RawClient client(static_cast<std::uint16_t>(cluster_.port()));
        client.send(test::mqttPacket(
            0x10,
            test::mqttText("MQTT") + std::string("\x05\x02\0\x3C\0", 5) + test::mqttText("")));
        client.receive(4, 5s);
        send(client, "to/master/anonymous", text);
    }
    expectQuickAnswer();
    EXPECT_TRUE(logHas("bad message of anonymous"));
}

TEST_F(HostileTest, BytesThatAreNoMqttEndTheirConnectionOnly) {
    for (const std::string& bytes :
         {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100'000, '\xFF'),
          std::string("\x10\xFF\xFF\xFF\xFF\x7F", 6), test::pomeloConnect() + "\xF0",
          test::pomeloConnect() + test::publish0("register", "{"),
          test::pomeloConnect() + test::publish0("register", std::string(900'000, '{'))}) {
        test::RawClient client(static_cast<std::uint16_t>(cluster_.port()));
        client.send(bytes);
        EXPECT_TRUE(client.isClosedWithin(15s)) << bytes.substr(0, 20);
    }
    expectQuickAnswer();
}

}  // namespace
}  // namespace muster
