#include "app/roles.hpp"
#include "console/cli.hpp"

#include <muster/master.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace muster {
namespace {

/// A closed standard stream would be the next file or socket that is opened, and get what is
/// printed. What is put there instead refuses to be written to.
void holdStandardStreams() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) < 0) return;
    }
}

}  // namespace

int runProgram(int argc, char** argv,
               std::function<std::vector<std::unique_ptr<AdminModule>>()> modules) {
    holdStandardStreams();
    const auto makeModules = [modules = std::move(modules)] {
        return modules ? modules() : std::vector<std::unique_ptr<AdminModule>>();
    };
    try {
        const std::string_view verb = argc > 1 ? argv[1] : "";
        if (verb == "master") return app::runMasterVerb(argc, argv, makeModules());
        if (verb == "node") return app::runNodeVerb(argc, argv);
        if (verb == "keep") return app::runKeepVerb(argc, argv);
        cli::Hooks hooks;
        hooks.runMaster = [&makeModules](const cli::StartRequest& request) {
            return app::runStart(request, makeModules());
        };
        hooks.tokens = app::stateTokens;
        return cli::runCli(argc, argv, std::move(hooks));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "muster: %s\n", failure.what());
        return 1;
    }
}

}  // namespace muster
