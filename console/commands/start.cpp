#include "common/config/cluster_config.hpp"
#include "console/commands.hpp"
#include "console/commands/outcomes.hpp"
#include "console/endpoint.hpp"
#include "console/output/server_table.hpp"

#include <muster/json.hpp>

#include <algorithm>

namespace muster::cli {
namespace {

constexpr std::chrono::milliseconds kForTheFaster{10'000};
constexpr std::chrono::milliseconds kBetweenLooks{200};

ExitCode sayWhatWouldRun(Context& context, const StartRequest& request) {
    nlohmann::json body{{"op", "start"}, {"master", request.config}};
    if (!request.type.empty()) body["type"] = request.type;
    if (!request.ids.empty()) body["ids"] = request.ids;
    context.out() << safeJson(jsonText(body), true) << '\n';
    context.say("no master answers: this process would become it");
    return ExitCode::Done;
}

/// Another `muster start` of the same time was faster: its master is asked once it answers.
ExitCode askTheFaster(Context& context, const Selection& selection) {
    const auto end =
        context.hooks().now() + std::min(context.timeoutOr(kForTheFaster), kForTheFaster);
    while (context.hooks().now() < end) {
        context.disconnect();
        if (context.servers()) return orderServers(context, selection);
        context.hooks().pause(kBetweenLooks);
    }
    return ExitCode::Refused;
}

/// Nobody leads this cluster yet: this process shall.
ExitCode becomeMaster(Context& context, const Selection& selection, const Error& why) {
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
    const auto status = context.hooks().runMaster(request);
    return status ? static_cast<ExitCode>(*status) : askTheFaster(context, selection);
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
    const bool isForeign = !client && client.error().code() == Errc::Denied && args.user.empty() &&
                           !configPath(args, context.hooks()).empty() && !isConfigBad(context);
    if (isForeign)
        return context.fail(ExitCode::NotAllowed,
                            client.error().detail() +
                                " (if another cluster has this port, change it in master.json or "
                                "muster.json)");
    // The program that would run the master says all that is wrong with its configuration.
    if (!client && client.error().code() != Errc::Closed && !isConfigBad(context))
        return context.fail(client.error());
    if (!client) return becomeMaster(context, *selection, client.error());
    // An external broker takes connections also where no master leads.
    const auto known = context.servers();
    if (known || known.error().code() != Errc::Closed) return orderServers(context, *selection);
    context.disconnect();
    return becomeMaster(context, *selection, known.error());
}

}  // namespace muster::cli
