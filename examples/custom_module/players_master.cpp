#include "players_master.hpp"

#include <muster/json.hpp>

namespace players {

void PlayersMaster::start(muster::MasterAgent& agent) {
    agent.onMember([this](muster::MemberEvent event, const muster::ServerInfo& server) {
        if (event == muster::MemberEvent::Disconnected) players_.erase(server.id);
    });
}

void PlayersMaster::masterHandler(muster::MasterAgent& /*agent*/, const muster::ServerInfo& from,
                                  const muster::JsonText& message, muster::Reply reply) {
    const auto body = muster::parseJson(message);
    if (!body || !body->is_object() || !body->contains("players") ||
        !body->at("players").is_number_integer()) {
        return reply(muster::Error(muster::Errc::BadMessage, "expected a number of players"));
    }
    players_[from.id] = body->at("players").get<int>();
    reply(muster::JsonText("null"));
}

void PlayersMaster::clientHandler(muster::MasterAgent& /*agent*/, const muster::Caller& /*caller*/,
                                  const muster::JsonText& /*message*/, muster::Reply reply) {
    int total = 0;
    for (const auto& [server, count] : players_) total += count;
    reply(muster::jsonText({{"total", total}, {"servers", players_}}));
}

}  // namespace players
