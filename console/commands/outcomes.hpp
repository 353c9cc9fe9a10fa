#pragma once

#include "console/context.hpp"

#include <muster/types.hpp>

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace muster::cli {

/// What became of one server in a start, stop, restart or kill.
struct Outcome {
    std::string id, outcome, detail;
    std::string change;  // of an apply: add, remove, move, restart or update
    bool isGood() const { return outcome == "done" || outcome == "already"; }
};

/// Parses {"results":[...]}. Failed if it is no such answer.
Result<std::vector<Outcome>> parseOutcomes(const JsonText& answer);

/// Done if all are good, Partial if some are; else what they have in common (NoSuch, TimedOut,
/// Refused), else Failed. NoSuch for none at all.
ExitCode exitCodeOf(const std::vector<Outcome>& outcomes);

/// One line: "2 started, 3 already running, 1 failed". `verb` is start, stop, restart or kill.
std::string summaryOf(const std::string& verb, const std::vector<Outcome>& outcomes);

/// Sends a request of the supervisor that ends in results, waits for them, prints them.
ExitCode sendOperation(Context& context, nlohmann::json body);

/// Sends {"op": verb} for the selection, waits for the results, prints them.
ExitCode orderServers(Context& context, const Selection& selection);

}  // namespace muster::cli
