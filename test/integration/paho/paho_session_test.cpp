#include "test/integration/paho/paho_harness.hpp"
#include "test/support/free_port.hpp"

namespace muster::mqtt::test {

using namespace std::chrono_literals;

namespace {

/// Lines for Mosquitto: one user, "agent" with password "secret", who may use "own/#" only.
std::string usersAndRights(const muster::test::TempDir& directory) {
    const std::string passwords = (directory.path() / "passwords").string();
    const std::string command = "mosquitto_passwd -c -b '" + passwords + "' agent secret 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0);
    const std::string rights = directory.write("acl", "user agent\ntopic readwrite own/#\n");
    return "allow_anonymous false\nuser root\npassword_file " + passwords + "\nacl_file " + rights;
}

}  // namespace

TEST(PahoClient, ComesBackAfterARestartOfTheBrokerWithItsSubscriptions) {
    MosquittoProcess broker;
    LiveClient client("comes-back");
    ASSERT_TRUE(client.connects(broker.url()));
    ASSERT_TRUE(client.subscribe("a/#").value());
    ASSERT_TRUE(client.subscribe("b").value());
    broker.kill();
    ASSERT_TRUE(client.isLost());
    EXPECT_FALSE(client.wasRefused());
    EXPECT_EQ(client.publish(message("a/1", "x", 1))->error().code(), Errc::Closed);
    broker.start();
    ASSERT_TRUE(client.isConnected(2));
    for (const char* topic : {"a/1", "b"}) {
        ASSERT_TRUE(client.publish(message(topic, "after", 1)).value());
        EXPECT_TRUE(client.receives(topic)) << topic;
    }
}

TEST(PahoClient, ConnectsOnceTheBrokerAppears) {
    MosquittoProcess broker;
    broker.kill();
    LiveClient client("early");
    client.connect(broker.url());
    ASSERT_TRUE(client.isLost(3));
    EXPECT_EQ(client.connections(), 0);
    broker.start();
    EXPECT_TRUE(client.isConnected());
}

TEST(PahoClient, KeepsItsSubscriptionWishFromBeforeTheConnection) {
    MosquittoProcess broker;
    LiveClient client("wish");
    client.onLoop([](PahoClient& paho) { paho.subscribe("wish", 1); });
    ASSERT_TRUE(client.connects(broker.url()));
    ASSERT_TRUE(client.publish(message("wish", "x", 1)).value());
    EXPECT_TRUE(client.receives("wish"));
}

TEST(PahoClient, FindsItsSessionAgain) {
    MosquittoProcess broker;
    const auto persistent = [&](LiveClient& client) {
        client.options.cleanStart = false;
        client.options.sessionExpiry = 100s;
        return client.connects(broker.url());
    };
    {
        LiveClient client("session");
        ASSERT_TRUE(persistent(client));
        EXPECT_FALSE(client.sessionWasPresent());
        ASSERT_TRUE(client.subscribe("kept").value());
    }
    LiveClient other("other");
    ASSERT_TRUE(other.connects(broker.url()));
    ASSERT_TRUE(other.publish(message("kept", "while away", 1)).value());

    LiveClient again("session");
    ASSERT_TRUE(persistent(again));
    EXPECT_TRUE(again.sessionWasPresent());
    EXPECT_TRUE(again.receives("kept"));  // though this one never subscribed
}

TEST(PahoClient, TellsWhenItsCredentialsAreRefused) {
    const muster::test::TempDir directory;
    MosquittoProcess broker(usersAndRights(directory));
    for (const int version : {4, 5}) {
        LiveClient client("refused");
        client.options.version = version;
        client.options.username = "agent";
        client.options.password = "wrong";
        client.connect(broker.url());
        ASSERT_TRUE(client.isLost());
        EXPECT_TRUE(client.wasRefused()) << "version " << version << ": " << client.lossReason();
        EXPECT_EQ(client.connections(), 0);
    }
}

TEST(PahoClient, TellsAnUnknownHostFromARefusedConnection) {
    LiveClient lost("lost");
    lost.options.connectTimeout = std::chrono::seconds(60);
    lost.connect("mqtt://no-such-host.invalid:1883");
    ASSERT_TRUE(lost.isLost());
    EXPECT_NE(lost.lossReason().find("'no-such-host.invalid' cannot be resolved: "),
              std::string::npos)
        << lost.lossReason();
    LiveClient shut("shut");
    const std::string address = "127.0.0.1:" + std::to_string(muster::test::freePort());
    shut.connect("mqtt://" + address);
    ASSERT_TRUE(shut.isLost());
    EXPECT_EQ(shut.lossReason(), "nothing listens at " + address + ": connection refused");
}

TEST(PahoClient, TellsWhenTheBrokerDeniesATopic) {
    const muster::test::TempDir directory;
    MosquittoProcess broker(usersAndRights(directory));
    LiveClient client("denied");
    client.options.username = "agent";
    client.options.password = "secret";
    ASSERT_TRUE(client.connects(broker.url()));
    EXPECT_TRUE(client.publish(message("own/a", "x", 1)).value());
    const auto outcome = client.publish(message("foreign", "x", 1));
    ASSERT_TRUE(outcome);
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->error().code(), Errc::Denied);
}

TEST(PahoClient, CallsNobodyAfterClose) {
    MosquittoProcess broker;
    LiveClient client("closed");
    ASSERT_TRUE(client.connects(broker.url()));
    ASSERT_TRUE(client.subscribe("a").value());
    const auto called = std::make_shared<std::atomic<int>>(0);
    client.onLoop([&](PahoClient& paho) {
        for (int i = 0; i < 50; ++i)
            paho.publish(message("a", "x", 1), [called](const auto&) { ++*called; });
        paho.close();
        paho.close();
        paho.publish(message("a", "x"), [called](const auto&) { ++*called; });
    });
    const std::size_t before = client.count("a");
    LiveClient other("other");  // a round trip through the same broker, after the close
    ASSERT_TRUE(other.connects(broker.url()));
    ASSERT_TRUE(other.publish(message("a", "x", 1)).value());
    client.onLoop([](PahoClient&) {});
    EXPECT_EQ(*called, 0);
    EXPECT_EQ(client.count("a"), before);
    EXPECT_EQ(client.connections(), 1);
}

TEST(PahoClient, SendsWhatWasPublishedBeforeClose) {
    MosquittoProcess broker;
    LiveClient watcher("watcher");
    ASSERT_TRUE(watcher.connects(broker.url()));
    ASSERT_TRUE(watcher.subscribe("last/#").value());
    LiveClient client("leaves");
    ASSERT_TRUE(client.connects(broker.url()));
    client.onLoop([](PahoClient& paho) {
        for (int i = 0; i < 50; ++i) paho.publish(message("last/words", "and", 1));
        paho.publish(message("last/word", "bye", 1));
        paho.close();
    });
    EXPECT_TRUE(watcher.receives("last/word"));
}

TEST(PahoClient, MayBeDestroyedInItsOwnCallback) {
    class Suicidal final : public ClientObserver {
    public:
        explicit Suicidal(EventLoop& loop) : client(std::make_unique<PahoClient>(loop)) {}
        void onConnected(bool) override {
            client.reset();
            isGone = true;
        }
        void onMessage(const Message&) override {}
        void onLost(std::string_view, bool) override {}
        std::unique_ptr<PahoClient> client;
        std::atomic<bool> isGone = false;
    };
    MosquittoProcess broker;
    TestLoop loop;
    Suicidal observer(loop);
    ConnectOptions options;
    options.url = broker.url();
    options.clientId = "suicidal";
    loop.call([&] { observer.client->connect(options, observer); });
    EXPECT_TRUE(eventually(kPatience, [&] { return observer.isGone.load(); }));
    loop.call([] {});
}

TEST(PahoClient, GivesUpAConnectThatIsNotAnswered) {
    MosquittoProcess broker;
    broker.freeze();  // the kernel still accepts
    LiveClient client("silent");
    client.options.connectTimeout = 1ms;  // raised to 3 s, which Paho needs
    client.connect(broker.url());
    ASSERT_TRUE(client.isLost());
    EXPECT_FALSE(client.wasRefused());
    EXPECT_NE(client.lossReason().find("3000 ms"), std::string::npos) << client.lossReason();
    broker.resume();
    EXPECT_TRUE(client.isConnected());
}

TEST(PahoClient, NoticesABrokerThatHasGoneSilent) {
    MosquittoProcess broker;
    LiveClient client("keepalive");
    client.options.keepAlive = 1s;
    ASSERT_TRUE(client.connects(broker.url()));
    broker.freeze();
    EXPECT_TRUE(client.isLost());
    broker.resume();
    EXPECT_TRUE(client.isConnected(2));
}

TEST(PahoClient, IsDestroyedWithinASecondOrTwo) {
    MosquittoProcess broker;
    LiveClient client("quick");
    ASSERT_TRUE(client.connects(broker.url()));
    broker.freeze();
    client.onLoop([](PahoClient& paho) { paho.publish(message("a", "x", 1)); });
    const auto before = std::chrono::steady_clock::now();
    client.destroy();
    EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
}

}  // namespace muster::mqtt::test
