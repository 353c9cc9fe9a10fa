#include "app/master_parts.hpp"

#include "app/leader_record.hpp"
#include "app/state_directory.hpp"
#include "app/supervision.hpp"
#include "common/config/listeners.hpp"
#include "common/config/problems.hpp"
#include "common/log.hpp"
#include "common/mqtt/paho_client.hpp"
#include "common/wire/topics.hpp"
#include "master/mqtt/embedded_client.hpp"
#include "modules/body.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <csignal>
#include <utility>

#include <unistd.h>

namespace muster::app {
MasterProcess::Parts::Parts(config::Cluster cluster, Extensions extensions)
    : config_(std::move(cluster)),
      extra_(std::move(extensions.modules)),
      login_(std::move(extensions.login)) {}

Result<void> MasterProcess::Parts::start() {
    if (auto opened = openState(); !opened) return opened;
    if (auto known = checkWanted(); !known) return known;
    if (auto led = takeLead(); !led) return led;
    wire();
    if (config_.broker.url.empty())
        if (auto kept =
                broker_->keepIn(config_.stateDirectory + "/broker.db", config_.powerDurability);
            !kept)
            return kept;
    addModules();
    if (auto started = console_->start(); !started) return started;
    if (auto listening = broker_->start(); !listening) return listening;
    agent_->start(connectOptions(), *console_);
    if (wanted_) supervisor_->bringUp(*wanted_);
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.add(SIGHUP);
    awaitSignal();
    return {};
}

Result<void> MasterProcess::Parts::openState() {
    if (auto made = makeStateDirectory(config_.stateDirectory); !made) return made;
    auto lock = LeaderLock::acquire(config_.stateDirectory + "/leader.lock",
                                    config_.masterId + " pid " + std::to_string(::getpid()));
    if (!lock) {
        if (lock.error().code() != Errc::Conflict) return lock.error();
        return Error(Errc::Conflict, "a master leads here already: " + lock.error().detail());
    }
    lock_.emplace(std::move(*lock));
    auto store =
        SqliteStore::open(loop_, config_.stateDirectory + "/muster.db", config_.powerDurability);
    if (!store) return store.error();
    store_ = std::move(*store);
    auto tokens = readOrCreateTokens(config_.stateDirectory);
    if (!tokens) return tokens.error();
    tokens_ = std::move(*tokens);
    authenticator_.emplace(loop_, config_, tokens_);
    authenticator_->setLogin(login_, [this](std::string_view name) { return isServersName(name); });
    return {};
}

/// Ids that nobody has are a mistake of who asked, before anything happens.
Result<void> MasterProcess::Parts::checkWanted() const {
    if (!wanted_) return {};
    std::vector<std::string> names;
    for (const auto& server : config_.servers) names.push_back(server.id);
    for (const std::string& id : wanted_->ids) {
        const bool isOfConfig = std::find(names.begin(), names.end(), id) != names.end();
        if (isOfConfig || store_->get("added/" + wire::percentEncode(id))) continue;
        return Error(Errc::UnknownServer, "no server \"" + id + "\": nothing was started." +
                                              config::suggestion(id, names));
    }
    return {};
}

Result<void> MasterProcess::Parts::takeLead() {
    Leadership::Options options;
    options.masterId = config_.masterId;
    options.isLeaseHeld = [this] { return lock_->isHeld(); };
    leadership_.emplace(loop_, *store_, std::move(options));
    std::optional<Result<LeaderTerm>> outcome;
    leadership_->lead([&outcome](Result<LeaderTerm> term) { outcome.emplace(std::move(term)); });
    while (!outcome) context_.run_one();
    if (!*outcome) return outcome->error();
    leadership_->onLost([this](const std::string& reason) {
        log::error("master", "leadership lost, stopping: {}", reason);
        shutDown(8);
    });
    log::info("master", "{} leads cluster {} with epoch {}", config_.masterId, config_.name,
              leadership_->term().epoch);
    return {};
}

void MasterProcess::Parts::wire() {
    broker_.emplace(loop_, config_, *authenticator_,
                    [this](std::string_view id) { return isTakenId(id); });
    if (config_.broker.url.empty())
        client_ = std::make_unique<mqtt::EmbeddedClient>(loop_, broker_->broker(),
                                                         TopicAccess::masterIdentity());
    else
        client_ = std::make_unique<mqtt::PahoClient>(loop_);
    registrations_.emplace(loop_, *leadership_);
    PomeloGateway::Options gateway;
    gateway.policy = config_.pomelo;
    gateway.maxMessage = config_.limits.maxPacketSize;
    gateway.mayJoin = [this](const ServerInfo& server) { return mayBePomelo(server); };
    gateway_.emplace(loop_, *authenticator_, *registrations_, std::move(gateway));
    broker_->setPomelo(*gateway_);

    MasterAgentOptions agent;
    agent.cluster = config_.name;
    agent.maxRequests = config_.limits.maxPendingRequests;
    if (config_.broker.url.empty())
        agent.dropped = [&broker = broker_->broker()] {
            return broker.counters().droppedQueueFull;
        };
    agent_.emplace(loop_, *client_, *authenticator_, agent);
    agent_->attach(&*gateway_);
    gateway_->attach(*agent_);
    const LeaderTerm& term = leadership_->term();
    agent_->setLeadership(term.epoch, term.clusterUid);
    agent_->onConnection([this](bool isConnected) { onConnection(isConnected); });
    agent_->listen("state/#", [this](std::string_view, const mqtt::Message& message) {
        mirror_->message(message);
    });
    agent_->onPresence([this](const Member& member) {
        supervisor_->memberSays(member.server.id, member.busy, member.version);
        if (member.state == "ready") memberReady(member.server.id);
        // Also of one that was never missed: it may have been away together with the broker, which
        // then lost what was on its way.
        if (!member.isAway()) orders_->memberPresent(member.server.id, member.server.incarnation);
    });
    agent_->onMember(
        [this](MemberEvent event, const ServerInfo& server) { onMember(event, server); });

    known_.emplace(*leadership_);
    switches_.emplace(*leadership_);
    orderSender_.emplace(*agent_, [this](const std::string& moduleId, const JsonText& body) {
        return moduleId == supervisor_->id() ? supervisor_->orderMessage(body) : body;
    });
    orders_.emplace(loop_, *leadership_, *orderSender_);
    agent_->onOrderAnswer(
        [this](std::string_view from, std::string_view orderId, const wire::Answer& answer) {
            orders_->answered(std::string(from), std::string(orderId), answer);
        });
    mirror_.emplace(loop_, *leadership_, *client_, agent_->topics());
    metric_.emplace(loop_, *client_, agent_->topics(),
                    [this](nlohmann::json& record) { addFigures(record); });
    crons_.emplace(*leadership_);
    keepRecords();
    orders_->start();
}

/// What people ask for afterwards: who did what, what became of an order, what a server went
/// through.
void MasterProcess::Parts::keepRecords() {
    audit_.emplace(loop_, *leadership_);
    events_.emplace(loop_, *leadership_);
    orders_->onEnded([this](const Order& order) { orderEnded(order); });
    agent_->onEvent([this](std::string_view kind, std::string_view id, const JsonText& body) {
        // Those are of users, orders and the broker: `muster orders` and the audit have them.
        if (kind != "admin" && kind != "order" && kind != "broker")
            events_->append(std::string(id), std::string(kind), body);
    });
}

void MasterProcess::Parts::orderEnded(const Order& order) {
    nlohmann::json body{{"target", order.target},
                        {"moduleId", order.moduleId},
                        {"outcome", orderOutcomeName(order.outcome)},
                        {"cause", order.detail}};
    const auto wanted = parseJson(order.body);
    if (wanted && wanted->is_object() && wanted->contains("op")) body["op"] = (*wanted)["op"];
    agent_->publishEvent("order", order.id, jsonText(body));
}

void MasterProcess::Parts::onConnection(bool isConnected) {
    isConnected_ = isConnected;
    if (watcher_ != nullptr) watcher_->setConnected(isConnected);
    if (!isConnected) {
        mirror_->lost();
        metric_->lost();
        if (isEnding_) boundOutage();
        return;
    }
    if (outageTimer_ != 0) loop_.cancel(std::exchange(outageTimer_, 0));
    publishLeader(false);
    mirror_->connected();
    metric_->connected();
    const bool isBack = std::exchange(wasConnected_, true);
    agent_->publishEvent(
        "broker", config_.masterId,
        jsonText({{"cause", isBack ? "connected again" : "connected"},
                  {"broker", config_.broker.url.empty() ? "embedded" : config_.broker.url}}));
}

/// Who is there natively is told by onPresence().
void MasterProcess::Parts::onMember(MemberEvent event, const ServerInfo& server) {
    if (event == MemberEvent::Disconnected) orders_->memberGone(server.id);
    if (watcher_ != nullptr && modules::isServer(server)) {
        if (event == MemberEvent::Disconnected)
            known_->gone(server.id);
        else
            known_->here(server);
    }
    // The watcher would have heard that it has started; without one, a pomelo server registers
    // last.
    const bool isUnwatched =
        event != MemberEvent::Disconnected && server.isPomelo && watcher_ == nullptr;
    if (isUnwatched) loop_.post([this, id = server.id] { memberReady(id); });
}

/// Also of servers that are not here at the moment: who comes first with a client id owns it.
bool MasterProcess::Parts::isTakenId(std::string_view id) const {
    return authenticator_->isServerId(id) || (agent_ && agent_->member(id) != nullptr) ||
           (supervisor_ != nullptr && supervisor_->isManaged(std::string(id)));
}

/// A member's, or that of one who is connected and says nothing of itself.
bool MasterProcess::Parts::isServersName(std::string_view name) const {
    if (isTakenId(name)) return true;
    const auto& sessions = broker_->broker().sessions();
    const auto session = sessions.find(name);  // a server's client id is its own id
    return session != sessions.end() &&
           session->second->identity().role == static_cast<int>(Identity::Role::Monitor);
}

bool MasterProcess::Parts::mayBePomelo(const ServerInfo& server) const {
    // A peer without a token must not take the place of a server that showed one.
    const Member* member = agent_->member(server.id);
    if (member != nullptr && !member->server.isPomelo) return false;
    return authenticator_->mayBePomeloServer(server.id, server.type);
}

mqtt::ConnectOptions MasterProcess::Parts::connectOptions() const {
    mqtt::ConnectOptions options;
    options.url = config_.broker.url;
    // Fixed, so that a broker cuts a deposed leader's connection when the next one connects.
    options.clientId = "muster-" + config_.name + "-leader";
    options.username = config_.broker.username;
    options.password = config_.broker.password;
    options.caFile = config_.broker.caFile;
    options.certFile = config_.broker.certFile;
    options.keyFile = config_.broker.keyFile;
    // Monitors that see the record go hold back what nobody would receive.
    mqtt::Message gone;
    gone.topic = agent_->topics().leader();
    gone.qos = 1;
    gone.retain = true;
    options.will = std::move(gone);
    return options;
}

std::vector<std::string> MasterProcess::Parts::endpoints() const {
    if (!config_.broker.url.empty()) return {config_.broker.url};
    std::vector<std::string> urls;
    for (const auto& listener : config_.listeners)
        urls.push_back(config::urlOf(listener, listener.host));
    return urls;
}

void MasterProcess::Parts::publishLeader(bool isLeaving) {
    mqtt::Message record;
    record.topic = agent_->topics().leader();
    if (!isLeaving)
        record.payload = leaderRecord(leadership_->term(), endpoints(), loop_.wallTime());
    record.qos = 1;
    record.retain = true;
    client_->publish(std::move(record));
}

}  // namespace muster::app
