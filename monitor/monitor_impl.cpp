#include "monitor/monitor_impl.hpp"

#include "common/mqtt/paho_client.hpp"
#include "monitor/console_module.hpp"
#include "monitor/mqtt_uplink.hpp"
#include "monitor/own_usage.hpp"
#include "monitor/pomelo_link.hpp"
#include "monitor/standard_modules.hpp"

#include <csignal>
#include <future>
#include <utility>

#include <unistd.h>

namespace muster {
namespace {

constexpr auto kStopPatience = std::chrono::milliseconds(2000);
constexpr auto kUsageEvery = std::chrono::seconds(5);
constexpr auto kSayAgain = std::chrono::milliseconds(250);
constexpr auto kSayAgainAtLast = std::chrono::milliseconds(5000);

std::unique_ptr<Uplink> makeUplink(EventLoop& loop, const MonitorIdentity& identity, LogLine log) {
    ClientFactory makeClient = [&loop]() -> std::unique_ptr<mqtt::Client> {
        return std::make_unique<mqtt::PahoClient>(loop);
    };
    if (identity.url.rfind("pomelo://", 0) == 0)
        return std::make_unique<PomeloLink>(loop, std::move(makeClient), identity, std::move(log));
    return std::make_unique<MqttUplink>(loop, std::move(makeClient), identity, std::move(log));
}

/// Tells the node that this process is alive: through the host's own loop, so that a host that
/// hangs is not. Shared between its timer and the calls that wait there.
struct Heartbeat : std::enable_shared_from_this<Heartbeat> {
    std::shared_ptr<NodeLink> node;
    std::shared_ptr<UserCalls> calls;
    std::weak_ptr<EventLoop> loop;
    std::chrono::milliseconds every{0};
    std::atomic<bool> isQueued{false};

    void beat() {
        const auto target = loop.lock();
        if (!target) return;
        if (!isQueued.exchange(true))
            calls->run("heartbeat", [self = shared_from_this()] {
                self->isQueued = false;
                self->node->beat();
            });
        target->after(every, [self = shared_from_this()] { self->beat(); });
    }
};

/// What did not reach the node is said again until it does: on the monitor's own loop, at most
/// every 5 s. `isOn` is true while one of these is under way: there is never a second.
void sayAgain(const std::shared_ptr<NodeLink>& node, const std::weak_ptr<EventLoop>& loop,
              const std::shared_ptr<std::atomic<bool>>& isOn,
              std::chrono::milliseconds wait = kSayAgain) {
    const auto target = loop.lock();
    if (!target) return;
    target->after(wait, [node, loop, isOn, wait] {
        *isOn = false;  // before: a word that fails now starts the next one
        if (node->catchUp() || isOn->exchange(true)) return;
        sayAgain(node, loop, isOn, std::min(wait * 2, kSayAgainAtLast));
    });
}

void catchUpLater(const std::shared_ptr<NodeLink>& node, const std::shared_ptr<ThreadLoop>& loop,
                  const std::shared_ptr<std::atomic<bool>>& isOn) {
    if (!node->isOpen() || isOn->exchange(true)) return;
    loop->post([node, weak = std::weak_ptr<EventLoop>(loop), isOn] { sayAgain(node, weak, isOn); });
}

/// Tells what this process uses. Shared between its timer and nobody else: it ends with the loop.
struct UsageReport : std::enable_shared_from_this<UsageReport> {
    std::weak_ptr<EventLoop> loop;
    std::weak_ptr<MonitorAgentImpl> agent;
    OwnUsage usage;

    void tick() {
        const auto target = loop.lock();
        const auto teller = agent.lock();
        if (!target || !teller) return;
        teller->publishMetric(usage.sample(target->now()));
        target->after(kUsageEvery, [self = shared_from_this()] { self->tick(); });
    }
};

}  // namespace

Monitor::Impl::Impl(MonitorOptions options)
    : options_(std::move(options)),
      node_(std::make_shared<NodeLink>(NodeLink::fromEnvironment())),
      loop_(std::make_shared<ThreadLoop>()),
      calls_(std::make_shared<UserCalls>(loop_, options_.runOn, safeLog())) {
    // Before start() too there is an agent: what it is told waits until the master is there.
    ServerInfo self;
    self.id = options_.id;
    self.type = options_.type;
    auto identity = makeIdentity(options_);
    if (identity) self = identity->self;
    AgentHooks hooks;
    hooks.event = options_.onEvent;
    hooks.log = safeLog();
    hooks.registered = [watcher = watcher_](MonitorAgent& agent) { watcher->subscribe(agent); };
    agent_ = std::make_shared<MonitorAgentImpl>(loop_, calls_, std::move(self), options_.maxQueued,
                                                std::move(hooks));
}

Monitor::Impl::~Impl() {
    stop();
    calls_->close();
}

LogLine Monitor::Impl::safeLog() const {
    if (!options_.log) return {};
    return [log = options_.log](int level, std::string_view line) {
        try {
            log(level, line);
        } catch (...) {  // NOLINT(bugprone-empty-catch): the host's log is broken, not its process
        }
    };
}

void Monitor::Impl::add(std::shared_ptr<MonitorModule> module) {
    const std::string id(module->id());
    functions_.erase(id);
    modules_[id] = std::move(module);
}

FunctionModule& Monitor::Impl::functionModule(const std::string& moduleId) {
    auto& function = functions_[moduleId];
    if (!function) {
        function = std::make_shared<FunctionModule>(moduleId);
        modules_[moduleId] = function;
    }
    return *function;
}

void Monitor::Impl::addBuiltIns() {
    agent_->modules().add(watcher_);
    ConsoleModule::Hooks hooks;
    hooks.stop = [this] { stopRequested(); };
    hooks.drain = [this] { drainRequested(); };
    hooks.undrain = [this] { undrainRequested(); };
    agent_->modules().add(std::make_shared<ConsoleModule>(std::move(hooks)));
}

Result<void> Monitor::Impl::start() {
    auto identity = makeIdentity(options_);
    if (!identity) return identity.error();
    auto standard = standardModules(options_.modules);
    if (!standard) return standard.error();
    if (isStopped_) return Error(Errc::Closed, "the monitor was stopped: make a new one");
    if (isStarted_.exchange(true)) return Error(Errc::Conflict, "the monitor is started already");
    identity->self = agent_->self();  // one incarnation for one object
    for (auto& module : *standard) agent_->modules().add(std::move(module));
    addBuiltIns();
    for (const auto& [id, module] : modules_) agent_->modules().add(module);
    auto heartbeat = std::make_shared<Heartbeat>();
    heartbeat->node = node_;
    heartbeat->calls = calls_;
    heartbeat->loop = loop_;
    heartbeat->every = node_->heartbeat().value_or(std::chrono::milliseconds(0));
    auto usage = std::make_shared<UsageReport>();
    usage->loop = loop_;
    usage->agent = agent_;
    // The loop itself by reference: it does not outlive its tasks' thread.
    loop_->post([&loop = *loop_, agent = agent_, identity = std::move(*identity), heartbeat, usage,
                 log = safeLog()] {
        agent->start(makeUplink(loop, identity, log));
        if (heartbeat->every.count() > 0) heartbeat->beat();
        usage->tick();
    });
    return {};
}

/// `isHeard`: by the node. What was not is said again, once it is there again.
void Monitor::Impl::told(bool isHeard) {
    if (!isHeard) catchUpLater(node_, loop_, isSayingAgain_);
}

void Monitor::Impl::ready() {
    told(node_->ready());
    agent_->notify("__masterwatcher__", R"({"action":"record","id":")" + options_.id + "\"}");
    loop_->post([agent = agent_] {
        if (agent->state() == PresenceState::Online) agent->setState(PresenceState::Ready);
    });
}

void Monitor::Impl::setBusy(std::int64_t count) {
    told(node_->busy(count));
    loop_->post([agent = agent_, count] { agent->setBusy(count); });
}

void Monitor::Impl::stopRequested() {
    told(node_->stopping());
    loop_->post([agent = agent_] { agent->setState(PresenceState::Stopping); });
    const auto callback = onStop_;  // it may end this object
    if (callback) return callback();
    ::kill(::getpid(), SIGTERM);
}

/// The host is asked first: from what is told then, nobody concludes that it is empty while it
/// still takes what comes.
void Monitor::Impl::drainRequested() {
    const auto node = node_;  // the callback may end this object
    const auto loop = loop_;
    const auto agent = agent_;
    const auto isSayingAgain = isSayingAgain_;
    const auto callback = onDrain_;
    if (callback) callback();
    if (!node->draining(true)) catchUpLater(node, loop, isSayingAgain);
    loop->post([agent] {
        if (agent->state() != PresenceState::Stopping) agent->setState(PresenceState::Draining);
    });
}

void Monitor::Impl::undrainRequested() {
    told(node_->draining(false));
    loop_->post([agent = agent_] {
        if (agent->state() == PresenceState::Draining) agent->setState(PresenceState::Ready);
    });
    const auto callback = onUndrain_;  // it may end this object
    if (callback) callback();
}

void Monitor::Impl::stop() {
    if (isStopped_.exchange(true)) return;
    node_->stopping();
    if (loop_->isLoopThread()) {
        // Called from a callback: the goodbye goes out after it, and the thread ends by itself.
        agent_->close([loop = loop_] { loop->stop(); });
        return;
    }
    auto closed = std::make_shared<std::promise<void>>();
    auto isClosed = closed->get_future();
    const auto end = std::chrono::steady_clock::now() + kStopPatience;
    // Twice round the loop: what the goodbye still gave to the host has run when it is told.
    loop_->post([agent = agent_, loop = loop_, closed] {
        agent->close([loop, closed] { loop->post([closed] { closed->set_value(); }); });
    });
    isClosed.wait_until(end);
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    loop_->stop(std::max(left, std::chrono::milliseconds(0)));
}

MonitorAgent& Monitor::Impl::agent() {
    return *agent_;
}

}  // namespace muster
