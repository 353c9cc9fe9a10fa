#include "console/commands.hpp"
#include "console/output/server_table.hpp"

#include <algorithm>

namespace muster::cli {

ExitCode runList(Context& context) {
    const Arguments& args = context.args();
    const auto selection = Selection::parse(args.words, args.type, args.ids);
    if (!selection) return context.fail(selection.error());
    auto list = context.servers();
    if (!list) return context.fail(list.error());
    auto& rows = list->rows;
    rows.erase(std::remove_if(rows.begin(), rows.end(),
                              [&](const ServerRow& row) { return !selection->matches(row); }),
               rows.end());
    if (rows.empty() && !selection->isEmpty() && !selection->isAll()) {
        return context.fail(ExitCode::NoSuch, "no server matches; 'muster ls' shows all");
    }
    const bool isPlain = args.verb == "list" && args.format == Format::Table;
    const Format format = isPlain ? Format::Pomelo : args.format;
    if (rows.empty() && format != Format::Json) {
        context.say("no servers in cluster " + list->cluster);
        return ExitCode::Done;
    }
    context.out() << renderServers(*list, format, context.terminal());
    return ExitCode::Done;
}

}  // namespace muster::cli
