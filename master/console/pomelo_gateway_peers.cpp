#include "master/console/pomelo_gateway.hpp"

#include <utility>

/// PomeloGateway as the agent sees it: the way out to the peers.
namespace muster {
namespace {

Error noSuch(std::string_view what, std::string_view id) {
    return Error(Errc::UnknownServer, "unknown " + std::string(what) + " id:" + std::string(id));
}

}  // namespace

bool PomeloGateway::has(std::string_view id) const {
    const auto member = members_.find(id);
    return member != members_.end() && member->second.link != nullptr;
}

bool PomeloGateway::hasClient(std::string_view clientId) const {
    return clients_.find(clientId) != clients_.end();
}

Result<void> PomeloGateway::send(std::string_view id, std::string_view moduleId,
                                 const JsonText& body, std::optional<PomeloRequest> request) {
    const auto found = members_.find(id);
    if (found == members_.end() || (!request && found->second.link == nullptr))
        return noSuch("server", id);
    Member& member = found->second;
    if (!request)
        return count(
            member.link->send(pomelo::kMonitorTopic, pomelo::encodeNotify(moduleId, body)));
    PomeloOutbox::Request kept{request->id,
                               pomelo::encodeRequest(std::to_string(request->id), moduleId, body),
                               request->deadline, pomelo::resultSlot(moduleId, body)};
    if (auto room = member.outbox.makeRoom(kept.payload.size(), loop_.now()); !room) return room;
    if (member.link != nullptr)
        if (auto sent = count(member.link->send(pomelo::kMonitorTopic, kept.payload)); !sent)
            return sent;
    member.outbox.keep(std::move(kept));
    return {};
}

std::size_t PomeloGateway::notifyAll(std::string_view serverType, std::string_view moduleId,
                                     const JsonText& body) {
    const std::string payload = pomelo::encodeNotify(moduleId, body);
    std::size_t reached = 0;
    for (auto& entry : members_) {
        const Member& member = entry.second;
        const bool isMeant = serverType.empty() || member.type == serverType;
        if (member.link == nullptr || !isMeant) continue;
        if (count(member.link->send(pomelo::kMonitorTopic, payload))) ++reached;
    }
    return reached;
}

void PomeloGateway::commandAll(std::string_view command, std::string_view moduleId) {
    const std::string payload = pomelo::encodeCommand(command, moduleId);
    for (auto& entry : members_)
        if (entry.second.link != nullptr)
            (void)count(entry.second.link->send(pomelo::kMonitorTopic, payload));
}

Result<void> PomeloGateway::notifyClient(std::string_view clientId, std::string_view moduleId,
                                         const JsonText& body) {
    const auto client = clients_.find(clientId);
    if (client == clients_.end()) return noSuch("client", clientId);
    return count(client->second->send(pomelo::kClientTopic, pomelo::encodeNotify(moduleId, body)));
}

void PomeloGateway::forget(std::string_view id) {
    const auto member = members_.find(id);
    if (member == members_.end()) return;
    if (member->second.link == nullptr)
        members_.erase(member);
    else
        (void)member->second.outbox.clear();  // it is here again: only what was kept is stale
}

void PomeloGateway::displace(std::string_view id) {
    const auto member = members_.find(id);
    if (member == members_.end()) return;
    (void)member->second.outbox.clear();
    Link* const link = member->second.link;
    const auto session = link == nullptr ? sessions_.end() : sessions_.find(link);
    if (session != sessions_.end())
        kickLater(*link, session->second.serial, "a native server holds this id");
}

}  // namespace muster
