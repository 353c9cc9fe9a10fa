#include "app/node.hpp"

#include "common/log.hpp"
#include "common/process/epoll_loop.hpp"
#include "common/wire/topics.hpp"
#include "keeper/launch.hpp"
#include "master/cluster/leader_lock.hpp"
#include "modules/supervisor/keeper_link.hpp"
#include "modules/supervisor/node_service.hpp"
#include "modules/supervisor/notify_socket.hpp"

#include <muster/monitor.hpp>

#include <array>
#include <csignal>
#include <fstream>
#include <random>

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace muster::app {

using supervisor::KeeperLink;
using supervisor::NodeService;
using supervisor::NotifyMessage;
using supervisor::NotifySocket;

namespace {

/// The node's end of the `supervisor` module, on the node's loop. The service outlives the monitor.
class NodeModule final : public MonitorModule {
public:
    explicit NodeModule(NodeService& service) : service_(service) {}
    std::string_view id() const override { return "supervisor"; }
    std::optional<Schedule> push() const override {
        return Schedule{std::chrono::seconds(5), std::chrono::seconds(1)};
    }
    void monitorHandler(MonitorAgent&, const JsonText& message, Reply reply) override {
        service_.handle(message, std::move(reply));
    }
    void tick(MonitorAgent&) override { service_.sendSnapshot(); }

private:
    NodeService& service_;
};

std::vector<std::string> serverEnvironment() {
    std::vector<std::string> variables;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string variable = *entry;
        const bool isOurs = variable.starts_with("MUSTER_") ||
                            variable.starts_with("NOTIFY_SOCKET=") ||
                            variable.starts_with("WATCHDOG_");
        if (!isOurs) variables.push_back(variable);
    }
    return variables;
}

std::string readToken(const std::string& stateDirectory) {
    std::ifstream file(stateDirectory + "/node.token");
    std::string token;
    std::getline(file, token);
    return token;
}

UniqueFd takeSignals() {
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

void logLine(int level, std::string_view line) {
    constexpr std::array kLevels{log::Level::Debug, log::Level::Info, log::Level::Warn,
                                 log::Level::Error};
    const auto index = static_cast<std::size_t>(level < 0 ? 0 : level > 3 ? 3 : level);
    if (log::isEnabled(kLevels.at(index))) log::write(kLevels.at(index), "monitor", line);
}

/// Another host's node is called after the address that servers.json knows it by.
std::string idOf(const NodeOptions& options) {
    if (!options.id.empty()) return options.id;
    const bool isLoopback = options.host == "localhost" || options.host.starts_with("127.");
    return isLoopback ? nodeId() : wire::nodeIdOf(options.host);
}

MonitorOptions monitorOptions(const NodeOptions& options, EpollLoop& loop, NodeService& service) {
    MonitorOptions monitor;
    monitor.id = idOf(options);
    monitor.type = "node";
    monitor.token = readToken(options.stateDirectory);
    monitor.master = options.master;
    monitor.cluster = options.cluster;
    monitor.host = options.host;
    monitor.caFile = options.caFile;
    monitor.certFile = options.certFile;
    monitor.keyFile = options.keyFile;
    monitor.runOn = [&loop](std::function<void()> task) { loop.post(std::move(task)); };
    monitor.log = logLine;
    monitor.onEvent = [&loop, &service](MonitorEvent event, std::string_view) {
        if (event != MonitorEvent::Registered && event != MonitorEvent::Disconnected) return;
        const bool isPresent = event == MonitorEvent::Registered;
        loop.post([&service, isPresent] { service.masterPresent(isPresent); });
    };
    return monitor;
}

/// Two nodes of one host would both start its servers.
Result<LeaderLock> lockState(const std::string& stateDirectory) {
    auto lock =
        LeaderLock::acquire(stateDirectory + "/node.lock", "process " + std::to_string(::getpid()));
    if (lock || lock.error().code() != Errc::Conflict) return lock;
    return Error(Errc::Conflict, "another node runs for " + stateDirectory +
                                     " already: " + lock.error().detail() +
                                     "; end that one, or leave the host to it");
}

int report(const Error& error) {
    log::error("node", "{}", error.detail());
    return error.code() == Errc::Conflict ? 8 : 1;
}

}  // namespace

std::string nodeId() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return wire::nodeIdOf(name.data());
}

int runNode(const NodeOptions& options) {
    if (readToken(options.stateDirectory).empty()) {
        log::error("node", "{}/node.token cannot be read: copy the master's there, mode 0600",
                   options.stateDirectory);
        return 1;
    }
    const auto lock = lockState(options.stateDirectory);
    if (!lock) return report(lock.error());
    const UniqueFd signals = takeSignals();
    EpollLoop loop;
    loop.watch(signals.get(), EPOLLIN, [&loop](std::uint32_t) { loop.stop(); });
    NodeService* target = nullptr;
    NotifySocket notify(loop, [&target](pid_t pid, const NotifyMessage& message) {
        target->onNotify(pid, message);
    });
    const auto opened = notify.open(options.stateDirectory);
    supervisor::NodeServiceOptions nodeOptions;
    nodeOptions.stateDirectory = options.stateDirectory;
    nodeOptions.notifySocket = notify.address();
    nodeOptions.environment = serverEnvironment();
    nodeOptions.seed = std::random_device{}();
    NodeService service(loop, nodeOptions, supervisor::makeProbes(loop),
                        supervisor::makeLiveness(loop));
    target = &service;
    const auto revive = [&options] {
        keeper::LaunchOptions launch{options.stateDirectory, options.keeperArgv,
                                     std::chrono::milliseconds(0)};
        (void)keeper::launchKeeper(launch);  // whether it answers is seen by the next connect
    };
    KeeperLink link(loop, options.stateDirectory, service,
                    options.keeperArgv.empty() ? std::function<void()>() : revive);
    link.onEnding([&loop] {
        log::info("node", "the keeper was told to end: so does this node; servers go on");
        loop.stop();
    });
    Monitor monitor(monitorOptions(options, loop, service));
    monitor.add(std::make_unique<NodeModule>(service));
    const auto restored = service.start(link, [&monitor](JsonText report) {
        monitor.agent().notify("supervisor", std::move(report));
    });
    const auto started = monitor.start();
    for (const auto* result : {&opened, &restored, &started})
        if (!*result) return report(result->error());
    link.start();
    loop.run();
    monitor.stop();
    return 0;
}

}  // namespace muster::app
