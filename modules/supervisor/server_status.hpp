#pragma once

#include "common/process/keeper_protocol.hpp"
#include "common/process/server_state.hpp"

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::supervisor {

/// What a node says of one server.
struct ServerStatus {
    std::string id;
    std::string type;
    ServerState state = ServerState::Stopped;
    bool wantsRun = false;  // the node would start it again by itself
    bool hasEnded = false;  // by itself, and its policy says to leave it so
    bool isReady = false;
    bool hasWatchdog = false;    // its process has sent WATCHDOG=1
    pid_t pid = 0;               // 0: no process
    std::int64_t startedMs = 0;  // wall clock of the host, Unix milliseconds; 0: no process
    std::uint64_t restarts = 0;  // since the node knows the server
    std::uint64_t revision = 0;  // rises with every change; counted anew by every life of the node
    std::optional<std::int64_t> busy;
    std::optional<double> cpuPercent;  // of one core
    std::optional<std::uint64_t> rssBytes;
    std::string spec;            // fingerprint of what the process was started with; empty: unknown
    std::string policy;          // likewise of what its node goes by: restart, stop, readiness
    std::string note;            // the reason in words
    std::int64_t nextTryMs = 0;  // Backoff: when it is started again, Unix milliseconds; 0: not
    std::string cgroup;          // of its process, as the keeper says it
    std::optional<keeper::ExitStatus> exit;  // the last one
    bool operator==(const ServerStatus&) const = default;
};

/// Something that happened to a server: becomes event/<kind>/<id>.
struct ServerEvent {
    std::string kind;   // as docs/protocol.md, Events
    std::string cause;  // in words
    std::int64_t timeMs = 0;
    bool operator==(const ServerEvent&) const = default;
};

/// A node's message to the master: news of one server, or of all.
struct NodeReport {
    bool isSnapshot = false;  // servers that it does not name have no process on this node
    std::vector<ServerStatus> servers;
    std::vector<ServerEvent> events;  // of servers.front(); empty in a snapshot
};

JsonText encode(const NodeReport& report);
/// BadMessage if it is no report, or names more than 100 000 servers.
Result<NodeReport> decodeReport(std::string_view text);

/// An exit in words: "exit status 1", "killed by signal 9 (Killed), core dumped", "unknown exit",
/// "out of memory (limit 256 MiB)"; behind it what its stderr says of it, and describeLeft().
std::string describe(const keeper::ExitStatus& exit);
/// What it left behind: "", "; 2 left processes killed", "; 1 left process does not die".
std::string describeLeft(const keeper::ExitStatus& exit);
/// The line that most likely says why: the last that speaks of an error and is not of a stack, or
/// the last one. Empty if there is none.
std::string tellingLine(const std::vector<std::string>& lines);

}  // namespace muster::supervisor
