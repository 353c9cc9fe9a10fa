#include "modules/supervisor/node_service.hpp"

#include "common/log.hpp"
#include "common/process/process_identity.hpp"
#include "modules/supervisor/log_pages.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

namespace muster::supervisor {

using Json = nlohmann::json;
using State = ServerState;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kMaxServers = 10'000;
constexpr std::size_t kMaxWaiters = 10'000;
constexpr milliseconds kGiveUp{600'000};
constexpr milliseconds kHoldAfterReboot{30'000};

std::string textOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool isSet(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && *found == true;
}

}  // namespace

NodeService::NodeService(EventLoop& loop, NodeServiceOptions options, ProbeMaker probes,
                         LivenessMaker liveness)
    : loop_(loop),
      options_(std::move(options)),
      probes_(std::move(probes)),
      liveness_(std::move(liveness)),
      records_(options_.stateDirectory + "/node"),
      bootId_(currentBootId()) {}

NodeService::~NodeService() {
    loop_.cancel(releaseTimer_);
    for (auto& [id, entry] : entries_) loop_.cancel(entry.timer);
}

Result<void> NodeService::start(KeeperPort& keeper, std::function<void(JsonText)> report) {
    keeper_ = &keeper;
    report_ = std::move(report);
    if (auto opened = records_.open(); !opened) return opened;
    restoreRecords();
    return {};
}

void NodeService::restoreRecords() {
    bool isHolding = false;
    for (const auto& [id, text] : records_.list()) {
        auto json = parseJson(text);
        auto spec = json && json->is_object() && json->contains("spec")
                        ? decodeSpec(jsonText((*json)["spec"]))
                        : Result<ServerSpec>(Errc::BadMessage);
        if (!spec || spec->id != id) {
            log::warn("node", "the record of {} is damaged and ignored", id);
            continue;
        }
        Entry& entry = entryFor(*spec);
        ServerStatus before;
        entry.started = startedOf(text, *spec);
        before.wantsRun = isSet(*json, "wantsRun");
        before.hasEnded = isSet(*json, "ended");
        before.isReady = isSet(*json, "ready");
        before.hasWatchdog = isSet(*json, "watchdog");
        // A node before this one wrote no state: then ready or not is all that is known.
        before.state = parseServerState(textOf(*json, "state"))
                           .value_or(before.isReady ? State::Ready : State::Starting);
        const auto restarts = json->find("restarts");
        if (restarts != json->end() && restarts->is_number_unsigned())
            before.restarts = restarts->get<std::uint64_t>();
        entry.process->restore(before, textOf(*json, "nonce"));
        if (textOf(*json, "boot") == bootId_) continue;
        // After a reboot the order of starting is the master's; alone only if it does not come.
        entry.process->hold();
        isHolding = true;
    }
    if (!isHolding) return;
    releaseTimer_ = loop_.after(kHoldAfterReboot, [this] {
        for (auto& [id, entry] : entries_) {
            entry.process->release(loop_.now());
            settle(entry);
        }
    });
}

NodeService::Entry* NodeService::find(const std::string& id) {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
}

const ServerStatus* NodeService::status(const std::string& id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second.process->status();
}

NodeService::Entry& NodeService::entryFor(const ServerSpec& spec) {
    Entry& entry = entries_[spec.id];
    if (!entry.process) {
        const auto seed = options_.seed + static_cast<std::uint32_t>(entries_.size());
        entry.process = std::make_unique<ServerProcess>(spec, seed);
        entry.process->masterPresent(isMasterPresent_, loop_.now());
        entry.next = processDigests(spec);
        entry.policies = policyDigests(spec);
    }
    return entry;
}

// ---- orders

void NodeService::handle(const JsonText& message, Reply reply) {
    auto json = parseJson(message);
    if (!json || !json->is_object()) return reply(Error(Errc::BadMessage, "not a JSON object"));
    const std::string op = textOf(*json, "op");
    const std::string id = textOf(*json, "id");
    if (waiters_.size() >= kMaxWaiters) return reply(Error(Errc::Limit, "too many open orders"));
    if (op == "snapshot") return reply(snapshot());
    if (op == "start" || op == "restart") {
        if (!json->contains("server"))
            return reply(Error(Errc::BadMessage, "\"" + op + "\" lacks its server"));
        return startOrRestart(op == "restart", jsonText((*json)["server"]), std::move(reply));
    }
    if (op == "stop" || op == "kill") return stopOrKill(op == "kill", id, std::move(reply));
    if (op == "forget") return forget(id, reply);
    if (op == "specs") return reply(specs(message));
    if (op == "logs") return reply(readLogs(options_.stateDirectory, message));
    if (op == "update" && json->contains("server"))
        return update(jsonText((*json)["server"]), reply);
    Entry* entry = find(id);
    if (op != "memberReady")
        return reply(Error(Errc::NotSupported, "unknown op \"" + op.substr(0, 64) + "\""));
    if (entry == nullptr) return reply(Error(Errc::UnknownServer, id.substr(0, 64)));
    // The master may speak of a process that has ended meanwhile.
    const auto pid = json->find("pid");
    if (pid == json->end() || *pid == entry->process->status().pid) {
        entry->process->readySeen("the master heard from it", loop_.now());
        settle(*entry);
    }
    reply(JsonText("{}"));
}

void NodeService::startOrRestart(bool isRestart, const std::string& specText, Reply reply) {
    auto spec = decodeSpec(specText);
    if (!spec) return reply(spec.error());
    if (find(spec->id) == nullptr && entries_.size() >= kMaxServers)
        return reply(Error(Errc::Limit, "this node has 10000 servers already"));
    Entry& entry = entryFor(*spec);
    const std::string oldNonce = isRestart ? entry.process->nonce() : std::string();
    takeSpec(entry, std::move(*spec));
    if (isRestart)
        entry.process->restart(loop_.now());
    else
        entry.process->start(loop_.now());
    waiters_.push_back(
        {entry.process->spec().id, true, oldNonce, loop_.now() + kGiveUp, std::move(reply)});
    settle(entry);
}

void NodeService::stopOrKill(bool isKill, const std::string& id, Reply reply) {
    Entry* entry = find(id);
    if (entry == nullptr) return reply(JsonText(R"({"state":"stopped"})"));
    if (isKill)
        entry->process->kill(loop_.now());
    else
        entry->process->stop(loop_.now());
    waiters_.push_back({id, false, {}, loop_.now() + kGiveUp, std::move(reply)});
    settle(*entry);
}

void NodeService::forget(const std::string& id, const Reply& reply) {
    Entry* entry = find(id);
    if (entry == nullptr) return reply(JsonText("{}"));
    if (mayRun(entry->process->status().state) || entry->process->status().wantsRun)
        return reply(Error(Errc::Conflict, id + " is not stopped"));
    loop_.cancel(entry->timer);
    records_.erase(id);
    entries_.erase(id);
    reply(JsonText("{}"));
}

// ---- news

void NodeService::masterPresent(bool isPresent) {
    isMasterPresent_ = isPresent;
    for (auto& [id, entry] : entries_) {
        entry.process->masterPresent(isPresent, loop_.now());
        settle(entry);
    }
    if (isPresent) sendSnapshot();
}

void NodeService::onAttached(const std::vector<keeper::ChildState>& children) {
    for (const auto& child : children) {
        if (find(child.id) != nullptr) continue;
        // Its record was lost: it is shown, and can be stopped, but is not started again.
        log::warn("node", "the keeper holds {}, which this node does not know", child.id);
        ServerSpec unknown;
        unknown.id = child.id;
        unknown.restart.when = config::RestartPolicy::When::Never;
        ServerStatus before;
        before.wantsRun = true;
        before.isReady = true;
        before.state = State::Ready;
        entryFor(unknown).process->restore(before, child.nonce);
    }
    for (auto& [name, entry] : entries_) {
        const std::string& id = name;  // a lambda cannot capture a binding in clang 14
        const auto child = std::find_if(children.begin(), children.end(),
                                        [&](const auto& held) { return held.id == id; });
        entry.process->attached(child == children.end() ? std::nullopt : std::optional(*child),
                                loop_.now());
        settle(entry);
    }
    sendSnapshot();
}

void NodeService::onKeeperEvent(const keeper::Event& event) {
    Entry* entry = find(event.child.id);
    if (entry == nullptr || entry->process->nonce() != event.child.nonce) return;
    if (event.kind == keeper::Event::Kind::Matched)
        entry->process->matched(loop_.now());
    else
        entry->process->exited(event.child, loop_.now());
    settle(*entry);
}

void NodeService::onKeeperLost() {
    for (auto& [id, entry] : entries_) {
        entry.process->keeperLost();
        settle(entry);
    }
}

NodeService::Entry* NodeService::findByProcess(pid_t pid) {
    for (auto& [id, entry] : entries_)
        if (entry.process->status().pid == pid) return &entry;
    const auto nonce = environmentValue(pid, "MUSTER_NONCE");
    if (!nonce) return nullptr;
    for (auto& [id, entry] : entries_)
        if (entry.process->nonce() == *nonce) return &entry;
    return nullptr;
}

void NodeService::onNotify(pid_t pid, const NotifyMessage& message) {
    Entry* entry = findByProcess(pid);
    if (entry == nullptr) return log::debug("node", "a notification of process {} is ignored", pid);
    ServerProcess& process = *entry->process;
    const TimePoint now = loop_.now();
    if (message.busy) process.busySeen(*message.busy);
    if (message.isWatchdog) process.watchdogSeen(now);
    if (message.isReady) process.readySeen("said that it is ready", now);
    if (message.isDraining) process.drainingSeen(*message.isDraining, now);
    if (message.isStopping) process.stoppingSeen(now);
    settle(*entry);
}

/// Looks what its process uses now.
void NodeService::measure(Entry& entry) {
    const ServerStatus& status = entry.process->status();
    const auto usage = status.pid > 0 ? readUsage(status.pid) : std::nullopt;
    if (!usage) {
        entry.used = {};
        return;
    }
    const auto now = loop_.wallTime().time_since_epoch();
    const double lifetime = std::chrono::duration<double, std::milli>(now).count() -
                            static_cast<double>(status.startedMs);
    const auto share = entry.cpu.percent(usage->cpuTime, loop_.now());
    // Of a process that was not measured before: its whole life until now.
    if (entry.used.pid != status.pid && lifetime > 0)
        entry.used.cpuPercent = 100.0 * static_cast<double>(usage->cpuTime.count()) / lifetime;
    else if (share)
        entry.used.cpuPercent = share;
    entry.used.pid = status.pid;
    entry.used.rssBytes = usage->rssBytes;
}

ServerStatus NodeService::statusOf(const Entry& entry) const {
    ServerStatus status = entry.process->status();
    status.revision = entry.revision;
    const SpecDigests& spec = status.pid > 0 ? entry.started : entry.next;
    if (!spec.empty()) status.spec = fingerprintOf(spec);
    status.policy = fingerprintOf(entry.policies);
    if (const auto next = entry.process->nextTry()) {
        const auto wait = std::chrono::ceil<milliseconds>(*next - loop_.now());
        const auto wall = loop_.wallTime().time_since_epoch() + wait;
        status.nextTryMs = std::chrono::duration_cast<milliseconds>(wall).count();
    }
    if (status.pid == 0 || entry.used.pid != status.pid) return status;
    status.cpuPercent = entry.used.cpuPercent;
    status.rssBytes = entry.used.rssBytes;
    return status;
}

JsonText NodeService::snapshot() {
    NodeReport report;
    report.isSnapshot = true;
    for (auto& [id, entry] : entries_) {
        measure(entry);
        report.servers.push_back(statusOf(entry));
    }
    return encode(report);
}

void NodeService::sendSnapshot() {
    const TimePoint now = loop_.now();
    auto late = std::partition(waiters_.begin(), waiters_.end(),
                               [&](const Waiter& waiter) { return waiter.giveUp > now; });
    std::vector<Waiter> givenUp(std::make_move_iterator(late),
                                std::make_move_iterator(waiters_.end()));
    waiters_.erase(late, waiters_.end());
    for (const Waiter& waiter : givenUp)
        waiter.reply(Error(Errc::Timeout, waiter.id + " did not get there in 10 minutes"));
    if (report_) report_(snapshot());
}

}  // namespace muster::supervisor
