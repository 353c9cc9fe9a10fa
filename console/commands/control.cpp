#include "console/commands.hpp"
#include "console/commands/outcomes.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace muster::cli {
namespace {

/// Asks for the cluster's name where --yes is not given: it says whose servers die, and how many.
ExitCode confirmKill(Context& context, const Selection& selection) {
    const auto list = context.servers();
    if (!list) return context.fail(list.error());
    std::int64_t sessions = 0;
    std::ptrdiff_t count = 0;
    for (const ServerRow& row : list->rows) {
        if (!selection.matches(row)) continue;
        ++count;
        sessions += row.busy.value_or(0);
    }
    if (count == 0 && !selection.isAll())
        return context.fail(ExitCode::NoSuch, "no server matches; 'muster ls' shows all");
    const std::string prompt = fmt::format(
        "kill {} server{} with {} sessions: type the cluster's "
        "name: ",
        count, count == 1 ? "" : "s", sessions);
    const auto typed = context.hooks().ask(prompt, false);
    if (!typed) return context.fail(ExitCode::Usage, "kill needs --yes where nobody can be asked");
    if (*typed != list->cluster) return context.fail(ExitCode::Refused, "not confirmed");
    return ExitCode::Done;
}

}  // namespace

ExitCode runControl(Context& context) {
    const Arguments& args = context.args();
    const auto selection = Selection::parse(args.words, args.type, args.ids);
    if (!selection) return context.fail(selection.error());
    if (selection->isEmpty()) {
        return context.fail(ExitCode::Usage, fmt::format("{0} whom? 'muster {0} all' means all "
                                                         "servers",
                                                         args.verb));
    }
    if (args.verb == "kill" && !args.isConfirmed && !args.isDryRun) {
        const ExitCode confirmed = confirmKill(context, *selection);
        if (confirmed != ExitCode::Done) return confirmed;
    }
    return orderServers(context, *selection);
}

}  // namespace muster::cli
