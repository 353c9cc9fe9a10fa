#include "common/config/draft.hpp"
#include "common/config/expand.hpp"
#include "common/config/hosts.hpp"
#include "common/wire/topics.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

namespace muster::config {
namespace {

/// Where a type can be put right: in muster.json if it is there, else where servers.json names it.
Place placeOf(const Draft& draft, const std::string& type) {
    const auto known = draft.types.find(type);
    if (known != draft.types.end()) return known->second;
    const auto named = draft.serverTypes.find(type);
    return named != draft.serverTypes.end() ? named->second : Place{};
}

/// Programs of servers on other hosts cannot be looked at from here.
bool runsHere(const Draft& draft, const std::string& type) {
    const auto& servers = draft.cluster.servers;
    return std::none_of(servers.begin(), servers.end(), [&](const auto& server) {
        return server.type == type && !isThisHost(server.host, draft.cluster);
    });
}

bool isInPath(const std::string& program) {
    const char* path = ::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "/usr/bin:/bin";
    while (!rest.empty()) {
        const std::size_t colon = std::min(rest.find(':'), rest.size());
        const std::string file = std::string(rest.substr(0, colon)) + "/" + program;
        if (::access(file.c_str(), X_OK) == 0) return true;
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    return false;
}

std::optional<uid_t> userIdOf(const std::string& name) {
    passwd entry{};
    passwd* found = nullptr;
    std::vector<char> buffer(16'384);
    if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
        found == nullptr)
        return std::nullopt;
    return found->pw_uid;
}

/// Checks the command of one type.
class CommandCheck {
public:
    CommandCheck(Draft& draft, const ServerType& type)
        : draft_(draft), type_(type), place_(placeOf(draft, type.type)) {
        if (draft.types.contains(type.type)) place_.pointer += "/command";
    }

    void run() {
        if (type_.command.argv.empty()) return missing();
        placeholders();
        if (runsHere(draft_, type_.type)) {
            program(type_.command.argv.front(), "argv");
            if (!type_.readiness.argv.empty())
                program(type_.readiness.argv.front(), "readiness.argv");
            if (!type_.liveness.argv.empty()) program(type_.liveness.argv.front(), "liveness.argv");
            directory();
            user();
        }
    }

private:
    void error(std::string text) { draft_.problems.error(place_, std::move(text)); }

    void missing() {
        // What is wrong there was reported when it was read.
        if (draft_.isMusterFileBroken || draft_.withCommand.contains(type_.type)) return;
        const Place place = placeOf(draft_, type_.type);
        if (type_.isPomelo)
            return draft_.problems.error(
                place, fmt::format("type \"{}\" is a pomelo type, but there is no app.js in {}: "
                                   "put the game there, or give its command",
                                   type_.type, draft_.cluster.base));
        std::vector<std::string> others;
        for (const auto& [name, known] : draft_.types)
            if (!draft_.serverTypes.contains(name)) others.push_back(name);
        const std::string meant = suggestion(type_.type, others);
        draft_.problems.error(
            place,
            fmt::format("type \"{}\" has no command: add \"types\": {{\"{}\": {{\"command\": "
                        "[\"/path/to/program\", \"--id=${{id}}\"]}}}} to muster.json{}{}",
                        type_.type, type_.type, meant.empty() ? "" : ".", meant));
    }

    void placeholders() {
        std::vector<std::string> all = type_.command.argv;
        all.insert(all.end(), type_.readiness.argv.begin(), type_.readiness.argv.end());
        all.insert(all.end(), type_.liveness.argv.begin(), type_.liveness.argv.end());
        all.push_back(type_.command.cwd);
        all.insert(all.end(), type_.process.sockets.begin(), type_.process.sockets.end());
        for (const auto& [name, value] : type_.command.env) all.push_back(value);
        for (const auto& text : all)
            for (const auto& name : unknownPlaceholders(text))
                error(
                    fmt::format("unknown placeholder ${{{}}}.{} Known: id, type, host, port, "
                                "clientPort, env, base and cluster; write $${{ for a plain ${{.",
                                name,
                                suggestion(name, {"id", "type", "host", "port", "clientPort", "env",
                                                  "base", "cluster"})));
    }

    /// With what does not depend on the server replaced; empty if it does depend.
    std::string common(const std::string& text) const {
        Server unlike;  // line ends stand for what differs from server to server
        unlike.id = unlike.host = "\n";
        unlike.type = type_.type;
        const std::string out = expand(text, draft_.cluster, unlike);
        const bool depends =
            out.find('\n') != std::string::npos || text.find("ort}") != std::string::npos;
        return depends ? "" : out;
    }

    void program(const std::string& name, const char* key) {
        if (name.empty())
            return error(fmt::format("{} starts with an empty string: name a program", key));
        const std::string file = common(name);
        if (file.empty()) return;
        if (file.find('/') == std::string::npos) {
            if (!isInPath(file))
                draft_.problems.warn(
                    place_,
                    fmt::format(
                        "there is no program \"{}\" in PATH: install it, or give its whole path",
                        file));
            return;
        }
        const auto cwd = std::filesystem::path(draft_.cluster.base) / common(type_.command.cwd);
        const std::string path = (cwd / file).lexically_normal().string();
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored)) {
            error(fmt::format("there is no file {}: build it, or correct {}", path, key));
        } else if (std::filesystem::is_directory(path, ignored) ||
                   ::access(path.c_str(), X_OK) != 0) {
            error(fmt::format("{} is not executable: chmod +x it, or correct {}", path, key));
        }
    }

    void directory() {
        const std::string cwd = common(type_.command.cwd);
        if (cwd.empty()) return;
        const auto path = (std::filesystem::path(draft_.cluster.base) / cwd).lexically_normal();
        std::error_code ignored;
        if (!std::filesystem::is_directory(path, ignored))
            error(fmt::format("the working directory {} does not exist: make it, or correct cwd",
                              path.string()));
    }

    void user() {
        const std::string& name = type_.command.user;
        if (name.empty()) return;
        const auto wanted = userIdOf(name);
        if (!wanted)
            return error(fmt::format(
                "there is no user \"{}\" on this host: add it, or correct the name", name));
        if (::geteuid() == 0 || *wanted == ::geteuid()) return;
        draft_.problems.warn(place_, fmt::format("only root can run servers as {}: start muster as "
                                                 "root, or leave user out",
                                                 name));
    }

    Draft& draft_;
    const ServerType& type_;
    Place place_;
};

/// A look at the own port of a server that has none; `what` is the key.
void checkPorts(Draft& draft, const ServerType& type, bool isByTcp, int port, const char* what) {
    if (!isByTcp || port != 0) return;
    for (const auto& server : draft.cluster.servers)
        if (server.type == type.type && server.port == 0 && server.clientPort == 0)
            draft.problems.error(placeOf(draft, type.type),
                                 fmt::format("{0} by tcp, but {1} has no port: give it one, "
                                             "or name the port in {0}",
                                             what, server.id));
}

/// Finds one cycle through `start`; the path of types, empty if there is none.
std::vector<std::string> cycleFrom(const std::string& start,
                                   const std::map<std::string, ServerType>& types) {
    std::map<std::string, std::string> cameFrom;
    std::vector<std::string> open = {start};
    while (!open.empty()) {
        const std::string at = open.back();
        open.pop_back();
        const auto type = types.find(at);
        if (type == types.end()) continue;
        for (const auto& next : type->second.dependsOn) {
            if (next == start) {
                std::vector<std::string> path = {start};
                for (std::string step = at; step != start; step = cameFrom[step])
                    path.push_back(step);
                path.push_back(start);
                std::reverse(path.begin(), path.end());
                return path;
            }
            if (cameFrom.try_emplace(next, at).second) open.push_back(next);
        }
    }
    return {};
}

void checkDependencies(Draft& draft) {
    std::set<std::string> reported;
    std::vector<std::string> names;
    for (const auto& [name, type] : draft.cluster.types) names.push_back(name);
    for (const auto& [name, type] : draft.cluster.types) {
        const auto place = draft.dependencies.find(name);
        if (place == draft.dependencies.end()) continue;
        for (const auto& on : type.dependsOn)
            if (!draft.cluster.types.contains(on))
                draft.problems.error(place->second, fmt::format("there is no type \"{}\".{}", on,
                                                                suggestion(on, names)));
        const auto cycle = reported.contains(name) ? std::vector<std::string>()
                                                   : cycleFrom(name, draft.cluster.types);
        if (cycle.empty()) continue;
        reported.insert(cycle.begin(), cycle.end());
        std::string path;
        for (const auto& step : cycle) path += (path.empty() ? "" : " -> ") + step;
        draft.problems.error(
            place->second,
            fmt::format("the dependencies go in a circle: {}: remove one of them", path));
    }
}

}  // namespace

void completeTypes(Draft& draft) {
    for (const auto& [name, place] : draft.serverTypes) {
        const auto [type, isNew] = draft.cluster.types.try_emplace(name);
        if (!isNew) continue;
        type->second.type = name;
        draft.withoutPomelo.insert(name);
        draft.withoutReadiness.insert(name);
    }
    for (auto& [name, type] : draft.cluster.types) {
        if (type.command.argv.empty() && draft.withoutPomelo.contains(name))
            type.isPomelo = draft.hasAppJs;
        if (!type.isPomelo) continue;
        if (draft.withoutReadiness.contains(name)) type.readiness.kind = Readiness::Kind::Monitor;
        if (type.command.argv.empty() && draft.hasAppJs)
            type.command.argv = {"node", "${base}/app.js"};
    }
}

void validateTypes(Draft& draft) {
    for (const auto& [name, type] : draft.cluster.types) {
        if (draft.types.contains(name) && !wire::isValidId(name))
            draft.problems.error(
                placeOf(draft, name),
                fmt::format("\"{}\" is no name of a type: use 1 to 64 of A-Z a-z 0-9 . _ -",
                            name.substr(0, 100)));
        CommandCheck(draft, type).run();
        const bool isReadyByTcp = type.readiness.kind == Readiness::Kind::Tcp;
        checkPorts(draft, type, isReadyByTcp, type.readiness.port, "readiness");
        const bool livesByTcp = type.liveness.kind == Liveness::Kind::Tcp;
        checkPorts(draft, type, livesByTcp, type.liveness.port, "liveness");
    }
    checkDependencies(draft);
}

}  // namespace muster::config
