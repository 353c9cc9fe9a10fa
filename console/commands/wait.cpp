#include "console/commands.hpp"
#include "console/commands/readiness.hpp"

namespace muster::cli {

ExitCode runWait(Context& context) {
    const Arguments& args = context.args();
    const auto selection = Selection::parse(args.words, args.type, args.ids);
    if (!selection) return context.fail(selection.error());
    if (selection->isEmpty()) {
        return context.fail(ExitCode::Usage, "wait for whom? 'muster wait all' means all servers");
    }
    return waitUntilReady(context, *selection, context.timeoutOr(std::chrono::seconds(60)));
}

}  // namespace muster::cli
