#pragma once

#include "monitor/uplink.hpp"

#include <muster/monitor.hpp>
#include <muster/types.hpp>

#include <string>

namespace muster {

/// Who this monitor is, and where its master is: what both uplinks need of MonitorOptions.
struct MonitorIdentity {
    ServerInfo self;  // self.info holds id, serverType, host, port, pid and the user's own
    JsonText info;    // the user's own alone
    std::string token;
    std::string url;
    std::string cluster;
    std::string caFile, certFile, keyFile;
};

/// Checks `options` and makes an MonitorIdentity with a fresh incarnation. BadMessage names the
/// option.
Result<MonitorIdentity> makeIdentity(const MonitorOptions& options);

/// A presence record (docs/protocol.md, Presence), with the time of `now`.
std::string presenceJson(const MonitorIdentity& identity, PresenceState state, std::int64_t busy,
                         WallTime now);
/// A metric record of `sample`, a JSON object, with the time of `now`; empty if it is none.
std::string metricJson(const JsonText& sample, WallTime now);

}  // namespace muster
