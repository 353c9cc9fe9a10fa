#pragma once

#include "console/output/table.hpp"

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace muster::cli {

/// What becomes of one server (docs/protocol.md, op "plan").
struct Change {
    std::string id, type, change, state, note;
    std::vector<std::string> keys;
    std::int64_t busy = 0;

    bool isChange() const { return change != "unchanged"; }
    /// Whether a process ends for it.
    bool isTouching() const;
    std::string why() const;
    /// "~ chat-1 restart: argv", as diff(1) marks lines.
    std::string diffLine() const;
    Colour colour() const;
};

struct ChangeList {
    std::string plan, cluster, config;
    std::vector<Change> changes;
    std::vector<std::string> ofMaster;  // parts that only a new master takes
    JsonText json;                      // as it came

    bool hasChanges() const;
    std::size_t touched() const;
    std::int64_t sessions() const;
    /// "plan 01ab: 1 add, 2 restart, 4 unchanged; touches 2 running servers with 14 sessions".
    std::string summary() const;
};

/// Failed if it is no answer to {"op":"plan"}.
Result<ChangeList> parseChanges(const JsonText& answer);

}  // namespace muster::cli
