#include "app/master_process.hpp"
#include "app/roles.hpp"
#include "app/state_directory.hpp"
#include "app/supervision.hpp"
#include "common/log.hpp"
#include "console/output/safe_text.hpp"
#include "keeper/launch.hpp"
#include "master/console/token_file.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>
#include <malloc.h>

namespace muster::app {
namespace {

constexpr int kUsage = 2;
constexpr int kNoSuch = 3;
constexpr int kRefused = 8;

std::optional<config::Cluster> loadConfig(const std::string& path, const std::string& env) {
    auto loaded = config::load(path, env);
    for (const auto& problem : loaded.problems)
        std::fprintf(stderr, "%s\n", cli::safeText(config::describe(problem)).c_str());
    if (!loaded.cluster)
        std::fprintf(stderr, "muster: nothing was started: the configuration has errors\n");
    return std::move(loaded.cluster);
}

bool hasType(const config::Cluster& cluster, const std::string& type) {
    const auto& all = cluster.servers;
    return type.empty() || std::any_of(all.begin(), all.end(),
                                       [&type](const auto& server) { return server.type == type; });
}

/// What the keeper of this host runs as its node.
std::vector<std::string> nodeCommand(const config::Cluster& cluster) {
    const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
    std::vector<std::string> command = {
        self,        "node",      "--state", cluster.stateDirectory, "--master", brokerUrl(cluster),
        "--cluster", cluster.name};
    if (const auto ca = brokerCa(cluster); !ca.empty()) command.insert(command.end(), {"--ca", ca});
    return command;
}

/// A password check works in 19 MiB. glibc would serve the second one from the heap, and keep that
/// for good: a fixed threshold gives it back each time.
void returnLargeBlocks() {
    ::mallopt(M_MMAP_THRESHOLD, 4 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 8 << 20);
}

int report(const Error& error) {
    std::fprintf(stderr, "muster: %s\n", error.detail().c_str());
    if (error.code() == Errc::UnknownServer) return kNoSuch;
    return error.code() == Errc::Conflict ? kRefused : 1;
}

}  // namespace

Result<cli::StateTokens> stateTokens(const std::string& stateDirectory) {
    if (auto made = makeStateDirectory(stateDirectory); !made) return made.error();
    auto tokens = readOrCreateTokens(stateDirectory);
    if (!tokens) return tokens.error();
    cli::StateTokens result;
    result.admin = tokens->admin;
    result.node = tokens->node;
    result.server = tokens->server;
    return result;
}

std::optional<int> runStart(const cli::StartRequest& request, Extensions extensions) {
    auto cluster = loadConfig(request.config, request.env);
    if (!cluster) return kUsage;
    if (!hasType(*cluster, request.type)) {
        std::fprintf(stderr, "muster: no server of type '%s' in servers.json\n",
                     request.type.c_str());
        return kNoSuch;
    }
    returnLargeBlocks();
    MasterProcess master(*cluster, std::move(extensions));
    if (!cluster->standAlone) master.startServers(request.type, request.ids);
    if (auto started = master.start(); !started) {
        const int status = report(started.error());
        return started.error().code() == Errc::Conflict ? std::nullopt : std::optional(status);
    }
    if (!cluster->standAlone)
        if (auto kept = keeper::launchKeeper(cluster->stateDirectory, nodeCommand(*cluster)); !kept)
            return report(kept.error());
    if (cluster->standAlone) return master.run();
    std::atomic<bool> isOver = false;
    std::thread reporter([&request, &isOver] {
        cli::Hooks hooks;
        hooks.isOver = [&isOver] { return isOver.load(); };
        (void)cli::reportStart(request, std::move(hooks));
    });
    const int status = master.run();
    isOver = true;
    reporter.join();
    return status;
}

int runMasterVerb(int argc, char** argv, Extensions extensions) {
    std::string config = ".";
    std::string env;
    std::string logFile;
    bool isVerbose = false;
    CLI::App app("runs a master alone: servers are started on request");
    app.name("muster master");
    app.add_option("-c,--config", config, "directory with config/, or muster.json");
    app.add_option("-e,--env", env, "environment: a block of the files, or a folder");
    app.add_option("--log", logFile, "write the log there instead of stderr");
    app.add_flag("-v,--verbose", isVerbose, "log more");
    try {
        app.parse(argc - 1, argv + 1);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kUsage;
    }
    auto cluster = loadConfig(config, env);
    if (!cluster) return kUsage;
    log::Options options;
    options.file = logFile;
    if (isVerbose) options.level = log::Level::Debug;
    log::configure(options);
    returnLargeBlocks();
    MasterProcess master(std::move(*cluster), std::move(extensions));
    if (auto started = master.start(); !started) return report(started.error());
    return master.run();
}

}  // namespace muster::app
