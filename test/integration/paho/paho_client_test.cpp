#include "test/integration/paho/paho_harness.hpp"

namespace muster::mqtt::test {

using namespace std::chrono_literals;

TEST(PahoClient, CarriesEveryQosInBothVersions) {
    MosquittoProcess broker;
    for (const int version : {4, 5}) {
        LiveClient client("qos" + std::to_string(version));
        client.options.version = version;
        ASSERT_TRUE(client.connects(broker.url()));
        ASSERT_TRUE(client.subscribe("t/#", 2).value());
        for (const int qos : {0, 1, 2}) {
            const std::string topic = "t/" + std::to_string(qos);
            const auto outcome = client.publish(message(topic, "payload", qos));
            ASSERT_TRUE(outcome && *outcome);
            EXPECT_EQ(**outcome, PublishOutcome::Delivered);
            const auto got = client.receives(topic);
            ASSERT_TRUE(got);
            EXPECT_EQ(*got, message(topic, "payload", qos));
        }
    }
}

TEST(PahoClient, CarriesThePropertiesOfARequest) {
    MosquittoProcess broker;
    LiveClient client("properties");
    ASSERT_TRUE(client.connects(broker.url()));
    ASSERT_TRUE(client.subscribe("request").value());
    Message request = message("request", std::string("\0binary\xff", 8), 1);
    request.responseTopic = "reply/me";
    request.correlationData = std::string("\x00\x01\xfe", 3);
    request.expiry = 60s;
    request.userProperties = {{"k", "v"}, {"k", "\xE2\x82\xAC"}};
    ASSERT_TRUE(client.publish(request).value());
    const auto got = client.receives("request");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->payload, request.payload);
    EXPECT_EQ(got->responseTopic, "reply/me");
    EXPECT_EQ(got->correlationData, request.correlationData);
    EXPECT_EQ(got->userProperties, request.userProperties);
    ASSERT_TRUE(got->expiry);
    EXPECT_LE(*got->expiry, 60s);
}

TEST(PahoClient, LeavesPropertiesOutInMqtt311) {
    MosquittoProcess broker;
    LiveClient client("v311");
    client.options.version = 4;
    ASSERT_TRUE(client.connects(broker.url()));
    ASSERT_TRUE(client.subscribe("t").value());
    Message sent = message("t", "x");
    sent.responseTopic = "reply";
    ASSERT_TRUE(client.publish(sent).value());
    const auto got = client.receives("t");
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, message("t", "x"));
}

TEST(PahoClient, GetsRetainedMessagesWhenItSubscribes) {
    MosquittoProcess broker;
    LiveClient client("retained");
    ASSERT_TRUE(client.connects(broker.url()));
    ASSERT_TRUE(client.publish(message("state", "kept", 1, true)).value());
    ASSERT_TRUE(client.subscribe("state").value());
    const auto got = client.receives("state");
    ASSERT_TRUE(got);
    EXPECT_TRUE(got->retain);
}

TEST(PahoClient, LeavesItsWillWhenItIsCutOffAndNoneWhenItCloses) {
    MosquittoProcess broker;
    LiveClient watcher("watcher");
    ASSERT_TRUE(watcher.connects(broker.url()));
    ASSERT_TRUE(watcher.subscribe("will/#").value());

    LiveClient polite("polite");
    polite.options.will = message("will/polite", "gone", 1);
    ASSERT_TRUE(polite.connects(broker.url()));
    polite.onLoop([](PahoClient& client) { client.close(); });

    LiveClient first("twin");
    first.options.will = message("will/twin", "gone", 1);
    first.options.will->userProperties = {{"why", "cut off"}};
    first.options.backoffFirst = 0ms;  // does not come back
    ASSERT_TRUE(first.connects(broker.url()));
    LiveClient second("twin");  // the broker cuts off the first of the same identifier
    ASSERT_TRUE(second.connects(broker.url()));

    const auto will = watcher.receives("will/twin");
    ASSERT_TRUE(will);
    EXPECT_EQ(will->payload, "gone");
    EXPECT_EQ(will->userProperties, first.options.will->userProperties);
    EXPECT_TRUE(first.isLost());
    EXPECT_EQ(watcher.count("will/polite"), 0U);
}

TEST(PahoClient, RefusesWhatMqttCannotCarry) {
    MosquittoProcess broker;
    LiveClient client("bad");
    ASSERT_TRUE(client.connects(broker.url()));
    const auto codeOf = [&](Message bad) { return client.publish(std::move(bad))->error().code(); };
    EXPECT_EQ(codeOf(message("", "x")), Errc::BadMessage);
    EXPECT_EQ(codeOf(message("a/#", "x")), Errc::BadMessage);
    EXPECT_EQ(codeOf(message(std::string("a\0b", 3), "x")), Errc::BadMessage);
    EXPECT_EQ(codeOf(message(std::string(65'536, 'a'), "x")), Errc::BadMessage);
    EXPECT_EQ(codeOf(message("a", "x", 3)), Errc::BadMessage);
    EXPECT_EQ(codeOf(message("\xff", "x")), Errc::BadMessage);
    EXPECT_EQ(client.subscribe("")->error().code(), Errc::BadMessage);
    EXPECT_TRUE(client.publish(message("a", "still alive", 1)).value());
}

TEST(PahoClient, AnswersClosedWhileThereIsNoConnection) {
    LiveClient client("offline");
    EXPECT_EQ(client.publish(message("a", "x", 1))->error().code(), Errc::Closed);
}

TEST(PahoClient, BoundsWhatIsNotAcknowledged) {
    MosquittoProcess broker;
    LiveClient client("bounded");
    ASSERT_TRUE(client.connects(broker.url()));
    broker.freeze();  // acknowledges nothing
    std::mutex mutex;
    std::map<Errc, int> failures;
    client.onLoop([&](PahoClient& paho) {
        for (int i = 0; i < 1100; ++i)
            paho.publish(message("a", "x", 1), [&](Result<PublishOutcome> outcome) {
                const std::lock_guard lock(mutex);
                if (!outcome) ++failures[outcome.error().code()];
            });
    });
    EXPECT_TRUE(eventually(kPatience, [&] {
        const std::lock_guard lock(mutex);
        return failures[Errc::Limit] == 100;
    }));
    broker.resume();
    broker.kill();
    EXPECT_TRUE(eventually(kPatience, [&] {
        const std::lock_guard lock(mutex);
        return failures[Errc::Closed] > 0;
    }));
    client.destroy();  // before what its callbacks write to
}

TEST(PahoClient, SendsABurstWholeAndInItsOrder) {
    MosquittoProcess broker;
    LiveClient client("burst");
    ASSERT_TRUE(client.connects(broker.url()));
    ASSERT_TRUE(client.subscribe("burst").value());
    constexpr int kMany = 500;  // far beyond what is on its way at a time
    std::mutex mutex;
    int delivered = 0;
    client.onLoop([&](PahoClient& paho) {
        for (int i = 0; i < kMany; ++i)
            paho.publish(message("burst", std::to_string(i), 1),
                         [&](Result<PublishOutcome> outcome) {
                             const std::lock_guard lock(mutex);
                             if (outcome) ++delivered;
                         });
    });
    EXPECT_TRUE(eventually(kPatience, [&] {
        const std::lock_guard lock(mutex);
        return delivered == kMany;
    }));
    ASSERT_TRUE(eventually(kPatience, [&] { return client.count("burst") == kMany; }));
    const auto payloads = client.payloads("burst");
    int next = 0;
    for (const auto& payload : payloads) ASSERT_EQ(payload, std::to_string(next++));
    client.destroy();  // before what its callbacks write to
}

TEST(PahoClient, RefusesAnUrlThatIsNotOfMqtt) {
    LiveClient client("url");
    client.connect("http://127.0.0.1:1");
    ASSERT_TRUE(client.isLost());
    EXPECT_TRUE(client.wasRefused());
    EXPECT_NE(client.lossReason().find("mqtt://"), std::string::npos);
}

TEST(PahoClient, SubscribesToMoreFiltersThanOneAndLeavesThem) {
    MosquittoProcess broker;
    LiveClient client("filters");
    ASSERT_TRUE(client.connects(broker.url()));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.subscribe("f/" + std::to_string(i)).value());
    client.onLoop([](PahoClient& paho) {
        paho.unsubscribe("f/3");
        paho.subscribe("f/4", 0);
        paho.unsubscribe("f/5");
        paho.subscribe("f/5", 1);
    });
    ASSERT_TRUE(client.subscribe("f/last").value());
    for (const char* topic : {"f/3", "f/4", "f/5", "f/last"})
        ASSERT_TRUE(client.publish(message(topic, "x", 1)).value());
    EXPECT_TRUE(client.receives("f/last"));
    EXPECT_EQ(client.count("f/3"), 0U);
    EXPECT_EQ(client.count("f/4"), 1U);
    EXPECT_EQ(client.count("f/5"), 1U);
}

}  // namespace muster::mqtt::test
