#include "common/config/cluster_config.hpp"
#include "console/commands.hpp"
#include "console/commands/outcomes.hpp"
#include "console/endpoint.hpp"
#include "console/output/server_table.hpp"

#include <muster/json.hpp>

namespace muster::cli {
namespace {

ExitCode sayWhatWouldRun(Context& context, const StartRequest& request) {
    nlohmann::json body{{"op", "start"}, {"master", request.config}};
    if (!request.type.empty()) body["type"] = request.type;
    if (!request.ids.empty()) body["ids"] = request.ids;
    context.out() << safeJson(jsonText(body), true) << '\n';
    context.say("no master answers: this process would become it");
    return ExitCode::Done;
}

/// Nobody leads this cluster yet: this process shall.
ExitCode becomeMaster(Context& context, const Error& why) {
    const Arguments& args = context.args();
    if (context.isMasterSilent()) return context.fail(why);  // its place is taken
    const bool isElsewhere = !args.url.empty() || !args.host.empty() || args.port != 0;
    const std::string config = configPath(args, context.hooks());
    if (!context.hooks().runMaster || isElsewhere || config.empty()) return context.fail(why);
    StartRequest request;
    request.config = config;
    request.env = args.env;
    request.type = args.type;
    request.ids = args.ids;
    for (const std::string& word : args.words) {
        if (word == "all") continue;
        if (word.find_first_of("*?:") != std::string::npos) {
            return context.fail(ExitCode::Usage,
                                word + ": without a running master, name ids or -t");
        }
        request.ids.push_back(word);
    }
    if (args.isDryRun) return sayWhatWouldRun(context, request);
    request.timeout = context.timeoutOr(request.timeout);
    request.isQuiet = args.isQuiet;
    return static_cast<ExitCode>(context.hooks().runMaster(request));
}

bool isConfigBad(const Context& context) {
    const std::string path = configPath(context.args(), context.hooks());
    return !path.empty() && !config::load(path, context.args().env).cluster;
}

}  // namespace

ExitCode runStart(Context& context) {
    const Arguments& args = context.args();
    const auto selection = Selection::parse(args.words, args.type, args.ids);
    if (!selection) return context.fail(selection.error());
    const auto client = context.admin();
    // The program that would run the master says all that is wrong with its configuration.
    if (!client && client.error().code() != Errc::Closed && !isConfigBad(context))
        return context.fail(client.error());
    if (!client) return becomeMaster(context, client.error());
    // An external broker takes connections also where no master leads.
    const auto known = context.servers();
    if (known || known.error().code() != Errc::Closed) return orderServers(context, *selection);
    context.disconnect();
    return becomeMaster(context, known.error());
}

}  // namespace muster::cli
