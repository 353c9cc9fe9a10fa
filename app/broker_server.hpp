#pragma once

#include "common/config/cluster_config.hpp"
#include "common/log_quota.hpp"
#include "common/mqtt/client.hpp"
#include "common/transport.hpp"
#include "master/async/asio_loop.hpp"
#include "master/console/topic_access.hpp"
#include "master/http/http_listener.hpp"
#include "master/mqtt/broker.hpp"
#include "master/mqtt/broker_sys.hpp"
#include "master/mqtt/broker_ticker.hpp"
#include "master/mqtt/listener.hpp"
#include "master/mqtt/live_broker_view.hpp"
#include "master/mqtt/session_store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::app {

/// The embedded broker with its listeners, as a cluster's configuration wants it. With an external
/// broker it serves pomelo's peers only. On the master's thread; loop and authenticator outlive it.
class BrokerServer {
public:
    BrokerServer(AsioLoop& loop, const config::Cluster& cluster, Authenticator& authenticator,
                 std::function<bool(std::string_view)> isMemberId);

    /// Keeps persistent sessions and retained messages in `file`, and takes over what is there.
    /// Before start(). The error names the file and the cure.
    Result<void> keepIn(const std::string& file, bool powerDurability);
    /// Who gets pomelo's connections; before start().
    void setPomelo(LinkObserver& observer);
    /// Opens the listeners; the error names the address.
    Result<void> start();
    /// Reads certificates and keys anew, for new connections. What is of no use leaves the old ones
    /// in force, and is logged.
    void reload();
    void stop();

    mqtt::Broker& broker() { return broker_; }
    const mqtt::Broker& broker() const { return broker_; }
    mqtt::BrokerView& view() { return view_; }
    std::uint64_t connections() const;

private:
    Result<void> serveMetrics();

    /// Writes what an operator may want to know of the broker's life to the log.
    class Journal final : public mqtt::BrokerObserver {
    public:
        explicit Journal(EventLoop& loop) : loop_(loop) {}
        void connectionRefused(std::string_view peer, std::string_view clientId,
                               mqtt::ReasonCode code, std::string_view why) override;
        void accessDenied(const mqtt::ClientIdentity& identity, std::string_view wish,
                          std::string_view topic) override;
        void messageDropped(std::string_view clientId, std::string_view why) override;

    private:
        EventLoop& loop_;
        log::Quota refusals_;
        std::uint64_t denied_ = 0;
        std::optional<TimePoint> lastDenied_;  // when a line told of it
    };

    AsioLoop& loop_;
    const config::Cluster& cluster_;
    TopicAccess access_;
    Journal journal_;
    std::unique_ptr<mqtt::SessionStore> store_;  // outlives the broker
    mqtt::Broker broker_;
    mqtt::LiveBrokerView view_{broker_};
    mqtt::BrokerTicker ticker_;
    std::optional<mqtt::BrokerSys> sys_;
    std::vector<std::unique_ptr<mqtt::Listener>> listeners_;
    std::optional<http::HttpListener> metrics_;  // if it is configured
};

}  // namespace muster::app
