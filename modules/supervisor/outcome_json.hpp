#pragma once

#include "master/supervisor/change_plan.hpp"
#include "modules/console/server_control.hpp"
#include "modules/supervisor/operation.hpp"

#include <muster/result.hpp>

#include <chrono>

#include <nlohmann/json_fwd.hpp>

namespace muster::supervisor {

/// {"id","outcome","detail"} as in docs/protocol.md.
nlohmann::json outcomeJson(const ServerOutcome& outcome);
/// One of the changes of a plan, as there.
nlohmann::json changeJson(const ServerChange& change);
/// How an operation is to go about it; BadMessage names the field.
Result<OperationOptions> optionsOf(const nlohmann::json& message);
/// "timeoutMs", a minute without it; at most a day.
std::chrono::milliseconds timeoutOf(const nlohmann::json& message);

}  // namespace muster::supervisor
