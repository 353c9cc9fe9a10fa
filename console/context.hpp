#pragma once

#include "console/admin.hpp"
#include "console/arguments.hpp"
#include "console/cli.hpp"
#include "console/exit_code.hpp"
#include "console/output/terminal.hpp"
#include "console/selection.hpp"
#include "console/server_row.hpp"

#include <muster/result.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace muster::cli {

/// One running command: its arguments, where it prints, and its connection, made when first
/// needed. Lives on main()'s thread.
class Context {
public:
    Context(Arguments arguments, Hooks hooks);

    const Arguments& args() const { return arguments_; }
    const Terminal& terminal() const { return terminal_; }
    const Hooks& hooks() const { return hooks_; }
    std::ostream& out() { return *hooks_.out; }
    std::ostream& err() { return *hooks_.err; }

    /// The connected client; connects on first use. Closed: nobody answers.
    Result<Admin*> admin(std::function<void()> onClosed = {});
    /// Whether the last attempt met somebody who accepts connections and says nothing.
    bool isMasterSilent() const { return isMasterSilent_; }
    /// Forgets a connection that was lost; the next call makes a new one.
    void disconnect() { admin_.reset(); }
    /// Asks a module; waits 10 s or `timeout`, within what is left of the call.
    Result<JsonText> ask(std::string_view moduleId, JsonText body);
    Result<JsonText> ask(std::string_view moduleId, JsonText body,
                         std::chrono::milliseconds timeout);
    Result<ServerList> servers();

    std::chrono::milliseconds timeoutOr(std::chrono::milliseconds otherwise) const {
        return arguments_.timeout.value_or(otherwise);
    }
    /// The call as a whole shall not last longer from now on: every later wait is cut to that.
    void limitTo(std::chrono::milliseconds span) { end_ = hooks_.now() + span; }
    /// What is left for one wait of at most `span`; never less than a millisecond.
    std::chrono::milliseconds left(std::chrono::milliseconds span) const;
    /// Talk on stderr: `text` is made safe; nothing with -q. From any thread.
    void say(std::string_view text);
    /// An error on stderr, and the exit status it has.
    ExitCode fail(const Error& error);
    ExitCode fail(ExitCode code, std::string_view text);

private:
    Arguments arguments_;
    Hooks hooks_;
    Terminal terminal_;
    std::mutex talk_;  // stderr: the client's thread tells progress
    std::optional<std::chrono::steady_clock::time_point> end_;
    bool isMasterSilent_ = false;
    bool hasToken_ = false;  // asks with the admin token that the configuration led to
    std::unique_ptr<Admin> admin_;
};

}  // namespace muster::cli
