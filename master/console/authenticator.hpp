#pragma once

#include <muster/result.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// What a connection is allowed to be, decided once at its start.
struct Identity {
    enum class Role { Master, Monitor, Admin, Anonymous, Denied };
    Role role = Role::Denied;
    std::string name;        // server id, user name, or "anonymous"; stands in topics
    std::string serverType;  // of a monitor; empty if the token does not tell
    int level = 2;           // of an admin or anonymous
    bool operator==(const Identity&) const = default;
};

/// Checks credentials of MQTT connections and pomelo registrations. Asynchronous: password hashes
/// are computed on a bounded thread of its own. On the owner's loop; `done` is called once.
class Authenticator {
public:
    virtual ~Authenticator() = default;
    /// A native MQTT CONNECT. `username` empty: anonymous. A server's user name is its id and its
    /// password its type's token; an administrator's are those of adminUser.json or the admin
    /// token.
    virtual void authenticate(std::string username, std::string password,
                              std::function<void(Identity)> done) = 0;
    /// Whom a verified certificate's name makes of its owner: "server:<id>", "node:node-<host>" or
    /// "user:<name>"; Denied if there is no such one. No value: the name is of another form, and
    /// user name and password decide.
    virtual std::optional<Identity> certified(std::string_view) const { return std::nullopt; }
    /// A pomelo admin client: clear or md5hex password. No value of level: refused.
    virtual void authenticateUser(std::string username, std::string password, bool isMd5,
                                  std::function<void(Result<int> level)> done) = 0;
    /// A pomelo monitor's token for `serverType`. Constant time.
    virtual bool isValidToken(std::string_view serverType, std::string_view token) const = 0;
    /// Level of a user name known to the configuration (for external brokers, whose ACL has bound
    /// the name to the sender): 1 or 2; "anonymous" is 2; no value: unknown.
    virtual Result<int> levelOf(std::string_view username) const = 0;
};

}  // namespace muster
