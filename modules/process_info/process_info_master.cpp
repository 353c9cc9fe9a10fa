#include "modules/process_info/process_info_master.hpp"

#include "common/wire/json_scanner.hpp"

namespace muster::modules {

void ProcessInfoMaster::tick(MasterAgent& agent) {
    (void)agent.notifyAll(id(), {});  // nobody there: nothing to ask
}

void ProcessInfoMaster::masterHandler(MasterAgent& /*agent*/, const ServerInfo& from,
                                      const JsonText& message, Reply reply) {
    const auto taken = samples_.take(from, message);
    reply(taken ? Result<JsonText>(JsonText("null")) : Result<JsonText>(taken.error()));
}

void ProcessInfoMaster::clientHandler(MasterAgent& /*agent*/, const Caller& /*caller*/,
                                      const JsonText& /*message*/, Reply reply) {
    std::string map = "{";
    for (const auto& [serverId, sample] : samples_.all()) {
        if (map.size() > 1) map += ',';
        wire::appendJsonString(map, serverId);
        map += ':';
        map += sample;
    }
    reply(map + "}");
}

}  // namespace muster::modules
