#pragma once

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace muster {

/// Which servers an operation is for: ids, or a type, or all (both empty).
struct Selection {
    std::vector<std::string> ids;
    std::string type;
};

/// How an operation ended for one server.
struct ServerOutcome {
    std::string id;
    enum class Kind { Done, AlreadyThere, Failed, UnknownServer, TimedOut, Refused } kind;
    std::string detail;
};

using OutcomesReply = std::function<void(std::vector<ServerOutcome>)>;
/// The ids of the servers that were added.
using AddReply = std::function<void(Result<std::vector<std::string>>)>;

/// What the console module asks of supervision. Implemented by modules/supervisor's master half;
/// on the master's thread. Each reply is called once, at the latest after `timeout`.
class ServerControl {
public:
    virtual ~ServerControl() = default;
    virtual bool isManaged(const std::string& serverId) const = 0;
    virtual void start(Selection selection, std::chrono::milliseconds timeout,
                       OutcomesReply done) = 0;
    /// Stops and keeps stopped. In reverse dependency order.
    virtual void stop(Selection selection, std::chrono::milliseconds timeout,
                      OutcomesReply done) = 0;
    virtual void restart(Selection selection, std::chrono::milliseconds timeout,
                         OutcomesReply done) = 0;
    /// SIGKILL to the whole group, at once; keeps stopped.
    virtual void kill(Selection selection, std::chrono::milliseconds timeout,
                      OutcomesReply done) = 0;
    /// Adds and starts servers described by a servers.json entry (with serverType, and clusterCount
    /// and "++" ports if wanted). `done` is called once they are in the store, or with why nothing
    /// was added: BadMessage says what is missing, Conflict which one exists.
    virtual void add(JsonText entry, AddReply done) = 0;
};

}  // namespace muster
