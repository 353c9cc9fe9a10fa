#pragma once

#include "test/support/live_broker.hpp"
#include "test/support/live_client.hpp"
#include "test/support/raw_client.hpp"
#include "test/support/web_socket_client.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What the acceptance tests share: a broker on real sockets, and clients of a version that come
/// over a transport.
namespace muster::test {

/// How clients reach the broker.
struct Transport {
    std::string name;
    bool isWebSocket;
    std::unique_ptr<ClientSocket> (*open)(LiveBroker& broker);
};

inline const Transport kTcp{"Tcp", false, [](LiveBroker& broker) -> std::unique_ptr<ClientSocket> {
                                return std::make_unique<RawClient>(broker.port());
                            }};
inline const Transport kWebSocket{"WebSocket", true,
                                  [](LiveBroker& broker) -> std::unique_ptr<ClientSocket> {
                                      return std::make_unique<WebSocketClient>(broker.port());
                                  }};

/// The parameter of an acceptance test.
struct Way {
    Transport transport;
    mqtt::Version version;
};

inline std::vector<Way> waysOf(const std::vector<Transport>& transports,
                               const std::vector<mqtt::Version>& versions) {
    std::vector<Way> ways;
    for (const auto& transport : transports)
        for (const auto version : versions) ways.push_back({transport, version});
    return ways;
}

inline const std::vector<mqtt::Version> kAllVersions{mqtt::Version::V31, mqtt::Version::V311,
                                                     mqtt::Version::V5};
/// For rows about framing: every transport.
inline auto framingWays() {
    return ::testing::ValuesIn(waysOf({kTcp, kWebSocket}, kAllVersions));
}
inline auto strictFramingWays() {
    return ::testing::ValuesIn(
        waysOf({kTcp, kWebSocket}, {mqtt::Version::V311, mqtt::Version::V5}));
}
inline auto v5FramingWays() {
    return ::testing::ValuesIn(waysOf({kTcp, kWebSocket}, {mqtt::Version::V5}));
}
inline auto tcpWays() {
    return ::testing::ValuesIn(waysOf({kTcp}, kAllVersions));
}
inline auto strictWays() {  // 3.1 allows what the later versions refuse
    return ::testing::ValuesIn(waysOf({kTcp}, {mqtt::Version::V311, mqtt::Version::V5}));
}
inline auto v5Ways() {
    return ::testing::ValuesIn(waysOf({kTcp}, {mqtt::Version::V5}));
}
inline std::string wayName(const ::testing::TestParamInfo<Way>& test) {
    return test.param.transport.name + "V" + std::to_string(static_cast<int>(test.param.version));
}

/// A test with a broker, which begins with the first client: `limits` may be changed before.
class Acceptance : public ::testing::TestWithParam<Way> {
protected:
    mqtt::Version version() const { return GetParam().version; }
    bool isV5() const { return version() == mqtt::Version::V5; }
    LiveBroker& broker() {
        if (broker_) return *broker_;
        mqtt::ListenerOptions listener;
        if (GetParam().transport.isWebSocket) listener.webSocket.emplace();
        broker_.emplace(limits, listener);
        return *broker_;
    }
    /// A connection on which nothing was sent yet.
    LiveClient client() { return {GetParam().transport.open(broker()), version()}; }
    LiveClient connected(const std::string& id) {
        LiveClient one = client();
        one.connects(id);
        return one;
    }
    LiveClient subscribed(const std::string& id, const std::string& filter, int qos = 0) {
        LiveClient one = connected(id);
        one.subscribes(filter, qos);
        return one;
    }
    /// Whether a client of its own is served from CONNECT to a message that comes back.
    void expectService() {
        LiveClient one = connected("good");
        one.subscribes("service/good");
        one.sends(one.messageOf("service/good", "works"));
        one.expectsMessage("service/good", "works");
    }
    /// The broker's clock moves on by that much against the real one; not backwards.
    void later(std::chrono::milliseconds time) {
        LiveBroker& live = broker();
        live.call([&] { live.broker().tick(std::chrono::steady_clock::now() + time); });
    }
    mqtt::BrokerLimits limits;

private:
    std::optional<LiveBroker> broker_;
};

}  // namespace muster::test
