#include "master/mqtt/web_socket_request.hpp"

#include <gtest/gtest.h>

using namespace muster::mqtt;

namespace {

/// A good request; tests change what they are about.
WebSocketRequest request() {
    WebSocketRequest good;
    good.target = "/mqtt";
    good.host = "localhost:8083";
    good.protocols = "mqtt";
    good.isUpgrade = true;
    return good;
}

unsigned statusOf(const WebSocketRequest& asked, const WebSocketOptions& options = {}) {
    return judge(asked, options).status;
}

unsigned statusFrom(std::string_view origin, std::string_view host,
                    const WebSocketOptions& options = {}) {
    WebSocketRequest asked = request();
    asked.origin = origin;
    asked.host = host;
    return statusOf(asked, options);
}

TEST(WebSocketRequests, AreAnsweredWithTheSubProtocolThatTheClientPutsFirst) {
    for (const auto& [offered, chosen] : {std::pair("mqtt", "mqtt"),
                                          {"mqttv3.1", "mqttv3.1"},
                                          {"chat, mqttv3.1 ,mqtt", "mqttv3.1"},
                                          {"mqtt,mqttv3.1", "mqtt"}}) {
        WebSocketRequest asked = request();
        asked.protocols = offered;
        EXPECT_EQ(judge(asked, {}).protocol, chosen) << offered;
    }
}

TEST(WebSocketRequests, WithoutMqttsSubProtocolAreBad) {
    for (const char* offered : {"", ",", " , ", "chat", "mqttv5", "MQTT", "xmqtt", "mqtt v3.1"}) {
        WebSocketRequest asked = request();
        asked.protocols = offered;
        EXPECT_EQ(statusOf(asked), 400u) << offered;
    }
}

TEST(WebSocketRequests, ToAnotherPathAreNotFound) {
    for (const char* target : {"/", "/mqtt/", "/MQTT", "/mqttx", "mqtt", "", "http://x/mqtt"}) {
        WebSocketRequest asked = request();
        asked.target = target;
        EXPECT_EQ(statusOf(asked), 404u) << target;
    }
    WebSocketRequest asked = request();
    asked.target = "/mqtt?token=1";
    EXPECT_EQ(statusOf(asked), 101u);
    WebSocketOptions other;
    other.path = "/other";
    EXPECT_EQ(statusOf(request(), other), 404u);
}

TEST(WebSocketRequests, ThatAskForNoUpgradeAreToldTo) {
    WebSocketRequest asked = request();
    asked.isUpgrade = false;
    EXPECT_EQ(statusOf(asked), 426u);
}

TEST(WebSocketRequests, ComeFromPagesOfTheSameHostOnly) {
    EXPECT_EQ(statusFrom("http://localhost:8000", "localhost:8083"), 101u);
    EXPECT_EQ(statusFrom("http://LOCALHOST", "localhost"), 101u);
    EXPECT_EQ(statusFrom("https://127.0.0.1", "127.0.0.1:8083"), 101u);
    EXPECT_EQ(statusFrom("http://[::1]:80", "[::1]:8083"), 101u);
    EXPECT_EQ(statusFrom("http://evil.example", "localhost:8083"), 403u);
    EXPECT_EQ(statusFrom("http://localhost.evil.example", "localhost:8083"), 403u);
    EXPECT_EQ(statusFrom("null", "localhost:8083"), 403u);
    EXPECT_EQ(statusFrom("http://", ""), 403u);
}

TEST(WebSocketRequests, OfANameThatPointsToLoopbackAreNotTrusted) {
    EXPECT_EQ(statusFrom("http://evil.example", "evil.example:8083"), 403u);
    WebSocketOptions reachable;
    reachable.isLoopback = false;
    EXPECT_EQ(statusFrom("https://game.example", "game.example:8083", reachable), 101u);
}

TEST(WebSocketRequests, ComeFromTheOriginsThatAreListed) {
    WebSocketOptions options;
    options.origins = {"https://app.example"};
    EXPECT_EQ(statusFrom("https://app.example", "localhost", options), 101u);
    EXPECT_EQ(statusFrom("https://app.example:8443", "localhost", options), 403u);
    options.origins = {"*"};
    EXPECT_EQ(statusFrom("http://evil.example", "localhost", options), 101u);
}

}  // namespace
