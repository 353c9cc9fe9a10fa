#pragma once

#include "common/event_loop.hpp"

#include <muster/master.hpp>
#include <muster/result.hpp>
#include <muster/types.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// The seam between the master's agent and the peers that speak pomelo's framing. Both sides live
/// on the master's thread. Bodies are in their clean form on both sides: results as results,
/// failures as errors; pomelo's quirks stay behind PomeloPeers.
namespace muster {

/// A request's number and the time after which nobody waits for its answer any more.
struct PomeloRequest {
    std::uint64_t id = 0;  // never 0; unique in this master's life
    TimePoint deadline;
};

/// What the agent asks of the gateway. Nothing here calls back before it returns.
class PomeloPeers {
public:
    virtual ~PomeloPeers() = default;
    /// Whether a member of this id is connected now and speaks pomelo.
    virtual bool has(std::string_view id) const = 0;
    /// Whether an admin client of this id is connected now and speaks pomelo.
    virtual bool hasClient(std::string_view clientId) const = 0;
    /// A request (with `request`) or a notify (without). A request to a member that is away for a
    /// moment is kept and sent once when it is back, unless its deadline passed; one that was sent
    /// and not answered before the link was lost is sent once more. UnknownServer if there is
    /// no such member, Limit if its queue is full.
    virtual Result<void> send(std::string_view id, std::string_view moduleId, const JsonText& body,
                              std::optional<PomeloRequest> request) = 0;
    /// A notify to all connected members of `serverType`, or to all if it is empty: written once,
    /// sent to each. How many got it.
    virtual std::size_t notifyAll(std::string_view serverType, std::string_view moduleId,
                                  const JsonText& body) = 0;
    /// "enable" or "disable" of a module to all connected members; without an answer.
    virtual void commandAll(std::string_view command, std::string_view moduleId) = 0;
    /// A notify to an admin client. UnknownServer if there is no such client.
    virtual Result<void> notifyClient(std::string_view clientId, std::string_view moduleId,
                                      const JsonText& body) = 0;
    /// The member left for good: what is kept for it is stale.
    virtual void forget(std::string_view id) = 0;
    /// A native member took the id: who holds it here loses its link, soon.
    virtual void displace(std::string_view id) = 0;
};

/// What the gateway tells the agent (MasterAgentImpl).
class PomeloUpcalls {
public:
    virtual ~PomeloUpcalls() = default;
    /// A member registered (`isReconnect` false) or came back with `reconnect`, after its
    /// acknowledgement was queued. `info.isPomelo` is true, `info.incarnation` empty.
    virtual void onPomeloJoin(ServerInfo info, bool isReconnect) = 0;
    /// Its link is gone. Others are told after the grace time, if it does not come back.
    /// At once if it said goodbye itself (`wasMeant`).
    virtual void onPomeloLeave(std::string_view id, bool wasMeant) = 0;
    /// The answer to PomeloPeers::send's request. Answers to unknown requests are ignored.
    virtual void onPomeloAnswer(std::string_view id, std::uint64_t requestId,
                                Result<JsonText> answer) = 0;
    /// A request of a member to a module, or a notify (`reply` empty).
    virtual void onPomeloMessage(std::string_view id, std::string_view moduleId,
                                 const JsonText& body, Reply reply) = 0;
    /// A request of an admin client to a module, or a notify (`reply` empty). `caller` is what the
    /// connection proved.
    virtual void onPomeloClientMessage(const Caller& caller, std::string_view moduleId,
                                       const JsonText& body, Reply reply) = 0;
    /// "list", "enable" or "disable" from an admin client; `moduleId` may be empty.
    virtual void onPomeloClientCommand(const Caller& caller, std::string_view command,
                                       std::string_view moduleId, Reply reply) = 0;
};

}  // namespace muster
