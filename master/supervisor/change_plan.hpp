#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::supervisor {

/// One server, as it is and as a new configuration has it.
struct ServerFacts {
    std::string id;
    std::string type;
    std::string state;                  // as it is shown
    bool isKnown = false;               // this cluster has it now
    bool isWanted = false;              // the new configuration, or an addition at run time, has it
    bool hasWish = false;               // somebody started or stopped it
    bool wantsRun = false;              // it is to run
    bool isMoved = false;               // its host's node is another one
    bool isAlive = false;               // its node runs it, or would by itself
    bool isComparable = false;          // what it runs with is known
    std::vector<std::string> keys;      // parts that differ and need a new process
    std::vector<std::string> policies;  // parts that differ and need none
    std::int64_t busy = 0;              // sessions, as far as it says
};

/// What becomes of one server.
struct ServerChange {
    enum class Kind { Unchanged, Add, Remove, Move, Restart, Update, Start, Stop };
    Kind kind = Kind::Unchanged;
    std::string id;
    std::string type;
    std::string state;
    std::vector<std::string> keys;  // why
    std::string note;               // in words
    std::int64_t busy = 0;          // sessions that it touches
    bool operator==(const ServerChange&) const = default;
};

/// "unchanged", "add", "remove", "move", "restart", "update"; of `scale` also "start" and "stop".
const char* nameOf(ServerChange::Kind kind);

/// What a new configuration changes, server by server, before anything moves. Pure.
struct ChangePlan {
    std::vector<ServerChange> changes;  // of all servers, unchanged ones too

    bool hasChanges() const;
    std::vector<std::string> ids(ServerChange::Kind kind) const;
    /// The same for two plans that would do the same: sessions and states may differ.
    std::string fingerprint() const;
};

ChangePlan planChanges(const std::vector<ServerFacts>& servers);

}  // namespace muster::supervisor
