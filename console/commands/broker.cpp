#include "common/config/cluster_config.hpp"
#include "common/config/hosts.hpp"
#include "common/wire/topics.hpp"
#include "console/commands.hpp"
#include "console/commands/mosquitto_files.hpp"
#include "console/endpoint.hpp"

#include <set>

#include <unistd.h>

namespace muster::cli {
namespace {

/// This host's node is known by the host's name, another's by what servers.json calls its host.
std::vector<std::string> nodesOf(const config::Cluster& cluster) {
    std::set<std::string> nodes;
    char name[65] = "";
    if (gethostname(name, sizeof name - 1) == 0 && name[0] != '\0')
        nodes.insert(wire::nodeIdOf(name));
    for (const config::Server& server : cluster.servers) {
        if (!config::isThisHost(server.host, cluster)) nodes.insert(wire::nodeIdOf(server.host));
    }
    return {nodes.begin(), nodes.end()};
}

ExitCode printPasswords(Context& context, const config::Cluster& cluster) {
    const auto tokens = context.hooks().tokens(cluster.stateDirectory);
    if (!tokens) return context.fail(tokens.error());
    const auto file = mosquittoPasswords(cluster, *tokens, nodesOf(cluster));
    if (!file) return context.fail(file.error());
    context.out() << file->text;
    for (const std::string& remark : file->remarks) context.say(remark);
    context.say("passwords in clear: hash the file with 'mosquitto_passwd -U FILE'");
    return ExitCode::Done;
}

}  // namespace

ExitCode runBroker(Context& context) {
    const std::string path = configPath(context.args(), context.hooks());
    if (path.empty()) {
        return context.fail(ExitCode::Usage, "which configuration? give -c PATH (no config/ here)");
    }
    const config::LoadResult loaded = config::load(path, context.args().env);
    if (!loaded.cluster) {
        return context.fail(ExitCode::Usage, path + " has errors: 'muster validate' shows them");
    }
    if (context.args().verb == "broker passwd") return printPasswords(context, *loaded.cluster);
    const auto acl = mosquittoAcl(*loaded.cluster, nodesOf(*loaded.cluster));
    if (!acl) return context.fail(acl.error());
    context.out() << *acl;
    return ExitCode::Done;
}

}  // namespace muster::cli
