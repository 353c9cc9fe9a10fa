#include "console/context.hpp"

#include "console/endpoint.hpp"
#include "console/output/safe_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace muster::cli {

Context::Context(Arguments arguments, Hooks hooks)
    : arguments_(std::move(arguments)),
      hooks_(std::move(hooks)),
      terminal_(hooks_.terminal ? *hooks_.terminal : detectTerminal(arguments_.isColourless)) {
    // A little less than was given, so that the program has ended by then.
    if (!arguments_.timeout) return;
    limitTo(*arguments_.timeout -
            std::min(*arguments_.timeout / 10, std::chrono::milliseconds(100)));
}

std::chrono::milliseconds Context::left(std::chrono::milliseconds span) const {
    if (!end_) return span;
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(*end_ - hooks_.now());
    return std::max(std::chrono::milliseconds(1), std::min(span, rest));
}

Result<Admin*> Context::admin(std::function<void()> onClosed) {
    if (admin_) return admin_.get();
    auto endpoint = resolveEndpoint(arguments_, hooks_);
    if (!endpoint) return endpoint.error();
    hasToken_ = arguments_.user.empty() && hooks_.environment("MUSTER_USER").empty() &&
                !endpoint->username.empty();
    endpoint->timeout = left(endpoint->timeout);
    auto connected = hooks_.connect(*endpoint, std::move(onClosed));
    if (connected) {
        admin_ = std::move(*connected);
        return admin_.get();
    }
    const Error& why = connected.error();
    isMasterSilent_ = why.code() == Errc::Timeout;
    if (isMasterSilent_)
        return Error(Errc::Closed, fmt::format("no master answers at {} ({}): is it frozen, or is "
                                               "something else there?",
                                               endpoint->url, why.detail()));
    if (why.code() != Errc::Closed) return why;
    return Error(Errc::Closed, fmt::format("no master answers at {} ({}): is it running? "
                                           "'muster start -c CONFIG' starts one",
                                           endpoint->url, why.detail()));
}

Result<JsonText> Context::ask(std::string_view moduleId, JsonText body) {
    return ask(moduleId, std::move(body), std::chrono::seconds(10));
}

Result<JsonText> Context::ask(std::string_view moduleId, JsonText body,
                              std::chrono::milliseconds timeout) {
    auto client = admin();
    if (!client) return client.error();
    return (*client)->request(moduleId, std::move(body), left(timeout));
}

Result<ServerList> Context::servers() {
    auto answer = ask("supervisor", R"({"op":"list"})");
    if (!answer) return answer.error();
    return parseServerList(*answer);
}

void Context::say(std::string_view text) {
    std::lock_guard lock(talk_);
    if (!arguments_.isQuiet) err() << safeText(text) << '\n' << std::flush;
}

ExitCode Context::fail(const Error& error) {
    std::string detail =
        error.detail().empty() ? std::string(errcName(error.code())) : error.detail();
    const bool isAnonymous = arguments_.user.empty() && hooks_.environment("MUSTER_USER").empty();
    std::string_view hint;
    if (error.code() == Errc::Denied && isAnonymous) {
        hint = hasToken_ ? " (with the token of this configuration: does the master of another "
                           "cluster have this port? With --cert, -u says whom it names)"
                         : " (log in with -u, or let -c find the admin token)";
    }
    return fail(exitCodeOf(error.code()), detail.append(hint));
}

ExitCode Context::fail(ExitCode code, std::string_view text) {
    std::lock_guard lock(talk_);
    err() << "muster: " << safeText(text) << '\n' << std::flush;
    return code;
}

}  // namespace muster::cli
