#pragma once

#include "console/admin.hpp"
#include "console/output/terminal.hpp"

#include <muster/result.hpp>

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The command line of muster: everything that is a client of a master.
namespace muster::cli {

/// `muster start` while no master answers: what the program shall run itself.
struct StartRequest {
    std::string config;            // a path as config::load takes it
    std::string env;               // empty: from the environment
    std::string type;              // only servers of this type; empty: all
    std::vector<std::string> ids;  // only these; empty: all
    std::chrono::milliseconds timeout{60'000};
    bool isQuiet = false;
};

/// The secrets of a state directory, as `muster broker passwd` prints them; empty: there is none.
struct StateTokens {
    std::string admin, node, server;
};

/// What the command line needs from outside. main() fills in what only the whole program has;
/// tests fill in all of it.
struct Hooks {
    std::ostream* out = nullptr;       // data; default std::cout
    std::ostream* err = nullptr;       // talk; default std::cerr
    std::optional<Terminal> terminal;  // default: detected
    /// Default: connectAdmin().
    std::function<Result<std::unique_ptr<Admin>>(const Endpoint&, std::function<void()> onClosed)>
        connect;
    /// Runs a master in the foreground until it is ended; its value becomes the exit status. No
    /// value: another one leads here already, as was said. Without this hook, `start` says that no
    /// master answers.
    std::function<std::optional<int>(const StartRequest&)> runMaster;
    /// Makes or reads the tokens of a state directory; default: reads what is there.
    std::function<Result<StateTokens>(const std::string& stateDirectory)> tokens;
    /// A line typed at the terminal, without echo if `isSecret`; no value: there is no terminal.
    std::function<std::optional<std::string>(std::string_view prompt, bool isSecret)> ask;
    /// Waits between two looks; default: poll(2).
    std::function<void(std::chrono::milliseconds)> pause;
    /// The time, for deadlines; default: the steady clock.
    std::function<std::chrono::steady_clock::time_point()> now;
    /// Asked between two looks: true ends the wait early. Default: never.
    std::function<bool()> isOver;
    /// Environment variable, or empty; default: getenv.
    std::function<std::string(const char* name)> environment;
};

/// Runs one command line; returns the exit status (docs/commands/README.md). Throws nothing that
/// a user's input can cause.
int runCli(int argc, const char* const* argv, Hooks hooks);

/// Follows a start from beside the master that does it (another thread of the same program):
/// waits until the selected servers are ready, telling each change on `hooks.err`, then says how it
/// went. The exit status that `muster start` would have.
int reportStart(const StartRequest& request, Hooks hooks);

}  // namespace muster::cli
