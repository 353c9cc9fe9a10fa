#include "console/cli.hpp"

#include "console/commands.hpp"
#include "console/commands/readiness.hpp"
#include "console/endpoint.hpp"
#include "console/parser.hpp"
#include "console/prompt.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>

#include <poll.h>
#include <unistd.h>

namespace muster::cli {
namespace {

struct Entry {
    std::string_view verb;
    ExitCode (*run)(Context&);
};

constexpr Entry kEntries[] = {
    {"ls", runList},
    {"list", runList},
    {"status", runStatus},
    {"start", runStart},
    {"stop", runControl},
    {"restart", runControl},
    {"kill", runControl},
    {"drain", runControl},
    {"cordon", runControl},
    {"uncordon", runControl},
    {"plan", runPlan},
    {"diff", runPlan},
    {"apply", runApply},
    {"add", runAdd},
    {"scale", runScale},
    {"logs", runLogs},
    {"wait", runWait},
    {"events", runEvents},
    {"orders", runOrders},
    {"validate", runValidate},
    {"broker acl", runBroker},
    {"broker passwd", runBroker},
    {"broker clients", runBrokerView},
    {"broker sessions", runBrokerView},
    {"broker subscriptions", runBrokerView},
    {"broker retained", runBrokerView},
    {"broker queues", runBrokerView},
    {"broker slow", runBrokerView},
    {"broker stats", runBrokerView},
    {"broker disconnect", runBrokerView},
    {"broker trace", runBrokerView},
    {"module list", runModule},
    {"module enable", runModule},
    {"module disable", runModule},
    {"completion", runCompletion},
    {"version", runVersion},
    {"help", runHelp},
};

Result<StateTokens> readTokens(const std::string& stateDirectory) {
    StateTokens tokens;
    tokens.admin = readSecret(stateDirectory + "/admin.token");
    tokens.node = readSecret(stateDirectory + "/node.token");
    tokens.server = readSecret(stateDirectory + "/server.token");
    if (!tokens.admin.empty()) return tokens;
    return Error(Errc::Failed, stateDirectory +
                                   " has no readable tokens: a master makes them at "
                                   "its first start");
}

/// Whether stdout is a pipe or socket that nobody reads any more.
bool isReaderGone() {
    pollfd out{STDOUT_FILENO, POLLOUT, 0};
    return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

Hooks withDefaults(Hooks hooks) {
    if (hooks.out == nullptr) hooks.out = &std::cout;
    if (hooks.err == nullptr) hooks.err = &std::cerr;
    if (!hooks.connect) hooks.connect = connectAdmin;
    if (!hooks.tokens) hooks.tokens = readTokens;
    if (!hooks.ask) hooks.ask = askAtTerminal;
    if (!hooks.pause) {
        hooks.pause = [](std::chrono::milliseconds span) {
            ::poll(nullptr, 0, static_cast<int>(span.count()));
        };
    }
    if (!hooks.now) hooks.now = [] { return std::chrono::steady_clock::now(); };
    if (!hooks.isOver) hooks.isOver = [] { return false; };
    if (!hooks.environment) {
        hooks.environment = [](const char* name) {
            const char* value = std::getenv(name);
            return std::string(value == nullptr ? "" : value);
        };
    }
    return hooks;
}

}  // namespace

int runCli(int argc, const char* const* argv, Hooks hooks) {
    hooks = withDefaults(std::move(hooks));
    Parsed parsed = parseArguments(argc, argv);
    if (!parsed.isUsable) {
        *hooks.err << parsed.complaint << std::flush;
        return static_cast<int>(ExitCode::Usage);
    }
    Context context(std::move(parsed.arguments), std::move(hooks));
    ExitCode code = ExitCode::Usage;
    try {
        for (const Entry& entry : kEntries) {
            if (entry.verb == context.args().verb) code = entry.run(context);
        }
    } catch (const std::exception& error) {  // a bug or no memory: say so, end in order
        code = context.fail(ExitCode::Failed, error.what());
    }
    context.out() << std::flush;
    if (!context.out() && code == ExitCode::Done) {
        code = ExitCode::Failed;
        // `muster ls | head -1` is no mistake that needs words.
        if (&context.out() != &std::cout || !isReaderGone())
            context.fail(code, "stdout took not everything (disk full, or closed)");
    }
    return static_cast<int>(code);
}

int reportStart(const StartRequest& request, Hooks hooks) {
    Arguments arguments;
    arguments.verb = "start";
    arguments.config = request.config;
    arguments.env = request.env;
    arguments.type = request.type;
    arguments.ids = request.ids;
    arguments.timeout = request.timeout;
    arguments.isQuiet = request.isQuiet;
    Context context(std::move(arguments), withDefaults(std::move(hooks)));
    const auto selection = Selection::parse({}, request.type, request.ids);
    if (!selection) return static_cast<int>(context.fail(selection.error()));
    return static_cast<int>(waitUntilReady(context, *selection, request.timeout));
}

}  // namespace muster::cli
