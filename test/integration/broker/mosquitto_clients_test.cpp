// The broker under Mosquitto's command line clients, in all three versions of the protocol.
#include "test/support/child.hpp"
#include "test/support/eventually.hpp"
#include "test/support/live_broker.hpp"
#include "test/support/temp_dir.hpp"

using namespace std::chrono_literals;
using muster::test::Child;
using muster::test::eventually;
using muster::test::LiveBroker;

namespace {

struct Case {
    std::string version;  // -V of the clients
    std::string qos;
};

struct MosquittoClients : ::testing::TestWithParam<Case> {
    LiveBroker broker;

    std::vector<std::string> command(std::string program, std::vector<std::string> rest) {
        std::vector<std::string> all{
            std::move(program), "-p", std::to_string(broker.port()), "-V", GetParam().version, "-q",
            GetParam().qos};
        all.insert(all.end(), rest.begin(), rest.end());
        return all;
    }
    void publish(std::vector<std::string> rest) {
        Child publisher(command("mosquitto_pub", std::move(rest)));
        EXPECT_EQ(publisher.output(10s), "");
        EXPECT_EQ(publisher.wait(), 0);
    }
    bool hasSubscriptions(std::size_t count) {
        return eventually(10s, [&] { return broker.gauges().subscriptions == count; });
    }
};

INSTANTIATE_TEST_SUITE_P(
    VersionsAndQos, MosquittoClients,
    ::testing::Values(Case{"mqttv31", "0"}, Case{"mqttv31", "1"}, Case{"mqttv31", "2"},
                      Case{"mqttv311", "0"}, Case{"mqttv311", "1"}, Case{"mqttv311", "2"},
                      Case{"mqttv5", "0"}, Case{"mqttv5", "1"}, Case{"mqttv5", "2"}),
    [](const auto& test) { return test.param.version + "_qos" + test.param.qos; });

TEST_P(MosquittoClients, PublishAndSubscribe) {
    Child subscriber(command("mosquitto_sub", {"-t", "a/+/c", "-C", "2", "-v"}));
    ASSERT_TRUE(hasSubscriptions(1));
    publish({"-t", "a/b/c", "-m", "first"});
    publish({"-t", "a/x/c", "-m", "second"});
    EXPECT_EQ(subscriber.output(10s), "a/b/c first\na/x/c second\n");
    EXPECT_EQ(subscriber.wait(), 0);
}

TEST_P(MosquittoClients, GetRetainedMessages) {
    publish({"-t", "kept", "-m", "old", "-r"});
    publish({"-t", "kept", "-m", "new", "-r"});
    Child subscriber(command("mosquitto_sub", {"-t", "#", "-C", "1", "-v"}));
    EXPECT_EQ(subscriber.output(10s), "kept new\n");
}

TEST_P(MosquittoClients, LeaveAWillWhenTheyAreKilled) {
    Child subscriber(command("mosquitto_sub", {"-t", "will/#", "-C", "1", "-v"}));
    ASSERT_TRUE(hasSubscriptions(1));
    Child victim(command("mosquitto_sub", {"-t", "x", "--will-topic", "will/x", "--will-payload",
                                           "gone", "--will-qos", GetParam().qos}));
    ASSERT_TRUE(hasSubscriptions(2));
    victim.signal(SIGKILL);
    EXPECT_EQ(subscriber.output(10s), "will/x gone\n");
}

struct Sleepers : MosquittoClients {};
INSTANTIATE_TEST_SUITE_P(VersionsAndQos, Sleepers,
                         ::testing::Values(Case{"mqttv31", "1"}, Case{"mqttv31", "2"},
                                           Case{"mqttv311", "1"}, Case{"mqttv311", "2"},
                                           Case{"mqttv5", "1"}, Case{"mqttv5", "2"}),
                         [](const auto& test) {
                             return test.param.version + "_qos" + test.param.qos;
                         });

TEST_P(Sleepers, GetWhatCameWhileTheyWereAway) {
    std::vector<std::string> rest{"-t", "a", "-c", "-i", "sleeper", "-C", "1"};
    if (GetParam().version == "mqttv5") rest.insert(rest.end(), {"-x", "3600"});
    {
        Child subscriber(command("mosquitto_sub", rest));
        ASSERT_TRUE(hasSubscriptions(1));
        subscriber.signal(SIGTERM);
        subscriber.wait();
    }
    publish({"-t", "a", "-m", "kept for you"});
    Child subscriber(command("mosquitto_sub", rest));
    EXPECT_EQ(subscriber.output(10s), "kept for you\n");
}

TEST_P(MosquittoClients, CarryLargeMessages) {
    Child subscriber(command("mosquitto_sub", {"-t", "a", "-C", "1", "-F", "%l"}));
    ASSERT_TRUE(hasSubscriptions(1));
    muster::test::TempDir folder;
    const std::string file = folder.write("large", std::string(3'000'000, 'x'));
    publish({"-t", "a", "-f", file});
    EXPECT_EQ(subscriber.output(10s), "3000000\n");
}

struct Version5 : MosquittoClients {};
INSTANTIATE_TEST_SUITE_P(Only, Version5, ::testing::Values(Case{"mqttv5", "1"}),
                         [](const auto& test) { return test.param.version; });

TEST_P(Version5, RequestAndResponse) {
    Child responder(command("mosquitto_sub", {"-t", "ask", "-C", "1", "-F", "%R %p"}));
    ASSERT_TRUE(hasSubscriptions(1));
    Child requester(
        command("mosquitto_rr", {"-t", "ask", "-e", "reply/me/r", "-m", "how are you"}));
    EXPECT_EQ(responder.output(10s), "reply/me/r how are you\n");
    publish({"-t", "reply/me/r", "-m", "fine"});
    EXPECT_EQ(requester.output(10s), "fine\n");
}

TEST_P(Version5, SharedSubscriptionsGiveEachMessageToOne) {
    Child one(command("mosquitto_sub", {"-t", "$share/g/job", "-C", "2"}));
    Child two(command("mosquitto_sub", {"-t", "$share/g/job", "-C", "2"}));
    ASSERT_TRUE(hasSubscriptions(2));
    for (const char* name : {"1", "2", "3", "4"}) publish({"-t", "job", "-m", name});
    const std::string all = one.output(10s) + two.output(10s);
    EXPECT_EQ(all.size(), 8u);
    for (const char name : {'1', '2', '3', '4'}) EXPECT_NE(all.find(name), std::string::npos);
}

}  // namespace
