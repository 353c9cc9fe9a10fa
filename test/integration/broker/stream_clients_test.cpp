// Clients of others over TLS and WebSocket: Mosquitto's and Paho's for Python.
#include "test/integration/broker/stream_fixture.hpp"
#include "test/support/eventually.hpp"

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::test;

namespace {

struct OtherClients : ::testing::TestWithParam<std::string> {
    static void SetUpTestSuite() {
        certificates = std::make_unique<Certificates>();
        certificates->make("client", "client");
    }
    static void TearDownTestSuite() { certificates.reset(); }
    static std::unique_ptr<Certificates> certificates;

    static TlsFiles mutual() {
        TlsFiles files = tlsFiles(*certificates);
        files.clientCa = certificates->pem("ca");
        return files;
    }
};
std::unique_ptr<Certificates> OtherClients::certificates;

struct Mosquitto : OtherClients {
    LiveBroker broker{{}, tlsListener(mutual())};

    std::vector<std::string> command(const std::string& program, std::vector<std::string> more,
                                     bool hasCertificate = true) {
        std::vector<std::string> words{program,
                                       "-h",
                                       "localhost",
                                       "-p",
                                       std::to_string(broker.port()),
                                       "-V",
                                       GetParam(),
                                       "--cafile",
                                       certificates->pem("ca")};
        if (hasCertificate)
            words.insert(words.end(), {"--cert", certificates->pem("client"), "--key",
                                       certificates->key("client")});
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
};
INSTANTIATE_TEST_SUITE_P(Versions, Mosquitto, ::testing::Values("mqttv31", "mqttv311", "mqttv5"));

TEST_P(Mosquitto, PublishesAndSubscribesOverMutualTls) {
    Child subscriber(command("mosquitto_sub", {"-t", "a", "-C", "2", "-q", "2", "-F", "%l %q"}));
    ASSERT_TRUE(eventually(10s, [&] { return broker.gauges().subscriptions == 1; }));
    const std::string file =
        certificates->directory().write("large-" + GetParam(), std::string(3'000'000, 'x'));
    for (const auto& what : {std::vector<std::string>{"-m", "x"}, {"-f", file}}) {
        std::vector<std::string> more{"-t", "a", "-q", "2"};
        more.insert(more.end(), what.begin(), what.end());
        Child publisher(command("mosquitto_pub", more));
        EXPECT_EQ(publisher.output(10s), "");
        EXPECT_EQ(publisher.wait(), 0);
    }
    EXPECT_EQ(subscriber.output(10s), "1 2\n3000000 2\n");
}

TEST_P(Mosquitto, IsKeptOutWithoutACertificate) {
    Child publisher(command("mosquitto_pub", {"-t", "a", "-m", "x"}, false));
    publisher.output(10s);
    EXPECT_NE(publisher.wait(), 0);
    EXPECT_EQ(broker.counters().messagesReceived, 0u);
}

struct Paho : OtherClients {
    mqtt::ListenerOptions options(bool hasTls, bool isWebSocket) {
        mqtt::ListenerOptions options;
        if (hasTls) options.tls = mutual();
        if (isWebSocket) options.webSocket = mqtt::WebSocketOptions{};
        return options;
    }
};
INSTANTIATE_TEST_SUITE_P(Versions, Paho, ::testing::Values("3.1", "3.1.1", "5"),
                         [](const auto& test) {
                             std::string name = "V" + test.param;
                             std::erase(name, '.');
                             return name;
                         });

TEST_P(Paho, PublishesAndSubscribesOverEveryStream) {
    for (const std::string scheme : {"mqtt", "mqtts", "ws", "wss"}) {
        const bool hasTls = scheme == "mqtts" || scheme == "wss";
        LiveBroker broker({}, options(hasTls, scheme.starts_with("ws")));
        std::vector<std::string> words{"/usr/bin/python3", MUSTER_PAHO_CLIENT, scheme,
                                       std::to_string(broker.port()), GetParam()};
        if (hasTls)
            words.insert(words.end(), {certificates->pem("ca"), certificates->pem("client"),
                                       certificates->key("client")});
        Child client(words);
        EXPECT_EQ(client.output(20s), "connected 0\ngot 5 1\ngot 300000 2\n") << scheme;
        EXPECT_EQ(client.wait(), 0);
        EXPECT_TRUE(eventually(5s, [&] { return broker.gauges().connections == 0; }));
        EXPECT_EQ(broker.counters().protocolErrors, 0u) << scheme;
    }
}

}  // namespace
