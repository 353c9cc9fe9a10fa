#include "common/config/expand.hpp"

#include "common/config/draft.hpp"
#include "common/config/hosts.hpp"
#include "common/config/server_entry.hpp"

#include <charconv>
#include <filesystem>

namespace muster::config {
namespace {

using Kind = JsonValue::Kind;

std::optional<std::string> placeholder(std::string_view name, const Cluster& cluster,
                                       const Server& server) {
    if (name == "id") return server.id;
    if (name == "type") return server.type;
    if (name == "host") return server.host;
    if (name == "port") return std::to_string(server.port);
    if (name == "clientPort") return std::to_string(server.clientPort);
    if (name == "env") return cluster.env;
    if (name == "base") return cluster.base;
    if (name == "cluster") return cluster.name;
    return std::nullopt;
}

/// Goes through `text`; `onName` gives what stands for a placeholder, or no value to leave it.
template <class OnName>
std::string replaceEach(std::string_view text, OnName onName) {
    std::string out;
    while (!text.empty()) {
        const std::size_t at = text.find("${");
        if (at == std::string_view::npos) return out.append(text);
        if (at > 0 && text[at - 1] == '$') {  // $${ is a literal ${
            out.append(text.substr(0, at)).append("{");
            text.remove_prefix(at + 2);
            continue;
        }
        const std::size_t end = text.find('}', at);
        if (end == std::string_view::npos) return out.append(text);
        out.append(text.substr(0, at));
        const auto value = onName(text.substr(at + 2, end - at - 2));
        out.append(value ? std::string_view(*value) : text.substr(at, end + 1 - at));
        text.remove_prefix(end + 1);
    }
    return out;
}

/// A value of servers.json as pomelo puts it on the command line.
std::string argumentText(const JsonValue& value) {
    const bool isText = value.kind == Kind::String || value.kind == Kind::Number;
    return isText ? value.text : value.dump();
}

/// The number after cluster-server-<type>-; -1 if `id` is not of that form.
int clusterNumber(const Server& server) {
    const std::string prefix = "cluster-server-" + server.type + "-";
    if (!server.id.starts_with(prefix)) return -1;
    int number = -1;
    const char* end = server.id.data() + server.id.size();
    const auto result = std::from_chars(server.id.data() + prefix.size(), end, number);
    return result.ptr == end && number >= 0 && number < 1'000'000'000 ? number : -1;
}

/// Where `server` runs.
std::string directoryOf(const Command& command, const Cluster& cluster, const Server& server) {
    if (command.cwd.empty()) return cluster.base;
    const auto cwd = std::filesystem::path(cluster.base) / expand(command.cwd, cluster, server);
    return cwd.lexically_normal().string();
}

std::string joined(std::vector<Problem> problems) {
    std::string out;
    for (const auto& problem : problems) {
        if (problem.isWarning) continue;
        out += (out.empty() ? "" : "; ") + (problem.pointer.empty() ? "" : problem.pointer + ": ") +
               problem.text;
    }
    return out;
}

/// A command that looks at `server`: expanded; a program with a slash is found from its directory.
void expandCheck(std::vector<std::string>& argv, const Command& command, const Cluster& cluster,
                 const Server& server) {
    for (auto& argument : argv) argument = expand(argument, cluster, server);
    if (argv.empty() || argv.front().find('/') == std::string::npos) return;
    const std::filesystem::path cwd = directoryOf(command, cluster, server);
    argv.front() = (cwd / argv.front()).lexically_normal().string();
}

}  // namespace

std::string expand(std::string_view text, const Cluster& cluster, const Server& server) {
    return replaceEach(text,
                       [&](std::string_view name) { return placeholder(name, cluster, server); });
}

std::vector<std::string> unknownPlaceholders(std::string_view text) {
    std::vector<std::string> unknown;
    replaceEach(text, [&](std::string_view name) {
        if (!placeholder(name, {}, {})) unknown.emplace_back(name);
        return std::optional<std::string>();
    });
    return unknown;
}

Result<Command> commandOf(const Cluster& cluster, const Server& server) {
    const auto type = cluster.types.find(server.type);
    if (type == cluster.types.end() || type->second.command.argv.empty())
        return Error(Errc::BadMessage,
                     "no command for type \"" + server.type + "\": add it to types in muster.json");
    Command command = type->second.command;
    for (auto& argument : command.argv) argument = expand(argument, cluster, server);
    for (auto& [name, value] : command.env) value = expand(value, cluster, server);
    command.cwd = directoryOf(command, cluster, server);
    if (type->second.isPomelo) {
        const JsonDocument entry = readJson(server.properties);
        if (!entry.root)
            return Error(Errc::BadMessage, "properties of " + server.id + " are not JSON");
        command.argv.insert(command.argv.begin() + 1, server.args.begin(), server.args.end());
        command.argv.push_back("env=" + cluster.env);
        for (const auto& member : entry.root->members)
            command.argv.push_back(member.key + "=" + argumentText(member.value));
    }
    if (mayBind(server, cluster)) {
        const std::vector<std::string> bind = {"taskset", "-c", std::to_string(*server.cpu)};
        command.argv.insert(command.argv.begin(), bind.begin(), bind.end());
    }
    return command;
}

Readiness readinessOf(const Cluster& cluster, const Server& server) {
    const auto type = cluster.types.find(server.type);
    if (type == cluster.types.end()) return {};
    Readiness readiness = type->second.readiness;
    expandCheck(readiness.argv, type->second.command, cluster, server);
    if (readiness.port == 0) readiness.port = server.port != 0 ? server.port : server.clientPort;
    return readiness;
}

Liveness livenessOf(const Cluster& cluster, const Server& server) {
    const auto type = cluster.types.find(server.type);
    if (type == cluster.types.end() || type->second.liveness.kind == Liveness::Kind::None)
        return {};
    Liveness liveness = type->second.liveness;
    expandCheck(liveness.argv, type->second.command, cluster, server);
    if (liveness.port == 0) liveness.port = server.port != 0 ? server.port : server.clientPort;
    return liveness;
}

Result<std::vector<Server>> readServers(const JsonText& entry, const Cluster& cluster) {
    const JsonDocument document = readJson(entry);
    if (!document.root || !document.faults.empty())
        return Error(Errc::BadMessage,
                     document.faults.empty() ? "not JSON" : document.faults.front().text);
    const JsonValue* type = document.root->find("serverType");
    if (type == nullptr || type->kind != Kind::String || type->text.empty())
        return Error(Errc::BadMessage, "the server has no serverType: add one");
    ClusterSequence sequence;
    for (const auto& server : cluster.servers)
        if (server.type == type->text)
            sequence[server.type] = std::max(sequence[server.type], clusterNumber(server) + 1);
    Draft draft;
    draft.cluster = cluster;
    const Place known{"", 0, ""};
    draft.servers.assign(cluster.servers.size(), known);
    draft.users.assign(cluster.users.size(), known);
    draft.listeners.assign(cluster.listeners.size(), known);
    auto added = readServerEntry(*document.root, type->text, {"", 1, ""}, sequence, draft.problems);
    for (const auto& server : added) {
        draft.cluster.servers.push_back(server);
        draft.servers.push_back({"", 1, ""});
    }
    validateServers(draft);
    if (draft.problems.hasErrors()) return Error(Errc::BadMessage, joined(draft.problems.take()));
    if (!cluster.types.contains(type->text))
        return Error(Errc::BadMessage,
                     "no command for type \"" + type->text + "\": add it to types in muster.json");
    return added;
}

}  // namespace muster::config
