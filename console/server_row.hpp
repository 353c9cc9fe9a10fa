#pragma once

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::cli {

/// One row of the supervisor's list (docs/protocol.md). What is unknown has no value.
struct ServerRow {
    std::string id, type, host, state, desired, version, note;
    bool isManaged = true, isReady = false, isPomelo = false;
    bool isCordoned = false;  // takes nothing new: nobody waits for it
    bool isHeld = false;      // a person stopped it: a start of all leaves it so
    std::optional<std::int64_t> port, clientPort, pid, restarts, rssBytes, busy;
    std::optional<std::chrono::milliseconds> uptime, age;
    std::optional<double> cpuPercent;
    std::string lastExit;                // in words; empty: none known
    std::vector<std::string> lastLines;  // of stderr, before that exit
    std::string cgroup;
    std::optional<std::int64_t> nextTryMs;  // when it is started again, Unix milliseconds
    JsonText json;                          // the row as it came
};

struct ServerList {
    std::string cluster, leaderId;
    std::int64_t epoch = 0;
    std::vector<ServerRow> rows;
    JsonText json;  // the whole answer
};

/// Parses the answer to {"op":"list"}. Fields of a wrong type count as absent; rows without an id
/// are left out. BadMessage if it is no such answer at all.
Result<ServerList> parseServerList(const JsonText& answer);
/// Parses one row; a row without id has an empty one.
ServerRow parseServerRow(const JsonText& row);

/// "exit 1", "exit 139 (SIGSEGV)"-like words for a row's exit record; empty without one.
std::string exitText(std::optional<std::int64_t> code, std::optional<std::int64_t> signal);

}  // namespace muster::cli
