#include "app/master_parts.hpp"
#include "app/open_files.hpp"
#include "common/config/listeners.hpp"
#include "common/log.hpp"
#include "keeper/launch.hpp"

#include <algorithm>
#include <csignal>
#include <set>
#include <utility>

// How a master ends: by a signal, by losing the lead, or on request.
namespace muster::app {
namespace {

constexpr std::chrono::seconds kOneSignal{1};
constexpr std::chrono::minutes kStopLimit{2};     // for all servers together, at SIGINT
constexpr std::chrono::seconds kOutageLimit{10};  // of the broker meanwhile
// How long pomelo's master waits for its servers, once they were asked to stop.
constexpr std::chrono::seconds kGoodbyes{3};
constexpr std::chrono::milliseconds kLook{200};

}  // namespace

void MasterProcess::Parts::awaitSignal() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
        if (!error) onSignal(number);
    });
}

void MasterProcess::Parts::onSignal(int number) {
    awaitSignal();
    // As of any daemon's; a closed terminal, which sends it too, is no reason to stop leading.
    if (number == SIGHUP) return reload();
    const TimePoint now = loop_.now();
    // One Ctrl-C may come twice: from the terminal to the group, and from whoever passes it on.
    if (isEnding_ && number == SIGINT && now - signalledAt_ < kOneSignal) return;
    const bool isSecond = std::exchange(isEnding_, true);
    signalledAt_ = now;
    if (number == SIGINT && wanted_ && !isSecond) return stopServers();
    log::info("master", "{}: the master ends; servers go on",
              number == SIGINT ? "SIGINT" : "SIGTERM");
    shutDown(0);
}

/// Certificates, who may log in, and what servers are to be; no server is touched by a signal.
void MasterProcess::Parts::reload() {
    broker_->reload();
    auto loaded = config::load(config_.base, config_.env);
    if (!loaded.cluster) {
        for (const auto& problem : loaded.problems)
            if (!problem.isWarning)
                log::error("auth", "{}:{}: {}", problem.file, problem.line, problem.text);
        log::error("auth", "the configuration has errors: users and tokens stay as they are");
        return;
    }
    for (const auto& listener : config_.listeners) {  // they are those of the start
        if (!config::isOpen(listener, loaded.cluster->hasServerTokens)) continue;
        log::error("auth",
                   "without adminServer.json anybody could join at {}, where this master listens: "
                   "users and tokens stay as they are; put it back, or start the master anew",
                   listener.host);
        return;
    }
    const auto isChanged = authenticator_->reload(*loaded.cluster);
    config_.users = loaded.cluster->users;
    config_.serverTokens = loaded.cluster->serverTokens;
    config_.hasServerTokens = loaded.cluster->hasServerTokens;
    std::set<std::string> servers;  // who lost their rights
    const auto isRevoked = [&](const mqtt::ClientIdentity& client) {
        Identity identity;
        identity.role = static_cast<Identity::Role>(client.role);
        identity.name = client.name;
        identity.serverType = client.group;
        const bool isHit = isChanged(identity);
        if (isHit && identity.role == Identity::Role::Monitor) servers.insert(identity.name);
        return isHit;
    };
    auto ended = broker_->broker().revoke(isRevoked, mqtt::ReasonCode::NotAuthorized);
    ended += gateway_->revoke(isChanged);
    agent_->cutOff(servers);
    log::info("auth", "users and tokens were read anew; {} sessions lost their rights", ended);
    // Nobody can be asked by a signal: servers have it at their next start, or by `muster apply`.
    supervisor_->adopt(*loaded.cluster, [](const std::string& summary) {
        log::info("master", "the configuration was read anew: {}", summary);
    });
}

void MasterProcess::Parts::stopServers() {
    log::info("master", "SIGINT: stopping all servers; once more to leave them running");
    Selection all;
    supervisor_->stop(all, kStopLimit, [this](const std::vector<ServerOutcome>& outcomes) {
        bool isClean = true;
        for (const auto& outcome : outcomes) {
            if (outcome.kind == ServerOutcome::Kind::Done ||
                outcome.kind == ServerOutcome::Kind::AlreadyThere)
                continue;
            isClean = false;
            log::warn("master", "{} was not stopped: {}", outcome.id, outcome.detail);
        }
        shutDown(isClean ? 0 : 4);
    });
    if (!isConnected_) boundOutage();
}

/// Without a broker nobody can be told to stop; who pressed Ctrl-C shall not wait for its return.
void MasterProcess::Parts::boundOutage() {
    if (outageTimer_ != 0 || isStopping_) return;
    log::warn("master", "the broker is away: waiting {} s for it", kOutageLimit.count());
    outageTimer_ = loop_.after(kOutageLimit, [this] {
        outageTimer_ = 0;
        log::error("master", "the broker is away: the servers were not stopped, they go on");
        shutDown(4);
    });
}

/// pomelo's master ends with its servers: after `pomelo stop` or `pomelo kill` of all.
void MasterProcess::Parts::endWithServers() {
    if (std::exchange(isEnding_, true)) return;
    log::info("master", "everything was stopped by the console: the master ends too");
    signalledAt_ = loop_.now();
    loop_.after(kLook, [this, until = loop_.now() + kGoodbyes] { awaitGoodbyes(until); });
}

/// The answer has to get to its asker; who is not managed was only asked to go.
void MasterProcess::Parts::awaitGoodbyes(TimePoint until) {
    const auto members = agent_->servers();
    const bool isEmpty = std::none_of(members.begin(), members.end(),
                                      [](const auto& member) { return member.type != "node"; });
    if (isEmpty || loop_.now() >= until) return shutDown(0);
    loop_.after(kLook, [this, until] { awaitGoodbyes(until); });
}

void MasterProcess::Parts::requestStop() {
    loop_.post([this] { shutDown(0); });
}

int MasterProcess::Parts::run() {
    // Not before: the keeper, and all servers with it, would inherit it.
    allowConnections(config_.limits.maxConnections);
    context_.run();
    // Without servers there is nothing to hold: a keeper that holds some refuses, and stays.
    if (isEnding_ && wanted_) (void)keeper::shutDownKeeper(config_.stateDirectory);
    return status_;
}

void MasterProcess::Parts::shutDown(int status) {
    if (std::exchange(isStopping_, true)) return;
    status_ = status;
    mirror_->stop();
    metric_->clear();
    publishLeader(true);
    console_->stop();
    agent_->stop();
    broker_->stop();
    // What the parts posted at their end still runs, then the loop is left.
    loop_.post([this] { context_.stop(); });
}

}  // namespace muster::app
