// MQTT over TLS, and WebSocket over TLS, on real sockets.
#include "test/integration/broker/stream_fixture.hpp"
#include "test/support/eventually.hpp"
#include "test/support/raw_client.hpp"
#include "test/support/tls_client.hpp"
#include "test/support/web_socket_bytes.hpp"

#include <gmock/gmock.h>

using namespace std::chrono_literals;
using namespace muster;
using namespace muster::test;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

/// One authority for all tests: making it takes longer than most of them.
struct Tls : ::testing::Test {
    static void SetUpTestSuite() {
        certificates = std::make_unique<Certificates>();
        certificates->make("client", "server:chat-1", "DNS:chat.example,URI:urn:x");
        certificates->makeSelfSigned("stranger", "server:chat-1");
    }
    static void TearDownTestSuite() { certificates.reset(); }
    static std::unique_ptr<Certificates> certificates;

    /// Whether a client of that certificate gets as far as its CONNACK.
    static bool isServed(LiveBroker& broker, const std::string& certificate = {}) {
        TlsClient client(broker.port(), *certificates, {certificate});
        client.send(connectBytes("c"));
        return client.receive(4, 5s) == kAccepted;
    }
    static TlsFiles mutual(bool isRequired) {
        TlsFiles files = tlsFiles(*certificates);
        files.clientCa = certificates->pem("ca");
        files.needsClientCertificate = isRequired;
        return files;
    }
};
std::unique_ptr<Certificates> Tls::certificates;

TEST_F(Tls, CarriesMqttInBothVersions) {
    LiveBroker broker({}, tlsListener(tlsFiles(*certificates)));
    for (const auto& [most, name] :
         {std::pair(TLS1_2_VERSION, "TLSv1.2"), {TLS1_3_VERSION, "TLSv1.3"}}) {
        TlsClient client(broker.port(), *certificates, {"", most});
        ASSERT_TRUE(client.isConnected());
        EXPECT_EQ(client.version(), name);
        client.send(connectBytes("c") + kPing);
        EXPECT_EQ(client.receive(6, 5s), kAccepted + kPong);
    }
}

TEST_F(Tls, RefusesVersionsBefore12) {
    LiveBroker broker({}, tlsListener(tlsFiles(*certificates)));
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
        TlsClient client(broker.port(), *certificates, {"", version});
        EXPECT_FALSE(client.isConnected());
    }
    EXPECT_TRUE(isServed(broker));
    EXPECT_EQ(broker.counters().protocolErrors, 2u);
}

TEST_F(Tls, ClosesAtBytesThatAreNotTls) {
    LiveBroker broker({}, tlsListener(tlsFiles(*certificates)));
    for (const std::string& bytes : {connectBytes("c"), std::string("GET / HTTP/1.1\r\n\r\n"),
                                     std::string(100, '\0'), std::string(100, '\xFF')}) {
        RawClient client(broker.port());
        client.send(bytes);
        EXPECT_TRUE(client.isClosedWithin(5s));
    }
    EXPECT_TRUE(isServed(broker));
}

TEST_F(Tls, EndsHandshakesThatStall) {
    LiveBroker broker(impatient(), tlsListener(tlsFiles(*certificates)));
    RawClient silent(broker.port()), half(broker.port());
    half.send(std::string("\x16\x03\x01\x02\x00\x01", 6));  // of a ClientHello
    TlsClient idle(broker.port(), *certificates);
    EXPECT_TRUE(silent.isClosedWithin(10s));
    EXPECT_TRUE(half.isClosedWithin(10s));
    EXPECT_TRUE(idle.isClosedWithin(10s));
    EXPECT_TRUE(idle.hasGoodbye());
    EXPECT_EQ(broker.counters().connectTimeouts, 3u);
}

TEST_F(Tls, TakesThePeersGoodbyeForTheEnd) {
    LiveBroker broker({}, tlsListener(tlsFiles(*certificates)));
    TlsClient client(broker.port(), *certificates);
    client.send(connectBytes("c"));
    EXPECT_EQ(client.receive(4, 5s), kAccepted);
    client.sayGoodbye();
    EXPECT_TRUE(client.isClosedWithin(5s));
    EXPECT_TRUE(client.hasGoodbye());
    EXPECT_TRUE(eventually(5s, [&] { return broker.gauges().sessions == 0; }));
    EXPECT_EQ(broker.counters().protocolErrors, 0u);
}

TEST_F(Tls, RequiredCertificatesKeepOthersOut) {
    LiveBroker broker({}, tlsListener(mutual(true)));
    EXPECT_FALSE(isServed(broker));
    EXPECT_FALSE(isServed(broker, "stranger"));
    EXPECT_EQ(broker.counters().clientsConnected, 0u);
    EXPECT_TRUE(isServed(broker, "client"));
}

TEST_F(Tls, ACertificateIsShownToTheAccessControl) {
    LiveBroker broker({}, tlsListener(mutual(true)));
    ASSERT_TRUE(isServed(broker, "client"));
    const auto shown = broker.call([&] { return broker.access.certificate; });
    ASSERT_TRUE(shown.has_value());
    EXPECT_EQ(shown->commonName, "server:chat-1");
    EXPECT_THAT(shown->alternativeNames, testing::ElementsAre("DNS:chat.example", "URI:urn:x"));
}

TEST_F(Tls, OptionalCertificatesMayBeLeftOutButNotForged) {
    LiveBroker broker({}, tlsListener(mutual(false)));
    EXPECT_TRUE(isServed(broker));
    EXPECT_FALSE(broker.call([&] { return broker.access.certificate; }).has_value());
    EXPECT_FALSE(isServed(broker, "stranger"));
    EXPECT_TRUE(isServed(broker, "client"));
    EXPECT_TRUE(broker.call([&] { return broker.access.certificate; }).has_value());
}

// What is resumed is not verified again: an expired certificate would be good for ever.
TEST_F(Tls, CertificatesOfClientsAreVerifiedAtEachConnection) {
    for (const bool isMutual : {false, true}) {
        LiveBroker broker({}, tlsListener(isMutual ? mutual(true) : tlsFiles(*certificates)));
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            TlsClient first(broker.port(), *certificates, {"client", version});
            first.send(connectBytes("c"));
            EXPECT_EQ(first.receive(4, 5s), kAccepted);
            const auto session = first.session();
            first.sayGoodbye();
            TlsClient again(broker.port(), *certificates, {"client", version, 0, session});
            again.send(connectBytes("c"));
            EXPECT_EQ(again.receive(4, 5s), kAccepted);
            EXPECT_EQ(again.isResumed(), !isMutual) << again.version();
        }
    }
}

TEST_F(Tls, NewConnectionsGetTheReloadedCertificate) {
    const Certificates own;
    LiveBroker broker({}, tlsListener(tlsFiles(own)));
    TlsClient old(broker.port(), own);
    EXPECT_EQ(old.server(), "localhost");
    own.make("server", "renewed");
    ASSERT_TRUE(broker.reload());
    EXPECT_EQ(TlsClient(broker.port(), own).server(), "renewed");
    own.directory().write("server.pem", "broken");
    const auto broken = broker.reload();
    ASSERT_FALSE(broken);
    EXPECT_THAT(broken.error().detail(), HasSubstr(own.pem("server") + ": holds no certificate"));
    EXPECT_EQ(TlsClient(broker.port(), own).server(), "renewed");
    old.send(connectBytes("c") + kPing);
    EXPECT_EQ(old.receive(6, 5s), kAccepted + kPong);
}

TEST_F(Tls, ASlowConsumerIsBoundedAsOnTcp) {
    mqtt::BrokerLimits limits;
    limits.maxOutputBytes = 1u << 20;
    LiveBroker broker(limits, tlsListener(tlsFiles(*certificates)));
    TlsClient slow(broker.port(), *certificates), publisher(broker.port(), *certificates);
    slow.send(connectBytes("slow") + subscribeBytes("a"));
    EXPECT_TRUE(eventually(5s, [&] { return broker.gauges().subscriptions == 1; }));
    publisher.send(connectBytes("publisher"));
    EXPECT_EQ(publisher.receive(4, 5s), kAccepted);
    const std::string message = publishBytes("a", std::string(60'000, 'x'));
    for (int i = 0; i < 500 && broker.counters().droppedQos0 == 0; ++i) publisher.send(message);
    EXPECT_TRUE(eventually(5s, [&] { return broker.counters().droppedQos0 > 0; }));
    publisher.send(kPing);
    EXPECT_EQ(publisher.receive(2, 5s), kPong);
    // What it was sent before is whole.
    const std::string got = slow.receive(4 + 5 + message.size(), 10s);
    EXPECT_EQ(got.substr(9), message);
}

TEST_F(Tls, CarriesWebSocket) {
    auto options = webSocketListener();
    options.tls = mutual(true);
    LiveBroker broker({}, options);
    TlsClient client(broker.port(), *certificates, {"client"});
    client.send(webSocketRequest() + clientFrame(connectBytes("c")) + clientFrame(kPing));
    const std::string head = client.receive(12, 5s);
    EXPECT_EQ(head, "HTTP/1.1 101");
    std::string rest;
    while (rest.find(kPong) == std::string::npos) {
        const std::string more = client.receive(1, 5s);
        ASSERT_FALSE(more.empty()) << rest;
        rest += more;
    }
    EXPECT_THAT(rest, HasSubstr(kAccepted));
    EXPECT_TRUE(broker.call([&] { return broker.access.certificate; }).has_value());
    client.send(clientFrame("text", Opcode::Text));
    EXPECT_EQ(client.receive(4, 5s), closeFrame(1003));
    EXPECT_TRUE(client.isClosedWithin(5s));
    EXPECT_TRUE(client.hasGoodbye());
}

TEST_F(Tls, HandsOnLargeMessagesOfWebSocketWhole) {
    auto options = webSocketListener();
    options.tls = tlsFiles(*certificates);
    LiveBroker broker({}, options);
    TlsClient client(broker.port(), *certificates);
    const std::string payload = [] {
        std::string text(3'000'000, ' ');
        for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
        return text;
    }();
    client.send(webSocketRequest() +
                clientFrame(connectBytes("c") + subscribeBytes("a") + publishBytes("a", payload)));
    std::string got, plain;
    const auto isWhole = [&] {
        got += client.receive(100'000, 100ms);
        const auto end = got.find("\r\n\r\n");
        plain = end == std::string::npos ? "" : payloadsOf(std::string_view(got).substr(end + 4));
        return plain.size() >= 9 + publishBytes("a", payload).size();
    };
    EXPECT_TRUE(eventually(20s, isWhole));
    EXPECT_EQ(plain.substr(9), publishBytes("a", payload));
}

}  // namespace
