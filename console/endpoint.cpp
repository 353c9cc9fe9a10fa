#include "console/endpoint.hpp"

#include "common/config/cluster_config.hpp"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

namespace muster::cli {
namespace {

constexpr std::size_t kMaxSecret = 1024;

std::string variable(const Hooks& hooks, const char* name) {
    return hooks.environment ? hooks.environment(name) : std::string();
}

/// An IPv6 address stands in brackets in a URL.
std::string hostPort(const std::string& host, int port) {
    const bool isV6 = host.find(':') != std::string::npos && host.front() != '[';
    return fmt::format("mqtt://{}{}{}:{}", isV6 ? "[" : "", host, isV6 ? "]" : "", port);
}

/// A listener on all addresses is reached at the loopback address.
std::string reachable(const std::string& host) {
    if (host.empty() || host == "0.0.0.0" || host == "*") return "127.0.0.1";
    return host == "::" ? "::1" : host;
}

void fromCluster(const config::Cluster& cluster, Endpoint& endpoint) {
    endpoint.cluster = cluster.name;
    if (!cluster.broker.url.empty()) {
        endpoint.url = cluster.broker.url;
        endpoint.caFile = cluster.broker.caFile;
    } else if (!cluster.listeners.empty()) {
        const config::Listener& listener = cluster.listeners.front();
        endpoint.url = hostPort(reachable(listener.host), listener.port);
    } else {
        endpoint.url = hostPort(reachable(cluster.masterHost), cluster.masterPort);
    }
    const std::string token = readSecret(cluster.stateDirectory + "/admin.token");
    if (!token.empty()) {
        endpoint.username = "admin";
        endpoint.password = token;
    }
}

/// A configuration that was asked for by name must load; one that merely lies there is a hint.
Result<void> fromConfig(const Arguments& arguments, const Hooks& hooks, Endpoint& endpoint) {
    const std::string path = configPath(arguments, hooks);
    if (path.empty()) return {};
    config::LoadResult loaded = config::load(path, arguments.env);
    if (loaded.cluster) {
        fromCluster(*loaded.cluster, endpoint);
        return {};
    }
    if (arguments.config.empty()) return {};
    std::string first = "no configuration there";
    for (const config::Problem& problem : loaded.problems) {
        if (problem.isWarning) continue;
        first = config::describe(problem);
        break;
    }
    return Error(Errc::BadMessage, fmt::format("{} does not load: {} (all errors: muster validate "
                                               "-c {})",
                                               path, first, path));
}

void fromEnvironment(const Hooks& hooks, Endpoint& endpoint) {
    if (auto url = variable(hooks, "MUSTER_URL"); !url.empty()) endpoint.url = url;
    if (auto user = variable(hooks, "MUSTER_USER"); !user.empty()) {
        endpoint.username = user;
        endpoint.password = variable(hooks, "MUSTER_PASSWORD");
    }
}

Result<void> fromFlags(const Arguments& a, const Hooks& hooks, Endpoint& endpoint) {
    if (!a.url.empty() && (!a.host.empty() || a.port != 0)) {
        return Error(Errc::BadMessage, "--url stands instead of -h and -P: give one of them");
    }
    if (!a.url.empty()) endpoint.url = a.url;
    if (!a.host.empty() || a.port != 0) {
        endpoint.url = hostPort(a.host.empty() ? "127.0.0.1" : a.host, a.port == 0 ? 3005 : a.port);
    }
    if (!a.cluster.empty()) endpoint.cluster = a.cluster;
    if (!a.caFile.empty()) endpoint.caFile = a.caFile;
    endpoint.certFile = a.certFile;
    endpoint.keyFile = a.keyFile;
    if (a.user.empty()) return {};
    endpoint.username = a.user;
    endpoint.password = a.password.empty() ? variable(hooks, "MUSTER_PASSWORD") : a.password;
    if (endpoint.password.empty() && hooks.ask) {
        const auto typed = hooks.ask("Password: ", true);
        if (!typed)
            return Error(Errc::BadMessage, "-u needs a password: give -p, or set MUSTER_PASSWORD");
        endpoint.password = *typed;
    }
    return {};
}

}  // namespace

std::string readSecret(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string line(kMaxSecret, '\0');
    if (!file) return {};
    file.read(line.data(), static_cast<std::streamsize>(line.size()));
    line.resize(static_cast<std::size_t>(file.gcount()));
    return line.substr(0, line.find_first_of(" \t\r\n"));
}

std::string configPath(const Arguments& arguments, const Hooks& hooks) {
    if (!arguments.config.empty()) return arguments.config;
    if (auto named = variable(hooks, "MUSTER_CONFIG"); !named.empty()) return named;
    std::error_code ignored;
    for (const char* file : {"config/muster.json", "config/master.json"}) {
        if (std::filesystem::exists(file, ignored)) return "config";
    }
    return {};
}

Result<Endpoint> resolveEndpoint(const Arguments& arguments, const Hooks& hooks) {
    Endpoint endpoint;
    endpoint.url = "mqtt://127.0.0.1:3005";
    if (auto done = fromConfig(arguments, hooks, endpoint); !done) return done.error();
    fromEnvironment(hooks, endpoint);
    if (auto done = fromFlags(arguments, hooks, endpoint); !done) return done.error();
    return endpoint;
}

}  // namespace muster::cli
