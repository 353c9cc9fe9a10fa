#pragma once

#include "master/mqtt/access_control.hpp"

#include <string_view>

namespace muster::mqtt {

/// Told of what an operator may want to know. On the broker's thread, in the middle of its work:
/// an implementation logs, counts or posts, and never calls the broker back at once.
class BrokerObserver {
public:
    virtual ~BrokerObserver() = default;
    virtual void clientConnected(std::string_view /*clientId*/, const ClientIdentity&,
                                 std::string_view /*peer*/) {}
    /// `reason` in words. Not called for links of a foreign protocol.
    virtual void clientDisconnected(std::string_view /*clientId*/, const ClientIdentity&,
                                    std::string_view /*reason*/) {}
    /// A connection was turned away or broke the protocol.
    virtual void connectionRefused(std::string_view /*peer*/, std::string_view /*clientId*/,
                                   ReasonCode, std::string_view /*why*/) {}
    /// A client wanted what it has no right to: `wish` is "publish to" or "subscribe to". Called
    /// each time, so it must be quick.
    virtual void accessDenied(const ClientIdentity&, std::string_view /*wish*/,
                              std::string_view /*topic*/) {}
    /// Messages for `clientId` are lost at a bound. Called at most every 10 s for each.
    virtual void messageDropped(std::string_view /*clientId*/, std::string_view /*why*/) {}
};

}  // namespace muster::mqtt
