#pragma once

#include <muster/result.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace muster {

/// JSON as UTF-8 text; "null" or "" both mean: no body.
using JsonText = std::string;

/// Receives the one answer to a request. Calling it a second time has no effect; dropping it
/// without a call answers Errc::Failed ("handler gave no answer").
using Reply = std::function<void(Result<JsonText>)>;

/// What the master knows of a member: a server, a node, or a pomelo peer.
struct ServerInfo {
    std::string id;           // [A-Za-z0-9._-]{1,64}, or a foreign pomelo id
    std::string type;         // server type, e.g. "connector"; "node" for host agents
    std::string host;         // as the server registered it
    int port = 0;             // 0: none
    long pid = 0;             // 0: unknown
    std::string incarnation;  // one life of it; compared by equality only; empty for pomelo peers
    bool isPomelo = false;    // speaks pomelo's framing
    JsonText info = "{}";     // everything it registered with, object
};

/// Periodic call of a module: first after `delay`, then every `interval` (at least 1 s).
struct Schedule {
    std::chrono::seconds interval{300};
    std::chrono::seconds delay{10};
};

}  // namespace muster
