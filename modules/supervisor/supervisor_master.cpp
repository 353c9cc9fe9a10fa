#include "modules/supervisor/supervisor_master.hpp"

#include "common/log.hpp"
#include "common/wire/topics.hpp"

#include <muster/json.hpp>

#include <algorithm>

namespace muster::supervisor {

using Json = nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kPause{1000};  // after an order that failed
constexpr milliseconds kMirrorEvery{100};
// In which a node that goes on without a master, or is restarted by its keeper, is back.
constexpr milliseconds kNodeReturns{10'000};
constexpr milliseconds kStartDeadline{60'000};
constexpr milliseconds kStopGrace{30'000};

std::optional<Wish> decodeWish(const std::string& text) {
    auto json = parseJson(text);
    if (!json || !json->is_object()) return std::nullopt;
    const auto isSet = [&](const char* key) { return json->contains(key) && (*json)[key] == true; };
    return Wish{isSet("run"), isSet("personal")};
}

}  // namespace

SupervisorMaster::SupervisorMaster(EventLoop& loop, StateStore& store, config::Cluster cluster,
                                   SupervisorPorts ports)
    : loop_(loop),
      store_(store),
      cluster_(std::move(cluster)),
      ports_(std::move(ports)),
      reconciler_({cluster_.start.width, cluster_.start.hostWidth}) {}

SupervisorMaster::~SupervisorMaster() {
    stop();
}

void SupervisorMaster::stop() {
    loop_.cancel(mirrorTimer_);
    loop_.cancel(drainTimer_);
    loop_.cancel(nodeTimer_);
    application_.reset();
    scaling_.reset();
    for (const auto& [id, timer] : pauses_) loop_.cancel(timer);
    for (const Operation& operation : operations_) loop_.cancel(operation.timer);
    for (const auto& [id, timer] : awaited_) loop_.cancel(timer);
    pauses_.clear();
    operations_.clear();
    additions_.clear();
    awaited_.clear();
}

void SupervisorMaster::start(MasterAgent& agent) {
    agent_ = &agent;
    for (const config::Server& server : cluster_.servers) define(server);
    loadState();
    for (const std::string& id : fleet_.ids()) awaitNode(fleet_.find(id)->nodeId);
    lookAtNodes();
    agent.onMember(
        [this, isAlive = std::weak_ptr(isAlive_)](MemberEvent event, const ServerInfo& info) {
            if (isAlive.lock()) onMember(event, info);
        });
    for (const ServerInfo& info : agent.servers()) onMember(MemberEvent::Registered, info);
}

void SupervisorMaster::define(const config::Server& entry) {
    fleet_.define(describe(cluster_, entry));
}

void SupervisorMaster::loadState() {
    for (const StoreEntry& entry : store_.list("added/")) {
        auto servers = ports_.readServers(entry.value, cluster_);
        if (!servers) {
            log::warn("supervisor", "{} no longer fits the config: {}", entry.key,
                      servers.error().detail());
            continue;
        }
        for (const config::Server& server : *servers) {
            cluster_.servers.push_back(server);
            define(server);
        }
    }
    for (const StoreEntry& entry : store_.list("desired/")) {
        const auto id = wire::percentDecode(std::string_view(entry.key).substr(8));
        const auto wish = decodeWish(entry.value);
        // What the config no longer has is not started again; a node that still runs it shows it.
        if (id && wish && fleet_.find(*id) != nullptr) fleet_.wish(*id, *wish);
    }
    loadCordons();
}

// ---- news

void SupervisorMaster::onMember(MemberEvent event, const ServerInfo& info) {
    const bool isGone = event == MemberEvent::Disconnected;
    if (info.type == "node") {
        // What it runs is known again with its snapshot, not before.
        fleet_.nodeGone(info.id);
        nodeWatch_.gone(info.id);
        if (!isGone) askForSnapshot(info.id);
        for (const std::string& id : fleet_.ids())
            if (fleet_.find(id)->nodeId == info.id) dirty_.insert(id);
        awaitNode(info.id);
    } else if (isGone) {
        fleet_.memberGone(info.id);
        dirty_.insert(info.id);
    } else {
        fleet_.memberHere(info, loop_.now());
        dirty_.insert(info.id);
    }
    mirror();
    scheduleReconcile();
}

/// It has a while to come, or to say what it runs, before it counts as away.
void SupervisorMaster::awaitNode(const std::string& nodeId) {
    TimerId& timer = awaited_[nodeId];
    loop_.cancel(timer);
    timer = loop_.after(kNodeReturns, [this, nodeId] {
        awaited_.erase(nodeId);
        if (!fleet_.isNodeKnown(nodeId)) tellLost(nodeId, nodeId + " is away");
        mirror();
        checkOperations();
    });
}

void SupervisorMaster::memberReady(const std::string& id) {
    fleet_.memberReady(id);
    dirty_.insert(id);
    mirror();
    const Fleet::Server* server = fleet_.find(id);
    remindOfCordon(id);
    if (agent_ == nullptr || server == nullptr || !fleet_.isNodeKnown(server->nodeId)) return;
    if (!fleet_.isThisLifeReady(id) || server->status->state != ServerState::Starting) return;
    // An unknown node is no error: its snapshot will come, and then this is asked again.
    (void)agent_->notifyById(
        server->nodeId, "supervisor",
        jsonText({{"op", "memberReady"}, {"id", id}, {"pid", server->status->pid}}));
}

void SupervisorMaster::memberSays(const std::string& id, std::int64_t busy, std::string version) {
    if (!fleet_.memberSays(id, busy, std::move(version))) return;
    dirty_.insert(id);
    mirror();
    scheduleReconcile();  // who waits for it to be empty looks again
}

void SupervisorMaster::masterHandler(MasterAgent& agent, const ServerInfo& from,
                                     const JsonText& message, Reply reply) {
    // The name is bound to the connection, the type only to what it says.
    if (from.type != "node" || !from.id.starts_with("node-"))
        return reply(Error(Errc::Denied, "only nodes report servers"));
    auto report = decodeReport(message);
    if (!report) {
        log::warn("supervisor", "{}: {}", from.id, report.error().detail());
        return reply(report.error());
    }
    take(from.id, *report);
    if (report->servers.empty()) report->events.clear();  // of nobody
    for (const ServerEvent& event : report->events)
        agent.publishEvent(event.kind, report->servers.front().id,
                           jsonText({{"cause", event.cause}, {"node", from.id}}));
    reply(JsonText("{}"));
}

void SupervisorMaster::take(const std::string& nodeId, const NodeReport& report) {
    // One that fell silent is known again by all it has, not by its next bit of news.
    if (!report.isSnapshot && lostNodes_.contains(nodeId)) askForSnapshot(nodeId);
    nodeWatch_.heard(nodeId, loop_.now());
    for (const std::string& id : fleet_.apply(nodeId, report, loop_.now())) {
        dirty_.insert(id);
        if (fleet_.find(id) == nullptr) {  // its node has forgotten it
            concludeAll(id);
            continue;
        }
        // It said so before its node had spoken of it.
        if (fleet_.find(id)->isMemberReady) memberReady(id);
        askPomeloToStop(*fleet_.find(id));
        const Fleet::Server& server = *fleet_.find(id);
        if (onDown_ && !server.member && server.status && !mayRun(server.status->state))
            onDown_(id);
    }
    if (report.isSnapshot) tellFound(nodeId);
    mirror();
    scheduleReconcile();
}

/// Its node waits with the signal meanwhile. Only now: before its node knew, its end would have
/// been a crash.
void SupervisorMaster::askPomeloToStop(const Fleet::Server& server) {
    // A snapshot that does not name it takes its status away.
    const bool isStopping = server.status && server.status->state == ServerState::Stopping;
    if (!server.isPomelo || !server.member || !isStopping) return;
    if (auto told = agent_->notifyById(server.entry.id, "__console__", R"({"signal":"stop"})");
        !told)
        log::warn("supervisor", "{} was not asked to stop: {}", server.entry.id,
                  told.error().detail());
}

void SupervisorMaster::askForSnapshot(const std::string& nodeId) {
    agent_->request(nodeId, "supervisor", R"({"op":"snapshot"})",
                    [this, nodeId, isAlive = std::weak_ptr(isAlive_)](Result<JsonText> answer) {
                        if (!isAlive.lock() || !answer) return;  // it sends one every 5 s as well
                        if (auto report = decodeReport(*answer)) take(nodeId, *report);
                    });
}

void SupervisorMaster::mirror() {
    if (mirrorTimer_ != 0) return;
    mirrorTimer_ = loop_.after(kMirrorEvery, [this] {
        mirrorTimer_ = 0;
        Transaction transaction;
        for (const std::string& id : dirty_) {
            const std::string key = "server/" + wire::percentEncode(id);
            if (fleet_.find(id) == nullptr) {
                if (store_.get(key)) transaction.erases.push_back(key);
                continue;
            }
            JsonText row = fleet_.row(id, loop_.now(), loop_.wallTime(), false);
            const auto known = store_.get(key);
            if (!known || known->value != row) transaction.puts.push_back({key, std::move(row)});
        }
        dirty_.clear();
        if (transaction.puts.empty() && transaction.erases.empty()) return;
        ports_.commit(std::move(transaction), [](const Result<std::int64_t>& result) {
            if (!result) log::warn("supervisor", "states not stored: {}", result.error().detail());
        });
    });
}

// ---- from what should be to orders

void SupervisorMaster::scheduleReconcile() {
    if (isReconciling_) return;
    isReconciling_ = true;
    loop_.post([this, isAlive = std::weak_ptr(isAlive_)] {
        if (!isAlive.lock()) return;
        isReconciling_ = false;
        reconcile();
        checkOperations();
    });
}

void SupervisorMaster::reconcile() {
    const Plan plan = reconciler_.plan(fleet_.view(inFlight_));
    fleet_.setPlan(plan.notes);
    for (const auto& [id, note] : plan.notes) dirty_.insert(id);
    if (!plan.notes.empty()) mirror();
    for (const PlannedOrder& order : plan.orders)
        send(order.id, order.op == PlannedOrder::Op::Start ? "start" : "stop");
}

void SupervisorMaster::send(const std::string& id, const char* op) {
    const Fleet::Server* server = fleet_.find(id);
    if (server == nullptr) return;
    fleet_.setOrdered(id);
    inFlight_.insert(id);
    if (const auto command = checkCommand(*server, op); !command)
        return onOrderEnded(id, op, command.error());
    milliseconds deadline = kStartDeadline;
    if (const auto type = cluster_.types.find(server->entry.type); type != cluster_.types.end())
        deadline = std::max(deadline, type->second.stop.timeout + kStopGrace);
    ports_.order({server->nodeId, jsonText({{"op", op}, {"id", id}}), deadline},
                 [this, id, op, isAlive = std::weak_ptr(isAlive_)](Result<JsonText> result) {
                     if (isAlive.lock()) onOrderEnded(id, op, result);
                 });
}

/// The process that the node answered of, if it did.
Operation::Successor SupervisorMaster::takeAnswer(const std::string& id, const JsonText& answer) {
    const auto json = parseJson(answer);
    if (!json || !json->is_object()) return {};
    const auto name = json->find("state");
    const auto pid = json->find("pid");
    const auto number = json->find("revision");
    if (name == json->end() || !name->is_string()) return {};
    const auto state = parseServerState(name->get_ref<const std::string&>());
    if (!state) return {};
    std::optional<std::uint64_t> revision;
    if (number != json->end() && number->is_number_unsigned())
        revision = number->get<std::uint64_t>();
    const pid_t process = pid != json->end() && pid->is_number_integer() ? pid->get<pid_t>() : 0;
    fleet_.answered(id, *state, process, revision);
    dirty_.insert(id);
    mirror();
    return {process, revision.value_or(0)};
}

void SupervisorMaster::onOrderEnded(const std::string& id, const char* op,
                                    const Result<JsonText>& result) {
    Operation::Successor successor;
    if (result) {
        inFlight_.erase(id);
        successor = takeAnswer(id, *result);
    } else {
        log::warn("supervisor", "{} of {}: {}", op, id, result.error().detail());
        loop_.cancel(pauses_[id]);
        pauses_[id] = loop_.after(kPause, [this, id] {  // then, if it is still so, once more
            pauses_.erase(id);
            inFlight_.erase(id);
            scheduleReconcile();
        });
    }
    for (Operation& operation : operations_) {
        // Only its own order is its business: another one's came while this server waits its turn.
        if (operation.verb != Verb::Restart || !operation.open.contains(id) ||
            !operation.oldPids.contains(id))
            continue;
        if (result)
            operation.successors[id] = successor;
        else
            conclude(operation, {id, ServerOutcome::Kind::Failed, result.error().detail()});
    }
    scheduleReconcile();
}

}  // namespace muster::supervisor
