#include "common/log.hpp"
#include "common/process/process_identity.hpp"
#include "common/wire/envelope.hpp"
#include "modules/supervisor/node_service.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace muster::supervisor {

using Json = nlohmann::json;
using State = ServerState;
using Kind = ServerAction::Kind;
using std::chrono::milliseconds;

namespace {

JsonText recordOf(const ServerProcess& process, const SpecDigests& started,
                  const std::string& bootId) {
    const ServerStatus& status = process.status();
    return jsonText({{"spec", Json::parse(encode(process.spec()))},
                     {"wantsRun", status.wantsRun},
                     {"ended", status.hasEnded},
                     {"nonce", process.nonce()},
                     {"started", started},
                     {"ready", status.isReady},
                     {"state", stateName(process.knownState())},
                     {"watchdog", status.hasWatchdog},
                     {"restarts", status.restarts},
                     {"boot", bootId}});
}

/// pomelo's own starter sees to it that there is a folder for the logs; its servers end without.
void makeLogFolder(const ServerSpec& spec) {
    const auto script = std::find_if(spec.argv.begin(), spec.argv.end(), [](const auto& argument) {
        return std::filesystem::path(argument).filename() == "app.js";
    });
    if (!spec.isPomelo || script == spec.argv.end()) return;
    std::filesystem::path folder(spec.cwd);
    folder /= std::filesystem::path(*script).parent_path() / "logs";
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) log::warn("node", "{}: no {}: {}", spec.id, folder.string(), error.message());
}

}  // namespace

/// After every call of a ServerProcess: does what it wants, remembers and tells what changed.
void NodeService::settle(Entry& entry) {
    auto output = entry.process->take();
    // Recorded before it is done: a node that dies in between finds out from the keeper.
    for (const ServerAction& action : output.actions) perform(entry, action);
    save(entry);
    arm(entry);
    tell(entry, std::move(output.events));
    answerWaiters(entry);
}

void NodeService::perform(Entry& entry, const ServerAction& action) {
    const std::string& id = entry.process->spec().id;
    const auto logFailure = [id](Result<int> result) {
        if (!result && result.error().code() != Errc::UnknownServer &&
            result.error().code() != Errc::Closed)
            log::warn("node", "{}: {}", id, result.error().detail());
    };
    switch (action.kind) {
        case Kind::Spawn: return spawn(entry);
        case Kind::Signal: return keeper_->signal(id, action.nonce, action.signal, logFailure);
        case Kind::Sweep: return keeper_->sweep(id, action.nonce, logFailure);
        case Kind::Forget:
            keeper_->forget(id, action.nonce, logFailure);
            return releaseSockets(entry, action.nonce);
        case Kind::StartProbe: return startProbe(entry);
        case Kind::StartLiveness: return startLiveness(entry);
        case Kind::StopProbe:
            entry.probe.reset();
            entry.liveness.reset();
            return;
    }
}

/// A client of a server that is not to come back is not to wait for it.
void NodeService::releaseSockets(const Entry& entry, const std::string& nonce) {
    const State state = entry.process->status().state;
    const bool isOver = state == State::Stopped || state == State::Failed;
    const ServerSpec& spec = entry.process->spec();
    if (isOver && !spec.process.sockets.empty()) keeper_->release(spec.id, nonce);
}

void NodeService::spawn(Entry& entry) {
    keeper::SpawnRequest request = spawnRequest(entry.process->spec());
    const std::string id = request.id;
    const std::string nonce = request.nonce;
    makeLogFolder(entry.process->spec());
    entry.started = processDigests(entry.process->spec());
    entry.process->spawning(nonce);
    save(entry);
    keeper_->spawn(std::move(request), [this, id, nonce, isAlive = std::weak_ptr(isAlive_)](
                                           Result<keeper::ChildState> child) {
        if (!isAlive.lock()) return;
        Entry* found = find(id);
        if (found == nullptr || found->process->nonce() != nonce) return;
        if (child)
            found->process->spawned(*child, loop_.now());
        else if (child.error().code() == Errc::Closed)
            found->process->keeperLost();  // nobody knows whether it runs: the next keeper does
        else if (child.error().code() == Errc::Conflict)
            return adoptRunning(*found);
        else
            found->process->spawnFailed(child.error().detail(), loop_.now());
        settle(*found);
    });
}

/// One server has one process: what the keeper holds is it, whoever asked for it.
void NodeService::adoptRunning(Entry& entry) {
    const std::string id = entry.process->spec().id;
    log::warn("node", "{} runs already, which this node did not know: adopting it", id);
    entry.started.clear();  // somebody else's spec
    entry.process->runsAlready();
    settle(entry);
    keeper_->list([this, id, isAlive = std::weak_ptr(isAlive_)](
                      Result<std::vector<keeper::ChildState>> children) {
        Entry* found = isAlive.lock() ? find(id) : nullptr;
        if (found == nullptr || found->process->status().state != State::Adopting) return;
        if (!children && children.error().code() == Errc::Closed) return;  // onAttached() follows
        std::optional<keeper::ChildState> held;
        if (children)
            for (auto& child : *children)
                if (child.id == id) held = std::move(child);
        found->process->attached(held, loop_.now());
        settle(*found);
    });
}

keeper::SpawnRequest NodeService::spawnRequest(const ServerSpec& spec) const {
    keeper::SpawnRequest request;
    request.id = spec.id;
    request.nonce = wire::makeNonce();
    request.argv = spec.argv;
    request.cwd = spec.cwd;
    request.user = spec.user;
    request.settings = spec.process;
    if (spec.readiness.kind == config::Readiness::Kind::Log)
        request.readyPattern = spec.readiness.pattern;
    std::map<std::string, std::string> variables;
    for (const std::string& variable : options_.environment) {
        const auto equals = variable.find('=');
        if (equals != std::string::npos)
            variables[variable.substr(0, equals)] = variable.substr(equals + 1);
    }
    for (const auto& [name, value] : spec.env) variables[name] = value;
    variables["MUSTER_ID"] = spec.id;
    variables["MUSTER_TYPE"] = spec.type;
    variables["MUSTER_HOST"] = spec.host;
    variables["MUSTER_PORT"] = std::to_string(spec.port);
    variables["MUSTER_NONCE"] = request.nonce;
    variables["NOTIFY_SOCKET"] = options_.notifySocket;
    variables["WATCHDOG_USEC"] = std::to_string(kWatchdogTime.count() * 1000);
    for (const auto& [name, value] : variables) request.env.push_back(name + "=" + value);
    return request;
}

void NodeService::startProbe(Entry& entry) {
    const std::string id = entry.process->spec().id;
    const std::string nonce = entry.process->nonce();
    entry.probe = probes_(entry.process->spec(), [this, id, nonce] {
        Entry* found = find(id);
        if (found == nullptr || found->process->nonce() != nonce) return;
        found->process->readySeen("answered its probe", loop_.now());
        settle(*found);
    });
}

void NodeService::startLiveness(Entry& entry) {
    const std::string id = entry.process->spec().id;
    const std::string nonce = entry.process->nonce();
    entry.liveness = liveness_(entry.process->spec(), [this, id, nonce](const std::string& reason) {
        Entry* found = find(id);
        if (found == nullptr || found->process->nonce() != nonce) return;
        found->process->livenessSeen(reason.empty(), reason, loop_.now());
        settle(*found);
    });
}

void NodeService::arm(Entry& entry) {
    loop_.cancel(entry.timer);
    entry.timer = 0;
    const auto deadline = entry.process->deadline();
    if (!deadline) return;
    const auto wait =
        std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*deadline - loop_.now()));
    entry.timer = loop_.after(wait, [this, id = entry.process->spec().id] {
        Entry* found = find(id);
        if (found == nullptr) return;
        found->timer = 0;
        found->process->tick(loop_.now());
        settle(*found);
    });
}

void NodeService::save(Entry& entry) {
    std::string record = recordOf(*entry.process, entry.started, bootId_);
    if (record == entry.record) return;
    if (auto written = records_.put(entry.process->spec().id, record); !written)
        log::error("node", "{}", written.error().detail());
    entry.record = std::move(record);
}

void NodeService::tell(Entry& entry, std::vector<ServerEvent> events) {
    const ServerStatus& status = entry.process->status();
    if (events.empty() && status == entry.reported) return;
    const auto time = std::chrono::duration_cast<milliseconds>(loop_.wallTime().time_since_epoch());
    for (ServerEvent& event : events) {
        event.timeMs = time.count();
        log::info("node", "{} {}: {}", status.id, event.kind, event.cause);
    }
    entry.reported = status;
    ++entry.revision;
    if (!report_) return;
    if (!events.empty()) measure(entry);
    NodeReport report;
    report.servers.push_back(statusOf(entry));
    report.events = std::move(events);
    report_(encode(report));
}

void NodeService::answerWaiters(const Entry& entry) {
    std::vector<Waiter> open;
    std::vector<Waiter> over;
    for (Waiter& waiter : waiters_) {
        const bool isOfIt = waiter.id == entry.process->spec().id;
        const State state = entry.process->status().state;
        const bool isUnderWay = entry.process->isSpawning() || state == State::Adopting ||
                                (state == State::Stopping &&
                                 (!waiter.isForProcess || entry.process->status().wantsRun));
        const bool isThere = waiter.isForProcess ? entry.process->status().pid == 0 ||
                                                       entry.process->nonce() != waiter.oldNonce ||
                                                       !entry.process->status().wantsRun
                                                 : entry.process->status().pid == 0;
        (isOfIt && isThere && !isUnderWay ? over : open).push_back(std::move(waiter));
    }
    waiters_ = std::move(open);
    for (const Waiter& waiter : over) answer(waiter, entry);
}

void NodeService::answer(const Waiter& waiter, const Entry& entry) const {
    const ServerStatus& status = entry.process->status();
    const bool hasFailed =
        waiter.isForProcess && (status.state == State::Failed || status.state == State::Backoff);
    if (hasFailed) return waiter.reply(Error(Errc::Failed, status.note));
    if (waiter.isForProcess && !status.wantsRun)
        return waiter.reply(Error(Errc::Conflict, "it is not to run (any more): " + status.note));
    if (!waiter.isForProcess && status.wantsRun)
        return waiter.reply(Error(Errc::Conflict, "it was told to start meanwhile"));
    waiter.reply(jsonText({{"state", stateName(status.state)},
                           {"pid", status.pid},
                           {"detail", status.note},
                           {"revision", entry.revision}}));
}

}  // namespace muster::supervisor
