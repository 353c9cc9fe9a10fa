#include "app/keep.hpp"
#include "app/node.hpp"
#include "app/roles.hpp"
#include "keeper/launch.hpp"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace muster::app {
namespace {

constexpr int kUsage = 2;

/// The exit status if `app` has said all there is to say; no value: go on.
std::optional<int> parse(CLI::App& app, int argc, char** argv) {
    try {
        app.parse(argc - 1, argv + 1);
        return std::nullopt;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kUsage;
    }
}

std::vector<std::string> selfArgv(int argc, char** argv) {
    std::vector<std::string> self = {std::filesystem::read_symlink("/proc/self/exe").string()};
    for (int i = 1; i < argc; ++i) self.emplace_back(argv[i]);
    return self;
}

}  // namespace

int runNodeVerb(int argc, char** argv) {
    NodeOptions options;
    CLI::App app("decides the life of the servers of this host");
    app.name("muster node");
    app.add_option("--state", options.stateDirectory, "state directory; holds node.token")
        ->required();
    app.add_option("--master", options.master, "mqtt:// or mqtts:// address of the broker");
    app.add_option("--cluster", options.cluster, "name of the cluster");
    app.add_option("--id", options.id, "default: node-<hostname>, or with --host node-<ADDRESS>");
    app.add_option("--host", options.host, "address of this host, as others reach it");
    app.add_option("--ca", options.caFile, "mqtts: trust anchors, a PEM file")
        ->check(CLI::ExistingFile);
    app.add_option("--cert", options.certFile, "mqtts: client certificate")
        ->check(CLI::ExistingFile);
    app.add_option("--key", options.keyFile, "mqtts: its key")->check(CLI::ExistingFile);
    if (const auto status = parse(app, argc, argv)) return *status;
    if (!options.id.empty() && !options.id.starts_with("node-")) {
        std::fprintf(stderr, "--id: a node is called node-…, the master knows it by that\n");
        return kUsage;
    }
    options.stateDirectory = std::filesystem::absolute(options.stateDirectory).string();
    // What the keeper was started with is what starts its successor.
    options.keeperArgv = keeper::keeperCommand(options.stateDirectory, selfArgv(argc, argv));
    return runNode(options);
}

int runKeepVerb(int argc, char** argv) {
    KeepOptions options;
    CLI::App app("holds the processes of this host");
    app.name("muster keep");
    app.add_option("--state", options.stateDirectory, "state directory")->required();
    app.add_option("--log", options.logFile, "write the log there instead of stderr, 4 MiB x 4");
    app.add_option("node", options.nodeArgv, "after --: the command of the node to keep");
    if (const auto status = parse(app, argc, argv)) return *status;
    options.stateDirectory = std::filesystem::absolute(options.stateDirectory).string();
    options.argv = selfArgv(argc, argv);
    return runKeep(options);
}

int runUpgradeVerb(int argc, char** argv) {
    std::string stateDirectory;
    CLI::App app("puts this program in the place of the host's keeper and node");
    app.name("muster upgrade");
    app.add_option("--state", stateDirectory, "state directory")->required();
    if (const auto status = parse(app, argc, argv)) return *status;
    stateDirectory = std::filesystem::absolute(stateDirectory).string();
    const auto upgraded = keeper::upgradeKeeper(stateDirectory, selfArgv(argc, argv).front());
    if (upgraded) {
        std::printf("keeper and node of %s run this program now\n", stateDirectory.c_str());
        return 0;
    }
    std::fprintf(stderr, "muster: %s\n", upgraded.error().detail().c_str());
    return upgraded.error().code() == Errc::Timeout ? 5 : 1;
}

}  // namespace muster::app
