#pragma once

#include "console/context.hpp"

/// The verbs, one file each in console/commands/. Each prints its data on out(), its talk on err(),
/// and returns the exit status.
namespace muster::cli {

ExitCode runList(Context& context);
ExitCode runStatus(Context& context);
ExitCode runStart(Context& context);
/// stop, restart, kill, drain, cordon and uncordon.
ExitCode runControl(Context& context);
/// plan and diff: what the configuration changes.
ExitCode runPlan(Context& context);
ExitCode runApply(Context& context);
ExitCode runAdd(Context& context);
ExitCode runScale(Context& context);
ExitCode runLogs(Context& context);
ExitCode runWait(Context& context);
ExitCode runEvents(Context& context);
ExitCode runOrders(Context& context);
ExitCode runValidate(Context& context);
ExitCode runBroker(Context& context);
/// The verbs of `muster broker` that look into the embedded one.
ExitCode runBrokerView(Context& context);
ExitCode runModule(Context& context);
ExitCode runCompletion(Context& context);
ExitCode runVersion(Context& context);
ExitCode runHelp(Context& context);

}  // namespace muster::cli
