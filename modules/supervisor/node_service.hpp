#pragma once

#include "common/event_loop.hpp"
#include "common/process/proc_reader.hpp"
#include "common/process/record_directory.hpp"
#include "modules/supervisor/keeper_link.hpp"
#include "modules/supervisor/liveness.hpp"
#include "modules/supervisor/notify_socket.hpp"
#include "modules/supervisor/probes.hpp"
#include "modules/supervisor/server_process.hpp"
#include "modules/supervisor/spec_digest.hpp"

#include <muster/types.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace muster::supervisor {

struct NodeServiceOptions {
    std::string stateDirectory;            // absolute; records in <state>/node
    std::string notifySocket;              // what servers get as NOTIFY_SOCKET
    std::vector<std::string> environment;  // "NAME=value": what every server gets
    std::uint32_t seed = 1;                // for the jitter of restarts
};

/// The node: decides the life of every server of its host, with or without a master. It keeps what
/// should be on its disk, executes orders, and reports what is. All calls on the node's loop.
class NodeService final : public KeeperObserver {
public:
    NodeService(EventLoop& loop, NodeServiceOptions options, ProbeMaker probes,
                LivenessMaker liveness);
    ~NodeService() override;
    NodeService(const NodeService&) = delete;
    NodeService& operator=(const NodeService&) = delete;

    /// Reads the records; then waits for the keeper, which outlives this object. `report` takes
    /// what the master is to be told (moduleId `supervisor`).
    Result<void> start(KeeperPort& keeper, std::function<void(JsonText)> report);
    /// An order or request of the master: {"op":"start|restart","server":{spec}}, {"op":"stop|kill|
    /// forget","id"}, {"op":"memberReady","id","pid"}, {"op":"snapshot"}, {"op":"update","server":
    /// {spec}} (a running process is not touched), {"op":"specs","ids":[…]},
    /// {"op":"logs","streams":[…]} (log_pages.hpp). `reply` is called when it is done: after the
    /// spawn, or when the process has ended.
    void handle(const JsonText& message, Reply reply);
    /// The master can be reached, or cannot.
    void masterPresent(bool isPresent);
    /// Reports all servers, with what they use.
    void sendSnapshot();
    /// A datagram on the notify socket.
    void onNotify(pid_t pid, const NotifyMessage& message);

    void onAttached(const std::vector<keeper::ChildState>& children) override;
    void onKeeperEvent(const keeper::Event& event) override;
    void onKeeperLost() override;

    const ServerStatus* status(const std::string& id) const;

private:
    struct Entry {
        std::unique_ptr<ServerProcess> process;
        std::unique_ptr<Probe> probe;
        std::unique_ptr<Probe> liveness;
        TimerId timer = 0;
        CpuMeter cpu;
        ServerStatus used;  // as last measured: pid, cpuPercent, rssBytes
        ServerStatus reported;
        std::uint64_t revision = 0;  // of `reported`
        std::string record;
        SpecDigests started;   // what its process, or its last one, was started with
        SpecDigests next;      // what it would be started with now
        SpecDigests policies;  // what its node goes by
    };
    /// An order that is answered later.
    struct Waiter {
        std::string id;
        bool isForProcess;  // until it has one; otherwise until it has none
        std::string oldNonce;
        TimePoint giveUp;
        Reply reply;
    };
    Entry& entryFor(const ServerSpec& spec);
    Entry* find(const std::string& id);
    Entry* findByProcess(pid_t pid);
    void restoreRecords();
    void startOrRestart(bool isRestart, const std::string& specText, Reply reply);
    void stopOrKill(bool isKill, const std::string& id, Reply reply);
    void forget(const std::string& id, const Reply& reply);
    void update(const std::string& specText, const Reply& reply);
    JsonText specs(const JsonText& message) const;
    static SpecDigests startedOf(const std::string& record, const ServerSpec& spec);
    static void takeSpec(Entry& entry, ServerSpec spec);
    void settle(Entry& entry);
    void perform(Entry& entry, const ServerAction& action);
    void spawn(Entry& entry);
    void adoptRunning(Entry& entry);
    void startProbe(Entry& entry);
    void startLiveness(Entry& entry);
    void arm(Entry& entry);
    void save(Entry& entry);
    void tell(Entry& entry, std::vector<ServerEvent> events);
    void answerWaiters(const Entry& entry);
    void answer(const Waiter& waiter, const Entry& entry) const;
    void releaseSockets(const Entry& entry, const std::string& nonce);
    keeper::SpawnRequest spawnRequest(const ServerSpec& spec) const;
    void measure(Entry& entry);
    ServerStatus statusOf(const Entry& entry) const;
    JsonText snapshot();

    EventLoop& loop_;
    NodeServiceOptions options_;
    ProbeMaker probes_;
    LivenessMaker liveness_;
    RecordDirectory records_;
    std::string bootId_;
    KeeperPort* keeper_ = nullptr;
    std::function<void(JsonText)> report_;
    std::map<std::string, Entry> entries_;
    std::vector<Waiter> waiters_;
    TimerId releaseTimer_ = 0;
    bool isMasterPresent_ = false;
    std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);  // with callbacks of the keeper
};

}  // namespace muster::supervisor
