#include "app/broker_server.hpp"

#include "app/master_metrics.hpp"
#include "app/open_files.hpp"
#include "common/config/listeners.hpp"
#include "common/log.hpp"
#include "common/wire/envelope.hpp"
#include "master/session_store/sqlite_session_store.hpp"
#include "muster_version.hpp"

#include <algorithm>
#include <utility>

namespace muster::app {
namespace {

mqtt::BrokerLimits limitsOf(const config::Limits& wanted) {
    mqtt::BrokerLimits limits;
    limits.decode.maxPacketSize = wanted.maxPacketSize;
    limits.maxQueuedMessages = wanted.maxQueuedPerSession;
    limits.maxQueuedBytes = wanted.maxQueuedBytesPerSession;
    limits.maxRetained = wanted.maxRetained;
    limits.maxSessionsPerIdentity = wanted.maxConnections;  // of all that are kept, a tenth
    limits.maxSubscriptions = wanted.maxSubscriptionsPerClient;
    limits.maxFilterBytes = wanted.maxFilterBytesPerClient;
    limits.maxSubscriptionBytes = wanted.maxSubscriptionBytes;
    limits.maxSubscriptionBytesPerIdentity = wanted.maxSubscriptionBytes / 2;
    limits.maxConnections = possibleConnections(wanted.maxConnections);
    limits.maxConnectionsPerAddress = wanted.maxConnectionsPerAddress;
    limits.maxHalfOpen = wanted.maxHalfOpen;
    limits.connectDeadline = wanted.connectTimeout;
    limits.decode.maxConnectSize = wanted.maxConnectSize;
    limits.decode.maxUserProperties = wanted.maxUserProperties;
    limits.decode.maxUserPropertyBytes = wanted.maxUserPropertyBytes;
    limits.maxSessions = wanted.maxSessions;
    limits.maxTopicLevels = wanted.maxTopicLevels;
    limits.maxRetainedBytes = wanted.maxRetainedBytes;
    limits.maxQueuedBytesTotal = wanted.maxQueuedBytes;
    limits.maxQueuedBytesPerIdentity = wanted.maxQueuedBytes / 2;
    limits.maxUnstoredBytes = wanted.maxUnstoredBytes;
    limits.maxOutputBytes = wanted.maxOutputBytes;
    limits.pumpBytes = std::min(limits.pumpBytes, wanted.maxOutputBytes / 2);
    limits.rate = {wanted.messageRate, wanted.byteRate};
    limits.maxKeepAlive = static_cast<std::uint16_t>(wanted.maxKeepAlive);
    limits.slowConsumerTimeout = wanted.slowConsumerTimeout;
    return limits;
}

TopicAccess::Options accessOf(const config::Cluster& cluster,
                              std::function<bool(std::string_view)> isMemberId) {
    TopicAccess::Options options;
    options.cluster = cluster.name;
    options.pomeloOnly = !cluster.broker.url.empty();
    options.isMemberId = std::move(isMemberId);
    return options;
}

mqtt::ListenerOptions optionsOf(const config::Listener& wanted, const config::Limits& limits) {
    using Protocol = config::Listener::Protocol;
    mqtt::ListenerOptions options;
    options.name = wanted.host + ":" + std::to_string(wanted.port);
    options.host = wanted.host;
    options.port = static_cast<std::uint16_t>(wanted.port);
    options.allowsForeign = wanted.pomelo;
    options.maxConnections = possibleConnections(limits.maxConnections);
    options.tls = wanted.tls;
    if (wanted.protocol != Protocol::Ws && wanted.protocol != Protocol::Wss) return options;
    mqtt::WebSocketOptions& webSocket = options.webSocket.emplace();
    webSocket.path = wanted.path;
    webSocket.origins = wanted.origins;
    webSocket.isLoopback = config::isLoopback(wanted.host);
    // A message may hold several packets, or be the part of one.
    webSocket.maxMessage = std::max(webSocket.maxMessage, 2 * limits.maxPacketSize);
    return options;
}

Error notListening(const Error& error) {
    const bool isTaken = error.code() == Errc::Failed;
    return Error(error.code(), error.detail() + (isTaken ? ": end what has it, or change listeners "
                                                           "in muster.json, or the port in "
                                                           "master.json"
                                                         : ""));
}

}  // namespace

void BrokerServer::Journal::connectionRefused(std::string_view peer, std::string_view clientId,
                                              mqtt::ReasonCode code, std::string_view why) {
    if (!refusals_.allows(loop_.now())) return;
    log::info("broker", "{} ({}) was turned away, reason {:#04x}: {}{}", peer, clientId,
              static_cast<unsigned>(code), why, refusals_.note());
}

/// At most one line a second: who is refused may try again at once, for ever.
void BrokerServer::Journal::accessDenied(const mqtt::ClientIdentity& identity,
                                         std::string_view wish, std::string_view topic) {
    ++denied_;
    const TimePoint now = loop_.now();
    if (lastDenied_ && now - *lastDenied_ < std::chrono::seconds(1)) return;
    lastDenied_ = now;
    log::warn("broker", "{} may not {} {} ({} refusals so far, of all)", identity.name, wish,
              topic.substr(0, 200), denied_);
}

void BrokerServer::Journal::messageDropped(std::string_view clientId, std::string_view why) {
    log::warn("broker", "messages for {} are dropped: {}", clientId, why);
}

BrokerServer::BrokerServer(AsioLoop& loop, const config::Cluster& cluster,
                           Authenticator& authenticator,
                           std::function<bool(std::string_view)> isMemberId)
    : loop_(loop),
      cluster_(cluster),
      access_(authenticator, accessOf(cluster, std::move(isMemberId))),
      journal_(loop),
      broker_(limitsOf(cluster.limits), access_, wire::makeNonce(), &journal_),
      ticker_(loop, broker_) {
    // With an external broker, $SYS is that one's.
    if (cluster.broker.url.empty())
        sys_.emplace(loop, broker_, std::string("muster version ") + kVersion, cluster.sysInterval);
}

Result<void> BrokerServer::keepIn(const std::string& file, bool powerDurability) {
    auto opened = mqtt::SqliteSessionStore::open(loop_, file, powerDurability);
    if (!opened) return opened.error();
    store_ = std::move(*opened);
    return broker_.restore(*store_, loop_.now());
}

void BrokerServer::setPomelo(LinkObserver& observer) {
    mqtt::ForeignProtocol pomelo;
    pomelo.firstTopics = {"register", "reconnect", "monitor", "client"};
    pomelo.observer = &observer;
    broker_.setForeignProtocol(std::move(pomelo));
}

Result<void> BrokerServer::start() {
    const std::size_t allowed = cluster_.limits.maxConnections;
    if (const std::size_t possible = possibleConnections(allowed); possible < allowed)
        log::warn("broker",
                  "the system lets this process have {} connections, not the {} of "
                  "limits.maxConnections: raise ulimit -Hn (systemd: LimitNOFILE)",
                  possible, allowed);
    for (const auto& wanted : cluster_.listeners) {
        const auto options = optionsOf(wanted, cluster_.limits);
        auto listener = std::make_unique<mqtt::Listener>(loop_, broker_, options);
        if (auto started = listener->start(); !started) return notListening(started.error());
        log::info("broker", "listening on {}:{} ({})", options.host, listener->port(),
                  config::schemeOf(wanted.protocol));
        listeners_.push_back(std::move(listener));
    }
    return serveMetrics();
}

Result<void> BrokerServer::serveMetrics() {
    if (!cluster_.metrics) return {};
    http::HttpOptions options;
    options.host = cluster_.metrics->host;
    options.port = static_cast<std::uint16_t>(cluster_.metrics->port);
    metrics_.emplace(loop_, options, metricsHandler(broker_));
    if (auto started = metrics_->start(); !started)
        return Error(started.error().code(),
                     started.error().detail() + ": change metrics in muster.json");
    log::info("broker", "metrics at http://{}:{}/metrics", options.host, metrics_->port());
    return {};
}

void BrokerServer::reload() {
    for (const auto& listener : listeners_) {
        if (!listener->hasTls()) continue;
        if (const auto loaded = listener->reload(); !loaded)
            log::error("broker", "{}; the certificate that was read before stays in use",
                       loaded.error().detail());
        else
            log::info("broker", "listener '{}': certificate and key were read anew",
                      listener->name());
    }
}

void BrokerServer::stop() {
    for (auto& listener : listeners_) listener->stop();
    if (metrics_) metrics_->stop();
}

std::uint64_t BrokerServer::connections() const {
    std::uint64_t sum = 0;
    for (const auto& listener : listeners_) sum += listener->connections();
    return sum;
}

}  // namespace muster::app
