#pragma once

#include "console/arguments.hpp"

#include <muster/result.hpp>

#include <chrono>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace muster::cli {

/// Whether `word` is how many servers at a time: "3" or "25%".
bool isRolloutWidth(const std::string& word);

/// Whether `word` is a time as --timeout takes it.
bool isDuration(const std::string& word);

/// Puts how a restart goes about it into a request's body: --rolling as "width" or "percent",
/// --only-changed as "onlyChanged", --drain and --deadline as "drainMs". BadMessage names a flag
/// that makes no sense.
Result<void> addChangeFlags(const Arguments& args, nlohmann::json& body);

/// How long such a call may take where --timeout does not say: one server after the other.
std::chrono::milliseconds patienceOf(const Arguments& args);

}  // namespace muster::cli
