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

/// A server or node: it speaks, and is spoken to, only as itself. A block of its own for each, as
/// patterns would give administrators the same under their names.
void allowMonitor(std::string& acl, const std::string& root, const std::string& id,
                  const std::string& type) {
    acl += fmt::format("user {}\n", id);
    allow(acl, "topic", "readwrite", fmt::format("{}presence/{}", root, id));
    for (const char* part : {"to/master/{}", "reply/+/{}", "metric/{}", "event/+/{}", "log/{}/+"}) {
        allow(acl, "topic", "write", root + fmt::format(fmt::runtime(part), id));
    }
    for (const char* part : {"to/monitor/{}", "reply/{}/#"}) {
        allow(acl, "topic", "read", root + fmt::format(fmt::runtime(part), id));
    }
    for (const char* part : {"leader", "to/all"}) allow(acl, "topic", "read", root + part);
    if (isPlain(type)) allow(acl, "topic", "read", fmt::format("{}to/type/{}", root, type));
    allow(acl, "topic", "readwrite", root + "bus/#");
    acl += "\n";
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
    acl += fmt::format("# The master.\nuser {}\n", cluster.broker.username);
    allow(acl, "topic", "readwrite", root + "#");
    acl += "\n# Administrators.\nuser admin\n";
    allowAdministrator(acl, root, "admin");
    for (const config::User& user : cluster.users) {
        if (user.username == "admin") continue;
        acl += fmt::format("user {}\n", user.username);
        allowAdministrator(acl, root, user.username);
    }
    acl += "# Servers and host agents.\n";
    for (const config::Server& server : cluster.servers) {
        if (isPlain(server.id)) allowMonitor(acl, root, server.id, server.type);
    }
    for (const std::string& node : nodes) {
        if (isPlain(node)) allowMonitor(acl, root, node, "node");
    }
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
