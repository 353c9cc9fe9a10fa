#pragma once

#include "master/mqtt/packet.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::mqtt {

/// Who a connection is, decided once at CONNECT. The broker compares `name` only (a session belongs
/// to the name that made it); `role` and `group` mean something to the AccessControl alone.
struct ClientIdentity {
    std::string name;
    int role = 0;
    std::string group;
    bool operator==(const ClientIdentity&) const = default;
};

/// Whom a client's certificate names, after TLS has verified it: its chain leads to the listener's
/// clientCa, and its key is the client's. As text of UTF-8 without U+0000.
struct ClientCertificate {
    std::string commonName;                     // of the subject; empty unless there is exactly one
    std::vector<std::string> alternativeNames;  // "DNS:…", "URI:…", "email:…"; at most 100
    bool operator==(const ClientCertificate&) const = default;
};

/// What a client showed in its CONNECT. `password` is a secret: never log it.
struct Credentials {
    std::string clientId;  // as sent; may be empty
    std::optional<std::string> username;
    std::optional<std::string> password;
    Version version = Version::V5;
    std::string peer;      // remote address and port
    std::string listener;  // name of the listener it came through
    std::optional<ClientCertificate> certificate = std::nullopt;
};

/// `code` Success with an identity, or why not: BadUserNameOrPassword, NotAuthorized,
/// ClientIdentifierNotValid, ServerBusy, Banned, ... (3.x clients get the nearest return code).
struct AuthResult {
    ReasonCode code = ReasonCode::NotAuthorized;
    ClientIdentity identity{};
    std::string detail{};  // for the log
};

/// Who may connect, write and read. All calls on the broker's thread. Outlives the broker.
class AccessControl {
public:
    virtual ~AccessControl() = default;
    /// Calls `done` once, inline or later, on the broker's thread. An answer after the connection's
    /// deadline is ignored. It should refuse a client id that belongs to somebody else by
    /// convention, since the first who uses an id owns it.
    virtual void authenticate(Credentials credentials, std::function<void(AuthResult)> done) = 0;
    /// Asked for every PUBLISH and for a will when it is published.
    virtual bool mayPublish(const ClientIdentity& identity, std::string_view topic) const = 0;
    /// Asked for every delivery to every receiver, retained messages included: keep it quick.
    virtual bool mayRead(const ClientIdentity& identity, std::string_view topic) const = 0;
    /// False for a filter that can never match anything readable. `filter` is without $share/NAME/.
    virtual bool maySubscribe(const ClientIdentity& identity, std::string_view filter) const = 0;
    /// Whether who got this identity in an earlier process could still get it. Asked for sessions
    /// that a store brings back; those of others end, without their wills.
    virtual bool isStillGranted(const ClientIdentity&) const { return true; }
    /// Response Information for clients that ask (MQTT 5, 3.2.2.3.15); empty: none.
    virtual std::string responseInformation(const ClientIdentity&) const { return {}; }
};

}  // namespace muster::mqtt
