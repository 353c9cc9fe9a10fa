#include "console/commands.hpp"
#include "console/commands/pairs.hpp"
#include "console/output/safe_text.hpp"
#include "console/output/server_table.hpp"

#include <muster/json.hpp>

namespace muster::cli {

ExitCode runAdd(Context& context) {
    const auto entry = parsePairs(context.args().words);
    if (!entry) return context.fail(entry.error());
    const auto server = parseJson(*entry);
    if (!server || !server->contains("serverType")) {
        return context.fail(ExitCode::Usage, "add needs serverType=TYPE; see 'muster help add'");
    }
    if (context.args().isDryRun) {
        context.out() << safeJson(*entry, true) << '\n';
        return ExitCode::Done;
    }
    const nlohmann::json body{{"op", "add"}, {"server", *server}};
    const auto answer = context.ask("supervisor", jsonText(body));
    // The line was well-formed: what the master finds wrong with the entry is a refusal.
    if (!answer && answer.error().code() == Errc::BadMessage) {
        return context.fail(ExitCode::Refused, answer.error().detail());
    }
    if (!answer) return context.fail(answer.error());
    const auto parsed = parseJson(*answer);
    const Format format = context.args().format;
    if (format == Format::Json || format == Format::JsonLines || !parsed || !parsed->is_object()) {
        context.out() << safeJson(*answer, format == Format::Json) << '\n';
        return ExitCode::Done;
    }
    for (const auto& id : parsed->value("ids", nlohmann::json::array())) {
        if (id.is_string()) context.out() << safeText(id.get<std::string>()) << '\n';
    }
    context.say("added; 'muster ls' shows how they come up");
    return ExitCode::Done;
}

}  // namespace muster::cli
