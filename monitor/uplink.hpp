#pragma once

#include "common/event_loop.hpp"

#include <muster/types.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// The seam between a monitor's agent and the two ways to a master: MqttUplink (muster's topic
/// tree) and PomeloLink (an original pomelo master). All calls on the monitor's loop.
namespace muster {

/// What a server says of itself.
enum class PresenceState { Online, Ready, Draining, Stopping, Offline };
/// The state's name on the wire, e.g. "ready".
std::string_view stateName(PresenceState state);

/// A request, notify or command from the master.
struct Incoming {
    std::string moduleId;
    std::string command;  // "enable" or "disable"; empty: for the module's handler
    JsonText body;
    std::optional<std::chrono::milliseconds> patience;  // an order's: how long an answer counts
};

/// Why the way to the master is gone.
enum class Loss { Lost, Refused, TakenOver };

/// What became of a message to the master.
enum class Sent {
    Delivered,
    Away,    // nobody was there: worth another try after onMasterSeen()
    Refused  // the broker does not take it from this server, now or later
};

class UplinkObserver {
public:
    virtual ~UplinkObserver() = default;
    virtual void onTransportUp() = 0;
    /// The master knows this server; after each connect. Messages come after it only.
    virtual void onRegistered() = 0;
    virtual void onLost(Loss loss, std::string_view reason) = 0;
    /// A (new) leader showed itself: what came back Away may be sent again.
    virtual void onMasterSeen() = 0;
    /// The leader record was taken away: nobody leads for now.
    virtual void onMasterGone() = 0;
    /// `reply` is empty for a notify or command; else it must be called once, on the loop.
    virtual void onIncoming(Incoming message, Reply reply) = 0;
    virtual void onAnswer(std::uint64_t requestId, Result<JsonText> answer) = 0;
};

class Uplink {
public:
    virtual ~Uplink() = default;
    /// Connects, registers, and does so again after each loss, until leave(). `observer` outlives
    /// the uplink.
    virtual void start(UplinkObserver& observer) = 0;
    virtual void notify(std::string_view moduleId, const JsonText& body,
                        std::function<void(Sent)> done) = 0;
    /// The answer comes by onAnswer() with the same id.
    virtual void request(std::uint64_t id, std::string_view moduleId, const JsonText& body,
                         std::function<void(Sent)> done) = 0;
    /// Told to the master now, and again after each connect.
    virtual void setState(PresenceState state, std::int64_t busy) = 0;
    /// A sample of what this process uses, for whoever looks; where the master's protocol has a
    /// place for it. An object.
    virtual void publishMetric(const JsonText& /*sample*/) {}
    /// A clean goodbye, at most 1 s; then `done`, and no callback afterwards.
    virtual void leave(std::function<void()> done) = 0;
};

}  // namespace muster
