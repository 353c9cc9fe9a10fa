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
    ProgramExtensions extensions;
    extensions.modules = std::move(modules);
    return runProgram(argc, argv, std::move(extensions));
}

int runProgram(int argc, char** argv, ProgramExtensions extensions) {
    holdStandardStreams();
    const auto makeExtensions = [extensions = std::move(extensions)] {
        app::Extensions made;
        if (extensions.modules) made.modules = extensions.modules();
        made.login = extensions.login;
        return made;
    };
    try {
        const std::string_view verb = argc > 1 ? argv[1] : "";
        if (verb == "master") return app::runMasterVerb(argc, argv, makeExtensions());
        if (verb == "node") return app::runNodeVerb(argc, argv);
        if (verb == "keep") return app::runKeepVerb(argc, argv);
        if (verb == "upgrade") return app::runUpgradeVerb(argc, argv);
        cli::Hooks hooks;
        hooks.runMaster = [&makeExtensions](const cli::StartRequest& request) {
            return app::runStart(request, makeExtensions());
        };
        hooks.tokens = app::stateTokens;
        return cli::runCli(argc, argv, std::move(hooks));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "muster: %s\n", failure.what());
        return 1;
    }
}

}  // namespace muster
