#pragma once

#include "common/config/cluster_config.hpp"
#include "common/event_loop.hpp"
#include "master/cluster/state_store.hpp"
#include "master/supervisor/change_plan.hpp"
#include "master/supervisor/reconciler.hpp"
#include "modules/console/server_control.hpp"
#include "modules/supervisor/fleet.hpp"
#include "modules/supervisor/node_watch.hpp"
#include "modules/supervisor/operation.hpp"
#include "modules/supervisor/server_spec.hpp"
#include "modules/supervisor/spec_digest.hpp"

#include <muster/master.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::supervisor {

/// An order for a node's `supervisor` module.
struct NodeOrder {
    std::string nodeId;
    JsonText body;
    std::chrono::milliseconds deadline{60'000};  // from now
};

/// The outside, as the module needs it; wired by main().
struct SupervisorPorts {
    /// Sends an order and says how it ended. On the master's thread; `done` later, once.
    std::function<void(NodeOrder order, Reply done)> order;
    /// The newest orders as a JSON array (docs/protocol.md, op "orders").
    std::function<JsonText(std::size_t limit)> orders;
    /// The last events of a server as JSON objects with "kind", "time" and "cause", newest last.
    std::function<std::vector<JsonText>(const std::string& id)> events;
    /// {"id","epoch","since"} of the leader, as JSON.
    std::function<JsonText()> leader;
    /// A write to the StateStore under the leader's lease.
    std::function<void(Transaction, std::function<void(Result<std::int64_t>)>)> commit;
    /// The node that runs servers of `host`, e.g. "node-<hostname>".
    std::function<std::string(const std::string& host)> nodeOf;
    /// What a server of the cluster is given: MUSTER_TOKEN, MUSTER_MASTER, MUSTER_CLUSTER,
    /// MUSTER_CA.
    std::function<std::map<std::string, std::string>(const config::Server&)> environment;
    /// How a server is started, expanded (config::commandOf).
    std::function<Result<config::Command>(const config::Cluster&, const config::Server&)> command;
    /// Servers of an entry that came at run time (config::readServers).
    std::function<Result<std::vector<config::Server>>(const JsonText&, const config::Cluster&)>
        readServers;
    /// The configuration as its files are now; BadMessage with all that is wrong in them.
    std::function<Result<config::Cluster>()> loadConfig;
    /// The servers of a new configuration are this cluster's from now on.
    std::function<void(const config::Cluster&)> adopted;
};

/// The master's half of supervision: what should run, and the orders that get it there; the client
/// operations of docs/protocol.md; ServerControl for the console. On the master's thread; loop and
/// store outlive it.
class SupervisorMaster final : public AdminModule, public ServerControl {
public:
    /// `cluster` is copied; servers that are added at run time go to the copy and the store.
    SupervisorMaster(EventLoop& loop, StateStore& store, config::Cluster cluster,
                     SupervisorPorts ports);
    ~SupervisorMaster() override;

    /// Starts what `selection` names: `muster start`. If it names all, what a person stopped stays
    /// so. After start(agent).
    void bringUp(const Selection& selection);
    /// The configuration was read anew: servers have it when they are started next; nothing moves.
    /// Says in words what `plan` would show.
    void adopt(const config::Cluster& next, std::function<void(std::string)> done);
    /// A server says that it serves: by its presence, or, for pomelo's, its watcher `record`.
    void memberReady(const std::string& id);
    /// What a registered server says of itself by its presence.
    void memberSays(const std::string& id, std::int64_t busy, std::string version);

    /// Told when a node says that a server, which is not registered, has no process.
    void onDown(std::function<void(const std::string& id)> listener) {
        onDown_ = std::move(listener);
    }

    /// What a node is sent for an order of this module. The order itself, which is stored and shown
    /// to whoever may look, names the server only: its variables and arguments may be secrets.
    JsonText orderMessage(const JsonText& order) const;

    std::string_view id() const override { return "supervisor"; }
    int requiredLevel(const JsonText& message) const override;
    void start(MasterAgent& agent) override;
    void stop() override;
    void masterHandler(MasterAgent& agent, const ServerInfo& from, const JsonText& message,
                       Reply reply) override;
    void clientHandler(MasterAgent& agent, const Caller& caller, const JsonText& message,
                       Reply reply) override;

    bool isManaged(const std::string& serverId) const override {
        return fleet_.isManaged(serverId);
    }
    void start(Selection selection, std::chrono::milliseconds timeout, OutcomesReply done) override;
    void stop(Selection selection, std::chrono::milliseconds timeout, OutcomesReply done) override;
    void restart(Selection selection, std::chrono::milliseconds timeout,
                 OutcomesReply done) override;
    void kill(Selection selection, std::chrono::milliseconds timeout, OutcomesReply done) override;
    void add(JsonText entry, AddReply done) override;

private:
    using Verb = Operation::Verb;
    /// A new configuration, and what it changes.
    struct Proposal {
        config::Cluster target;
        std::vector<ServerFacts> facts;
        std::map<std::string, SpecDigests> specs, policies;  // of the target, by id
        ChangePlan plan;
        std::size_t asked = 0;  // nodes that have not answered yet
    };
    /// An `apply` until its results are told.
    struct Application {
        std::shared_ptr<Proposal> proposal;
        OperationOptions options;
        TimePoint end;
        std::vector<std::pair<std::string, ServerOutcome>> results;  // with what was to be done
        std::set<std::string> stopped;                               // to be removed, or moved
        std::size_t updating = 0;
        Reply reply;
    };
    /// A `scale` until its results are told.
    struct Scaling {
        std::string type;
        OperationOptions options;
        TimePoint end;
        std::vector<std::string> starts, creations, removes, stops;
        std::size_t creates = 0;                                     // still to be added
        std::vector<std::pair<std::string, ServerOutcome>> results;  // with what was to be done
        Reply reply;
    };
    using ProposalReply = std::function<void(Result<std::shared_ptr<Proposal>>)>;
    struct Addition {
        JsonText entry;
        AddReply done;
    };
    Fleet::Server describe(const config::Cluster& cluster, const config::Server& entry) const;
    void define(const config::Server& server);
    void loadState();
    Result<std::vector<config::Server>> readAddition(const JsonText& entry) const;
    void addNext();
    void added(const std::vector<config::Server>& servers, const Result<std::int64_t>& result);
    void conclude(Result<std::vector<std::string>> ids);
    void awaitNode(const std::string& nodeId);
    void lookAtNodes();
    void tellLost(const std::string& nodeId, const std::string& why);
    void tellFound(const std::string& nodeId);
    void onMember(MemberEvent event, const ServerInfo& info);
    void take(const std::string& nodeId, const NodeReport& report);
    void askPomeloToStop(const Fleet::Server& server);
    void askForSnapshot(const std::string& nodeId);
    std::vector<std::string> select(const Selection& selection, Operation& operation) const;
    void operate(Verb verb, const Selection& selection, std::chrono::milliseconds timeout,
                 OperationOptions options, OutcomesReply done);
    std::optional<ServerOutcome> withoutOrder(const Operation& operation,
                                              const std::string& id) const;
    void prepare(Operation& operation, const std::vector<std::string>& ids);
    void persistWishes(const std::vector<std::pair<std::string, Wish>>& wishes,
                       std::function<void(Result<std::int64_t>)> done);
    void persisted(std::uint64_t serial, const Result<std::int64_t>& result);
    void carryOut(Operation& operation);
    void advance(Operation& operation);
    std::optional<ServerOutcome> judge(const Operation& operation, const std::string& id) const;
    std::optional<ServerOutcome> judgeStart(const Operation& operation,
                                            const std::string& id) const;
    bool hasSuccessorEnded(const Operation& operation, const std::string& id) const;
    std::optional<ServerOutcome> judgeAlone(const Operation& operation,
                                            const std::string& id) const;
    void conclude(Operation& operation, ServerOutcome outcome);
    void concludeAll(const std::string& id);
    void rollOn(Operation& operation);
    void restartOne(Operation& operation, const std::string& id);
    void timeOut(Operation& operation);
    void checkOperations();
    void scheduleReconcile();
    void reconcile();
    void send(const std::string& id, const char* op);
    Operation::Successor takeAnswer(const std::string& id, const JsonText& answer);
    void onOrderEnded(const std::string& id, const char* op, const Result<JsonText>& result);
    Result<ServerSpec> specOf(const config::Cluster& cluster, const config::Server& entry) const;
    Result<config::Command> checkCommand(const Fleet::Server& server, std::string_view op) const;
    void mirror();
    JsonText list() const;
    void status(const std::string& id, const Reply& reply) const;
    void propose(config::Cluster target, const ProposalReply& done);
    void addAdditions(config::Cluster& target) const;
    void compare(const std::shared_ptr<Proposal>& proposal, const ProposalReply& done);
    void takeParts(Proposal& proposal, const JsonText& answer) const;
    ServerFacts factsOf(const std::string& id, const Proposal& proposal) const;
    void take(const config::Cluster& next);
    void plan(const Reply& reply);
    void apply(const JsonText& message, const Reply& reply);
    void forget(const std::string& id, Transaction& transaction);
    void stopRemoved();
    void retire(const std::vector<ServerOutcome>& outcomes);
    void updatePolicies();
    void startAdded();
    void restartChanged(bool isOn);
    void endApply();
    void note(const char* change, const std::vector<ServerOutcome>& outcomes);
    std::chrono::milliseconds timeLeft() const;
    void logs(const JsonText& message, const Reply& reply);
    void scale(const JsonText& message, const Reply& reply);
    Result<ChangePlan> planScaling(const std::string& type, std::size_t count) const;
    void create();
    void startScaled();
    void stopScaled();
    void retireScaled(const std::vector<ServerOutcome>& outcomes);
    void endScaling();
    void loadCordons();
    void setCordons(const std::vector<std::string>& ids, Cordon cordon,
                    std::function<void(Result<std::int64_t>)> done);
    void cordoned(const std::string& id, Cordon cordon);
    void tellCordon(const std::string& id);
    void remindOfCordon(const std::string& id);
    void cordonFor(bool isOn, const Selection& selection, OutcomesReply done);
    void beginDrain(Operation& operation, const std::vector<std::string>& ids);
    void lookAtDrains();
    Drain::Verdict lookAt(const Drain& drain, const std::string& id) const;
    void advanceDrains(Operation& operation);
    void endDrain(const std::string& id);
    void operateFor(Verb verb, const JsonText& message, Reply reply);

    EventLoop& loop_;
    StateStore& store_;
    config::Cluster cluster_;
    SupervisorPorts ports_;
    MasterAgent* agent_ = nullptr;
    std::function<void(const std::string&)> onDown_;
    Fleet fleet_;
    Reconciler reconciler_;
    std::set<std::string> inFlight_;  // servers with an order under way
    std::set<std::string> dirty_;     // rows to be mirrored to the store
    std::list<Operation> operations_;
    std::uint64_t nextSerial_ = 1;
    std::optional<Application> application_;  // one at a time
    std::optional<Scaling> scaling_;          // likewise, and not beside an application
    std::deque<Addition> additions_;  // one at a time: each is checked against those before it
    std::map<std::string, TimerId> awaited_;  // nodes that are away, but not for long yet
    bool isReconciling_ = false;              // posted
    TimerId mirrorTimer_ = 0;
    TimerId drainTimer_ = 0;
    NodeWatch nodeWatch_;
    TimerId nodeTimer_ = 0;
    std::set<std::string> lostNodes_;          // of whose servers that was told
    std::map<std::string, std::string> told_;  // id -> incarnation that knows that it is cordoned
    std::map<std::string, TimerId> pauses_;    // after an order that failed
    std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);  // with callbacks
};

}  // namespace muster::supervisor
