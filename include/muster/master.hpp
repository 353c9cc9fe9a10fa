#pragma once

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a master-side admin module is written against: std only, C++17.
namespace muster {

/// Who asks, as the connection's identity says; never taken from a message body.
struct Caller {
    std::string name;      // user name; "anonymous" without one
    std::string clientId;  // connection or reply address; unique among the connected
    int level = 2;         // 1 may change the cluster, 2 may look
};

/// Whether a server joined, came back, or left (pomelo-admin's console events).
enum class MemberEvent { Registered, Reconnected, Disconnected };

/// The master's door to its members. All calls and callbacks on the master's thread.
/// Mirrors pomelo-admin's MasterAgent (lib/master/masterAgent.js).
class MasterAgent {
public:
    virtual ~MasterAgent() = default;

    /// Connected servers and nodes, by id in order.
    virtual std::vector<ServerInfo> servers() const = 0;
    virtual std::optional<ServerInfo> server(std::string_view serverId) const = 0;

    /// Asks `moduleId`'s monitorHandler at `serverId`. `done` is called exactly once: the answer,
    /// the module's error, UnknownServer at once, Closed if it leaves, or Timeout.
    virtual void request(std::string_view serverId, std::string_view moduleId, JsonText body,
                         Reply done,
                         std::chrono::milliseconds timeout = std::chrono::seconds(10)) = 0;
    /// The same, only if that server registered with this host and port; else UnknownServer.
    virtual void requestServer(std::string_view serverId, std::string_view host, int port,
                               std::string_view moduleId, JsonText body, Reply done,
                               std::chrono::milliseconds timeout = std::chrono::seconds(10)) = 0;

    /// Without an answer. UnknownServer if nobody is addressed; Limit if it was not taken because
    /// a queue is full: the receiver's, or, of several, that of one of them. Try again a little
    /// later.
    virtual Result<void> notifyById(std::string_view serverId, std::string_view moduleId,
                                    JsonText body) = 0;
    virtual Result<void> notifyByServer(std::string_view serverId, std::string_view host, int port,
                                        std::string_view moduleId, JsonText body) = 0;
    virtual Result<void> notifyByType(std::string_view serverType, std::string_view moduleId,
                                      JsonText body) = 0;
    virtual Result<void> notifyAll(std::string_view moduleId, JsonText body) = 0;
    virtual Result<void> notifyClient(std::string_view clientId, std::string_view moduleId,
                                      JsonText body) = 0;
    /// Sends the command "enable" or "disable" for a module to every member.
    virtual Result<void> notifyCommand(std::string_view command, std::string_view moduleId) = 0;

    /// Per-module value store (pomelo's agent.set/get). get: "null" when absent.
    virtual void set(std::string_view moduleId, JsonText value) = 0;
    virtual JsonText get(std::string_view moduleId) const = 0;

    /// Calls `listener` on every member event until the master stops.
    virtual void onMember(std::function<void(MemberEvent, const ServerInfo&)> listener) = 0;
    /// Publishes `body` (an object) below muster/<cluster>/event/<kind>/<id>, not retained.
    virtual void publishEvent(std::string_view kind, std::string_view id, JsonText body) = 0;
};

/// The half of an admin module that lives in the master. Override only the doors it needs.
/// All calls on the master's thread; none may block. Exceptions become Errc::Failed answers.
class AdminModule {
public:
    virtual ~AdminModule() = default;
    /// Stable name, 1 to 64 bytes; ids of the form __name__ are hidden from `list`.
    virtual std::string_view id() const = 0;
    /// Ask for tick() by time (pomelo's type 'pull').
    virtual std::optional<Schedule> pull() const { return std::nullopt; }
    /// Level a caller of clientHandler must have for `message`; 2 = look, 1 = change. The default
    /// is the careful one.
    virtual int requiredLevel(const JsonText& /*message*/) const { return 1; }
    /// Called once, when the console is up.
    virtual void start(MasterAgent& /*agent*/) {}
    virtual void stop() {}
    /// A request or notify from a monitor. Call `reply` once (a no-op for a notify).
    virtual void masterHandler(MasterAgent& agent, const ServerInfo& from, const JsonText& message,
                               Reply reply);
    /// A request or notify from an admin client. Call `reply` once.
    virtual void clientHandler(MasterAgent& agent, const Caller& caller, const JsonText& message,
                               Reply reply);
    virtual void tick(MasterAgent& /*agent*/) {}
};

/// What a client shows who connects under a user name that the configuration does not know.
struct Login {
    std::string username;  // [A-Za-z0-9._-]{1,64}; not "admin", nor a configured one's, nor node-*
    std::string password;  // a secret: never log it; up to 1024 bytes
};

/// What becomes of it. `Unknown`: no business of the hook's; it may still be a server that shows
/// the servers' token. Nobody is let in under the name of a server that is known or connected.
enum class LoginVerdict { Unknown, Refused, MayLook, MayChange };

/// One's own way to tell users, e.g. from a directory of the company. Called on the master's
/// thread, so it must not block; `answer` may be called later and on any thread, once; calls after
/// the first, or after the connection's deadline (10 s), have no effect. An exception refuses.
using LoginHook = std::function<void(const Login& login, std::function<void(LoginVerdict)> answer)>;

/// What a program of one's own adds to muster. Each run of a master asks `modules` once for fresh
/// ones; they come before the built-in modules, and one with a built-in's id replaces it, except
/// the supervisor. `login` is asked by the embedded broker only.
struct ProgramExtensions {
    std::function<std::vector<std::unique_ptr<AdminModule>>()> modules = {};
    LoginHook login = {};
};

/// The muster program with extensions: call it from main(). Returns the exit status
/// (docs/commands/README.md).
int runProgram(int argc, char** argv, ProgramExtensions extensions);
/// The same with modules alone.
int runProgram(int argc, char** argv,
               std::function<std::vector<std::unique_ptr<AdminModule>>()> modules = {});

}  // namespace muster
