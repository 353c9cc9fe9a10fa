#include "console/endpoint.hpp"

#include "common/config/cluster_config.hpp"
#include "common/config/listeners.hpp"
#include "common/wire/topics.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

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

void fromCluster(const config::Cluster& cluster, Endpoint& endpoint) {
    endpoint.cluster = cluster.name;
    if (!cluster.broker.url.empty()) {
        endpoint.url = cluster.broker.url;
        endpoint.caFile = cluster.broker.caFile;
    } else {
        const config::Listener& listener = config::localListener(cluster);
        endpoint.url = config::urlOf(listener, cluster);
        endpoint.caFile = listener.ca;
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
    config::LoadResult loaded = config::loadForClient(path, arguments.env);
    if (loaded.cluster) {
        fromCluster(*loaded.cluster, endpoint);
        return {};
    }
    if (arguments.config.empty() && variable(hooks, "MUSTER_CONFIG").empty()) return {};
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
    // A certificate says by itself whose it is.
    if (endpoint.password.empty() && endpoint.certFile.empty() && hooks.ask) {
        const auto typed = hooks.ask("Password: ", true);
        if (!typed)
            return Error(Errc::BadMessage, "-u needs a password: give -p, or set MUSTER_PASSWORD");
        endpoint.password = *typed;
    }
    return {};
}

/// What a configuration says was checked there, and may be a port of the system's choice.
Result<void> check(const Endpoint& endpoint, const std::string& configuredUrl) {
    if (endpoint.url != configuredUrl && !config::isBrokerUrl(endpoint.url))
        return Error(Errc::BadMessage,
                     fmt::format("'{}' is no address of a master: write mqtt://HOST:PORT or "
                                 "mqtts://HOST:PORT",
                                 endpoint.url.substr(0, 200)));
    if (!wire::isValidId(endpoint.cluster))
        return Error(Errc::BadMessage, fmt::format("'{}' is no name of a cluster: use 1 to 64 of "
                                                   "A-Z a-z 0-9 . _ -",
                                                   endpoint.cluster.substr(0, 100)));
    for (const auto* file : {&endpoint.caFile, &endpoint.certFile, &endpoint.keyFile})
        if (!file->empty() && ::access(file->c_str(), R_OK) != 0)
            return Error(Errc::BadMessage, fmt::format("{}: {}: give the path of a PEM file", *file,
                                                       std::strerror(errno)));
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
    return config::isConfigHere(arguments.env) ? "config" : "";
}

Result<Endpoint> resolveEndpoint(const Arguments& arguments, const Hooks& hooks) {
    Endpoint endpoint;
    endpoint.url = "mqtt://127.0.0.1:3005";
    if (auto done = fromConfig(arguments, hooks, endpoint); !done) return done.error();
    const std::string configuredUrl = endpoint.url;
    fromEnvironment(hooks, endpoint);
    if (auto done = fromFlags(arguments, hooks, endpoint); !done) return done.error();
    if (auto done = check(endpoint, configuredUrl); !done) return done.error();
    return endpoint;
}

}  // namespace muster::cli
