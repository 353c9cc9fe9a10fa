#include "app/leader_record.hpp"

#include "common/wire/envelope.hpp"
#include "common/wire/topics.hpp"
#include "muster_version.hpp"

#include <muster/json.hpp>

namespace muster::app {

std::string leaderRecord(const LeaderTerm& term, const std::vector<std::string>& endpoints,
                         WallTime now) {
    nlohmann::ordered_json record;
    record["v"] = wire::kProtocolVersion;
    record["time"] = wire::formatTime(now);
    record["id"] = term.masterId;
    record["epoch"] = term.epoch;
    record["clusterUid"] = term.clusterUid;
    record["since"] = wire::formatTime(term.since);
    record["endpoints"] = endpoints;
    record["protocol"] = wire::kProtocolVersion;
    record["version"] = kVersion;
    return record.dump();
}

}  // namespace muster::app
