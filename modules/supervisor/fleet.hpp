#pragma once

#include "common/config/cluster_config.hpp"
#include "common/event_loop.hpp"
#include "master/supervisor/reconciler.hpp"
#include "modules/supervisor/server_status.hpp"

#include <muster/types.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::supervisor {

/// What a person, or the start of the cluster, wants of a server.
struct Wish {
    bool wantsRun = false;
    bool isPersonal = false;  // a stop of this very server: it outlasts the next `muster start`
    bool operator==(const Wish&) const = default;
};

/// Whether a server is to take new work: no, because a person said so, or while it is drained.
enum class Cordon { None, Person, Drain };

/// Everything the master knows of the cluster's servers: the config, what is wished, what the nodes
/// say, who registered. Pure; on the master's thread.
class Fleet {
public:
    /// What matters here of a member.
    struct Registered {
        std::string incarnation;
        long pid = 0;  // 0: unknown
        bool isPomelo = false;
    };
    struct Server {
        config::Server entry;
        std::string nodeId;
        std::vector<std::string> dependsOn;
        bool isPomelo = false;
        bool isDefined = false;  // by the config or an addition; else a node or itself told of it
        std::string spec;    // fingerprint of what the config says to run; empty: it cannot be run
        std::string policy;  // likewise of its restart, stop and readiness
        Cordon cordon = Cordon::None;
        std::optional<Wish> wish;              // none: nobody started or stopped it here
        bool isRequested = false;              // a start was asked for and not ordered yet
        std::unique_ptr<ServerStatus> status;  // null: no node has spoken of it
        std::vector<pid_t> formerPids;         // of its last lives but this, newest last
        TimePoint heard{};                     // when its node last spoke of it
        std::optional<Registered> member;      // registered now
        bool isMemberReady = false;
        std::optional<std::int64_t> memberBusy;  // as its presence says
        std::string version;                     // likewise
        std::string plan;                        // why it waits, in words
    };

    void define(Server server);
    /// Nobody has it any more; one that is registered stays as a guest.
    void remove(const std::string& id);
    void wish(const std::string& id, Wish wish);
    void cordon(const std::string& id, Cordon cordon);
    void setPlan(const std::map<std::string, std::string>& notes);
    void setOrdered(const std::string& id);

    /// What node `nodeId` says. Ids whose status changed.
    std::vector<std::string> apply(const std::string& nodeId, const NodeReport& report,
                                   TimePoint now);
    /// What its node answered to an order: it may be here before the report of it, or after the
    /// report of what came next. No revision: the node does not know the server.
    void answered(const std::string& id, ServerState state, pid_t pid,
                  std::optional<std::uint64_t> revision);
    void nodeGone(const std::string& nodeId);
    bool isNodeKnown(const std::string& nodeId) const { return nodes_.contains(nodeId); }
    void memberHere(const ServerInfo& info, TimePoint now);
    void memberGone(const std::string& id);
    /// The server says by its presence or its `record` that it serves.
    void memberReady(const std::string& id);
    /// Whether the registered one that says so is the process its node speaks of, and not the one
    /// before it, whose leave has not come yet.
    bool isThisLifeReady(const std::string& id) const;
    /// What its presence says beyond that; true if it is news.
    bool memberSays(const std::string& id, std::int64_t busy, std::string version);

    ClusterView view(const std::set<std::string>& inFlight) const;
    const Server* find(const std::string& id) const;
    /// In the order of the config, then as they came.
    const std::vector<std::string>& ids() const { return order_; }
    bool isManaged(const std::string& id) const;
    bool isReady(const std::string& id) const;
    /// It serves what it has, and takes nothing new because it is cordoned.
    bool isDraining(const std::string& id) const;
    /// What a running process was started with, compared with what the config says now.
    enum class Currency { NoProcess, Unknown, Current, Outdated };
    Currency currency(const std::string& id) const;
    /// No process, and none coming.
    bool isDown(const std::string& id) const;
    /// A row as in docs/protocol.md. `withAges`: with uptime, age and load, which change always.
    JsonText row(const std::string& id, TimePoint now, WallTime wall, bool withAges) const;

private:
    Server& entryOf(const std::string& id);
    static void endLife(Server& server, pid_t newPid);

    std::map<std::string, Server> servers_;
    std::vector<std::string> order_;
    std::set<std::string> nodes_;  // here, with a snapshot
};

}  // namespace muster::supervisor
