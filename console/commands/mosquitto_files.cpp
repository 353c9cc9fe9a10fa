#include "console/commands/mosquitto_files.hpp"

#include "common/config/cluster_config.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

namespace muster::cli {
namespace {

/// A name that means only itself in a topic, an ACL line and a password file.
bool isPlain(const std::string& name) {
    return !name.empty() && name.size() <= 64 &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
           });
}

bool isReserved(const std::string& name) {
    return name == "master" || name == "anonymous";
}

void allow(std::string& acl, std::string_view kind, std::string_view right,
           const std::string& topic) {
    acl += fmt::format("{} {} {}\n", kind, right, topic);
}

/// Level 2 for everybody: look at all of it. The requests of a user, and the answers to them.
void allowAdministrator(std::string& acl, const std::string& root, const std::string& user) {
    for (const char* part : {"leader", "presence/#", "state/#", "event/#", "metric/#", "log/#"}) {
        allow(acl, "topic", "read", root + part);
    }
    allow(acl, "topic", "read", fmt::format("{}reply/{}/#", root, user));
    allow(acl, "topic", "write", fmt::format("{}to/master/{}", root, user));
    acl += "\n";
}

/// One pattern for all monitors and nodes: the user name is the id, and stands in the topic.
void allowMonitors(std::string& acl, const std::string& root) {
    acl +=
        "# Every monitor and node: %u is its id, so it speaks and is spoken to only as itself.\n";
    for (const char* part :
         {"presence/%u", "to/master/%u", "reply/+/%u", "metric/%u", "event/+/%u", "log/%u/+"}) {
        allow(acl, "pattern", "write", root + part);
    }
    for (const char* part : {"leader", "presence/%u", "to/monitor/%u", "to/all", "reply/%u/#"}) {
        allow(acl, "pattern", "read", root + part);
    }
    allow(acl, "pattern", "readwrite", root + "bus/#");
}

Result<void> checkNames(const config::Cluster& cluster) {
    if (!isPlain(cluster.name)) return Error(Errc::BadMessage, "the cluster's name is no plain id");
    for (const config::User& user : cluster.users) {
        if (isPlain(user.username) && !isReserved(user.username)) continue;
        return Error(Errc::BadMessage, fmt::format("adminUser.json: user '{}' cannot stand in an "
                                                   "ACL: rename it to [A-Za-z0-9._-]",
                                                   user.username.substr(0, 80)));
    }
    return {};
}

}  // namespace

Result<std::string> mosquittoAcl(const config::Cluster& cluster,
                                 const std::vector<std::string>& nodes) {
    if (auto checked = checkNames(cluster); !checked) return checked.error();
    const std::string root = fmt::format("muster/{}/", cluster.name);
    std::string acl = fmt::format(
        "# Access control for cluster '{0}' of muster, printed by 'muster broker acl'.\n"
        "# Use with per_listener_settings false and a password_file ('muster broker passwd').\n"
        "# Print it again, and reload the broker, after servers were added.\n\n"
        "# Without a user name, if allow_anonymous is true: look, and ask what level 2 may ask.\n",
        cluster.name);
    allowAdministrator(acl, root, "anonymous");
    acl += fmt::format("user {}\n", cluster.broker.username);
    allow(acl, "topic", "readwrite", root + "#");
    acl += "\nuser admin\n";
    allowAdministrator(acl, root, "admin");
    for (const config::User& user : cluster.users) {
        if (user.username == "admin") continue;
        acl += fmt::format("user {}\n", user.username);
        allowAdministrator(acl, root, user.username);
    }
    acl += "# What a pattern cannot say: messages to all servers of a type.\n";
    for (const config::Server& server : cluster.servers) {
        if (!isPlain(server.id) || !isPlain(server.type)) continue;  // joins over pomelo's protocol
        acl += fmt::format("user {}\n", server.id);
        allow(acl, "topic", "read", fmt::format("{}to/type/{}", root, server.type));
    }
    for (const std::string& node : nodes) {
        if (!isPlain(node)) continue;
        acl += fmt::format("user {}\n", node);
        allow(acl, "topic", "read", root + "to/type/node");
    }
    acl += "\n";
    allowMonitors(acl, root);
    return acl;
}

Result<PasswordFile> mosquittoPasswords(const config::Cluster& cluster, const StateTokens& tokens,
                                        const std::vector<std::string>& nodes) {
    if (auto checked = checkNames(cluster); !checked) return checked.error();
    PasswordFile file;
    std::set<std::string> written;
    const auto add = [&](const std::string& user, const std::string& password) {
        if (!written.insert(user).second) return;
        const bool isHash = password.rfind("$argon2", 0) == 0;
        if (password.empty() || isHash || password.find_first_of("\r\n") != std::string::npos) {
            file.remarks.push_back(
                fmt::format("{}: {}: set it with 'mosquitto_passwd FILE {}'", user,
                            isHash ? "only a hash is known" : "no password", user));
            return;
        }
        file.text += fmt::format("{}:{}\n", user, password);
    };
    add(cluster.broker.username, cluster.broker.password);
    add("admin", tokens.admin);
    for (const config::User& user : cluster.users) add(user.username, user.password);
    for (const std::string& node : nodes) {
        if (isPlain(node)) add(node, tokens.node);
    }
    std::map<std::string, std::string> byType;
    for (const config::ServerToken& entry : cluster.serverTokens) byType[entry.type] = entry.token;
    for (const config::Server& server : cluster.servers) {
        if (!isPlain(server.id)) continue;
        add(server.id, cluster.hasServerTokens ? byType[server.type] : tokens.server);
    }
    return file;
}

}  // namespace muster::cli
