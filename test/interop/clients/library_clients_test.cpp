// A client library against the broker: 3.1, 3.1.1 and 5.0, QoS 0, 1 and 2. Which library is a
// matter of what this is linked with.
#include "test/interop/clients/library_client.hpp"
#include "test/support/child.hpp"
#include "test/support/live_client.hpp"
#include "test/support/raw_client.hpp"

using namespace std::chrono_literals;
using namespace muster::test;

namespace {

struct Case {
    int version;
    int qos;
};

struct LibraryClients : ::testing::TestWithParam<Case> {
    LibraryClients() {
        const std::string& line = broker.outputUntil("\n", 20s);
        port = static_cast<std::uint16_t>(std::stoi(line.substr(line.find(' '))));
    }
    LibraryOptions options(std::string id) const {
        LibraryOptions result;
        result.port = port;
        result.version = GetParam().version;
        result.clientId = std::move(id);
        return result;
    }
    /// Another client that is a script.
    LiveClient scripted(const std::string& id) const {
        LiveClient one(std::make_unique<RawClient>(port), muster::mqtt::Version::V311);
        one.connects(id);
        return one;
    }
    LibraryMessage message(std::string payload, bool retain = false) const {
        return {"lib/t", std::move(payload), GetParam().qos, retain};
    }
    void expectNext(LibraryClient& client, const std::string& payload, bool retain = false) {
        const auto next = client.next();
        ASSERT_TRUE(next);
        EXPECT_EQ(next->topic, "lib/t");
        EXPECT_EQ(next->payload.size(), payload.size());
        EXPECT_TRUE(next->payload == payload);
        EXPECT_EQ(next->qos, GetParam().qos);
        EXPECT_EQ(next->retain, retain);
    }

    Child broker{{BROKER_PROGRAM, "--port", "0"}};
    std::uint16_t port = 0;
};
INSTANTIATE_TEST_SUITE_P(VersionsAndQos, LibraryClients,
                         ::testing::Values(Case{3, 0}, Case{3, 1}, Case{3, 2}, Case{4, 0},
                                           Case{4, 1}, Case{4, 2}, Case{5, 0}, Case{5, 1},
                                           Case{5, 2}),
                         [](const auto& test) {
                             return "V" + std::to_string(test.param.version) + "Qos" +
                                    std::to_string(test.param.qos);
                         });

TEST_P(LibraryClients, GetMessagesIntactInOrderAndRetained) {
    const auto client = LibraryClient::connect(options("one"));
    client->publish(message("retained", true));
    EXPECT_EQ(client->subscribe("lib/+", GetParam().qos), GetParam().qos);
    expectNext(*client, "retained", true);
    const std::string payloads[] = {"", std::string("\0\xFF\x80", 3), std::string(300'000, 'x')};
    for (const std::string& payload : payloads) client->publish(message(payload));
    for (const std::string& payload : payloads) expectNext(*client, payload);
    client->disconnect();
}

TEST_P(LibraryClients, LeaveTheirWillWhenTheyAreTakenOver) {
    LiveClient watcher = scripted("watcher");
    watcher.subscribes("lib/t", 2);
    LibraryOptions victim = options("victim");
    victim.will = message("gone");
    const auto client = LibraryClient::connect(victim);
    LiveClient taker = scripted("victim");
    EXPECT_EQ(watcher.receives("lib/t", "gone").qos, GetParam().qos);
}

struct SleepingLibraryClients : LibraryClients {};  // for whom QoS 0 is not kept
INSTANTIATE_TEST_SUITE_P(VersionsAndQos, SleepingLibraryClients,
                         ::testing::Values(Case{3, 1}, Case{3, 2}, Case{4, 1}, Case{4, 2},
                                           Case{5, 1}, Case{5, 2}),
                         [](const auto& test) {
                             return "V" + std::to_string(test.param.version) + "Qos" +
                                    std::to_string(test.param.qos);
                         });

TEST_P(SleepingLibraryClients, ResumeTheirSessionWithWhatCameMeanwhile) {
    LibraryOptions sleeper = options("sleeper");
    sleeper.isPersistent = true;
    {
        const auto client = LibraryClient::connect(sleeper);
        EXPECT_FALSE(client->isSessionPresent().value_or(false));
        client->subscribe("lib/t", GetParam().qos);
        client->disconnect();
    }
    scripted("writer").publishes("lib/t", "for later", GetParam().qos);
    const auto client = LibraryClient::connect(sleeper);
    const bool isTold = GetParam().version > 3;  // 3.1 has no word for it
    EXPECT_EQ(client->isSessionPresent().value_or(isTold), isTold);
    expectNext(*client, "for later");
    client->disconnect();
}

}  // namespace
