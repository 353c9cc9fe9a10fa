#include "players_monitor.hpp"

#include <muster/json.hpp>

namespace players {

void PlayersMonitor::monitorHandler(muster::MonitorAgent& /*agent*/,
                                    const muster::JsonText& message, muster::Reply reply) {
    const auto body = muster::parseJson(message);
    if (!body || !body->is_object() || body->value("op", "") != "count") {
        return reply(muster::Error(muster::Errc::BadMessage, "players knows only op 'count'"));
    }
    reply(muster::jsonText({{"players", count_()}}));
}

void PlayersMonitor::tick(muster::MonitorAgent& agent) {
    agent.notify(id(), muster::jsonText({{"players", count_()}}));
}

}  // namespace players
