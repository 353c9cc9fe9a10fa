#pragma once

#include "common/mqtt/message.hpp"

#include <muster/result.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace muster::mqtt {

struct ConnectOptions {
    std::string url;  // mqtt://host:port or mqtts://host:port; ignored by EmbeddedClient
    std::string clientId;
    std::string username;  // empty: none
    std::string password;
    int version = 5;  // 5 or 4 (3.1.1)
    bool cleanStart = true;
    std::chrono::seconds sessionExpiry{0};
    std::chrono::seconds keepAlive{15};
    std::optional<Message> will;
    std::chrono::milliseconds connectTimeout{10'000};
    /// Delay before the next attempt after a loss: doubles from `backoffFirst` to `backoffCap`,
    /// with +-20 % jitter, and starts over after a successful connect. 0: one attempt only.
    std::chrono::milliseconds backoffFirst{1'000};
    /// Short: who is away this long after the broker is back is missing in the cluster's table.
    std::chrono::milliseconds backoffCap{3'000};
    /// The same after the broker said no: somebody has to change something first.
    std::chrono::milliseconds refusedDelay{30'000};
    std::string caFile, certFile, keyFile;
};

/// How a publish ended at the broker.
enum class PublishOutcome { Delivered, NoSubscriber };

/// Told of a client's life. All calls on the owner's EventLoop.
class ClientObserver {
public:
    virtual ~ClientObserver() = default;
    /// Subscriptions made earlier with this client are renewed by it before this call returns.
    virtual void onConnected(bool sessionPresent) = 0;
    virtual void onMessage(const Message& message) = 0;
    /// `refused`: the broker said no (credentials, identifier); it is retried after `refusedDelay`.
    virtual void onLost(std::string_view reason, bool refused) = 0;
};

/// An MQTT client bound to one EventLoop: EmbeddedClient (in the broker's process), PahoClient
/// (over the network), MemoryClient (tests). Every method and callback is on that loop's thread.
class Client {
public:
    virtual ~Client() = default;
    /// Connects, and reconnects by itself until close(). `observer` outlives the client.
    virtual void connect(ConnectOptions options, ClientObserver& observer) = 0;
    /// `done` is called once: after the hand-over (QoS 0) or the broker's acknowledgement, with
    /// Closed if not connected or lost before it, Denied, or Limit if too many are unacknowledged.
    virtual void publish(Message message,
                         std::function<void(Result<PublishOutcome>)> done = {}) = 0;
    /// Kept and renewed over reconnects. Denied if the broker refuses.
    virtual void subscribe(std::string filter, int qos,
                           std::function<void(Result<void>)> done = {}) = 0;
    virtual void unsubscribe(std::string filter) = 0;
    /// DISCONNECT (no will); no callback afterwards. Idempotent.
    virtual void close() = 0;
};

}  // namespace muster::mqtt
