#pragma once

#include "app/broker_server.hpp"
#include "app/master_metric.hpp"
#include "app/master_process.hpp"
#include "app/order_sender.hpp"
#include "master/async/asio_loop.hpp"
#include "master/cluster/audit_log.hpp"
#include "master/cluster/event_log.hpp"
#include "master/cluster/known_servers.hpp"
#include "master/cluster/leader_lock.hpp"
#include "master/cluster/leadership.hpp"
#include "master/cluster/orders.hpp"
#include "master/cluster/sqlite_store.hpp"
#include "master/cluster/state_mirror.hpp"
#include "master/console/config_authenticator.hpp"
#include "master/console/console_service.hpp"
#include "master/console/master_agent.hpp"
#include "master/console/pomelo_gateway.hpp"
#include "master/console/pomelo_registrations.hpp"
#include "master/console/stored_switches.hpp"
#include "modules/console/stored_crons.hpp"
#include "modules/supervisor/supervisor_master.hpp"
#include "modules/watcher/watcher_master.hpp"

#include <memory>
#include <optional>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace muster::app {

/// Everything a master is made of, in order of dependency: each part is destroyed before what it
/// stands on.
class MasterProcess::Parts {
public:
    Parts(config::Cluster cluster, Extensions extensions);

    void bringUp(Selection selection) { wanted_ = std::move(selection); }
    Result<void> start();
    int run();
    void requestStop();

private:
    Result<void> openState();
    Result<void> checkWanted() const;
    Result<void> takeLead();
    void wire();
    void addModules();
    void addOptionalModules();
    bool hasExtra(std::string_view id) const;
    void onMember(MemberEvent event, const ServerInfo& server);
    void onConnection(bool isConnected);
    void keepRecords();
    void orderEnded(const Order& order);
    void memberReady(const std::string& id);
    void publishLeader(bool isLeaving);
    void addFigures(nlohmann::json& record);
    mqtt::ConnectOptions connectOptions() const;
    std::vector<std::string> endpoints() const;
    bool isTakenId(std::string_view id) const;
    bool isServersName(std::string_view name) const;
    bool mayBePomelo(const ServerInfo& server) const;
    void awaitSignal();
    void onSignal(int number);
    void reload();
    void stopServers();
    void boundOutage();
    void endWithServers();
    void awaitGoodbyes(TimePoint until);
    void shutDown(int status);

    config::Cluster config_;
    std::vector<std::unique_ptr<AdminModule>> extra_;
    LoginHook login_;
    boost::asio::io_context context_{1};
    // The store posts from its own thread: the loop must not end for want of work before.
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        context_.get_executor()};
    AsioLoop loop_{context_};
    boost::asio::signal_set signals_{context_};
    std::optional<LeaderLock> lock_;
    std::unique_ptr<SqliteStore> store_;
    std::optional<Leadership> leadership_;
    Tokens tokens_;
    std::optional<ConfigAuthenticator> authenticator_;
    std::optional<BrokerServer> broker_;
    std::unique_ptr<mqtt::Client> client_;
    std::optional<StoredPomeloRegistrations> registrations_;
    std::optional<PomeloGateway> gateway_;
    std::optional<MasterAgentImpl> agent_;
    std::optional<KnownServers> known_;
    std::optional<StoredSwitches> switches_;
    std::optional<AgentOrderSender> orderSender_;
    std::optional<Orders> orders_;
    std::optional<StateMirror> mirror_;
    std::optional<MasterMetric> metric_;
    std::optional<AuditLog> audit_;
    std::optional<EventLog> events_;
    std::optional<modules::StoredCrons> crons_;
    std::optional<ConsoleService> console_;  // owns the modules below
    supervisor::SupervisorMaster* supervisor_ = nullptr;
    modules::WatcherMaster* watcher_ = nullptr;
    std::optional<Selection> wanted_;  // what to start; none: nothing
    bool wasConnected_ = false;        // to the broker, since the start
    bool isConnected_ = false;         // now
    TimerId outageTimer_ = 0;          // an end is wanted, and the broker is away
    int status_ = 0;
    TimePoint signalledAt_{};  // the first signal to end came
    bool isEnding_ = false;    // a signal came, or everything was stopped by pomelo's console
    bool isStopping_ = false;  // the parts are being stopped
};

}  // namespace muster::app
