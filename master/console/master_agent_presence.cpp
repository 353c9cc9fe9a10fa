#include "common/log.hpp"
#include "common/wire/json_scanner.hpp"
#include "master/console/master_agent.hpp"

#include <utility>

#include <fmt/format.h>

/// MasterAgentImpl's knowledge of who is there: by presence records and by pomelo's connections.
namespace muster {
namespace {

constexpr std::string_view kLog = "agent";
constexpr std::string_view kNodeType = "node";
constexpr std::string_view kNodePrefix = "node-";

std::string_view eventKind(MemberEvent event) {
    switch (event) {
        case MemberEvent::Registered: return "registered";
        case MemberEvent::Reconnected: return "reconnected";
        case MemberEvent::Disconnected: break;
    }
    return "disconnected";
}

JsonText eventBody(const ServerInfo& server) {
    std::string body = R"({"type":)";
    wire::appendJsonString(body, server.type);
    body += R"(,"host":)";
    wire::appendJsonString(body, server.host);
    fmt::format_to(std::back_inserter(body), R"(,"port":{},"pid":{},"pomelo":{},"incarnation":)",
                   server.port, server.pid, server.isPomelo);
    wire::appendJsonString(body, server.incarnation);
    body += '}';
    return body;
}

}  // namespace

void MasterAgentImpl::onPresenceMessage(std::string_view level, const mqtt::Message& message) {
    const auto id = wire::percentDecode(level);
    if (!id) return;
    if (message.payload.empty()) {
        hearsay_.erase(*id);
        members_.erased(*id, loop_.now());
        return armMembers();
    }
    if (isOwnPomeloRecord(*id, message.payload)) return;
    auto presence = decodePresence(*id, message.payload);
    if (!presence) {
        ++counters_.badMessages;
        if (mayWarn()) log::warn(kLog, "{}", presence.error().detail());
        return;
    }
    if (presence->server.isPomelo)
        return onForeignPomeloPresence(presence->server, presence->state);
    if (authenticator_.levelOf(*id)) {
        if (mayWarn()) log::warn(kLog, "presence of {} ignored: it is a user's name", *id);
        return;
    }
    // Nodes are believed what they report; only their names are bound to the node token.
    if ((presence->server.type == kNodeType) != id->starts_with(kNodePrefix)) {
        ++counters_.badMessages;
        if (mayWarn())
            log::warn(kLog, "presence of {} ignored: type node and names with node- go together",
                      *id);
        return;
    }
    // What the broker kept may be of one who died while nobody listened: he has to say it himself.
    if (message.retain && presence->state != "offline") return takeHearsay(presence->server);
    hearsay_.erase(*id);
    apply(members_.presence(*std::move(presence), loop_.now()));
    if (const Member* member = members_.find(*id))
        for (const auto& listener : presenceListeners_) listener(*member);
}

/// What the leader wrote of a pomelo peer comes back to it, once for each registration.
bool MasterAgentImpl::isOwnPomeloRecord(std::string_view id, std::string_view payload) const {
    const Member* member = members_.find(id);
    if (member == nullptr || !member->server.isPomelo) return false;
    const auto isPomelo = wire::findMember(payload, "pomelo");
    return isPomelo && isPomelo->text == "true";
}

/// The leader writes these records itself. One that an earlier leader left behind is corrected.
void MasterAgentImpl::onForeignPomeloPresence(const ServerInfo& server, std::string_view state) {
    const Member* member = members_.find(server.id);
    if (epoch_ < 1 || state == "offline" || (member != nullptr && member->server.isPomelo)) return;
    publishPresence(server, "offline");
}

void MasterAgentImpl::publishPresence(const ServerInfo& server, std::string_view state) {
    if (!isConnected_) return;
    mqtt::Message message;
    message.topic = topics_.presence(wire::percentEncode(server.id));
    message.payload = encodePresence(server, state, loop_.wallTime());
    message.qos = 1;
    message.retain = true;
    client_.publish(std::move(message));
}

/// Of native members each says its own; a broker that came back empty has none.
void MasterAgentImpl::republishPomelo() {
    if (members_.pomeloMembers() == 0) return;
    for (const ServerInfo& server : members_.servers())
        if (server.isPomelo) publishPresence(server, "online");
}

/// Everybody hears the leader record that is published now, and says his presence again.
void MasterAgentImpl::doubtMembers() {
    members_.doubtAll();
    if (members_.doubted() > 0) armDoubts();
}

void MasterAgentImpl::takeHearsay(const ServerInfo& server) {
    if (hearsay_.size() >= MemberTable::kMaxMembers) return;
    hearsay_.insert_or_assign(server.id, server);
    armDoubts();
}

void MasterAgentImpl::armDoubts() {
    if (doubtTimer_ != 0 || isStopped_) return;
    doubtTimer_ = loop_.after(patience_, [this] {
        doubtTimer_ = 0;
        apply(members_.dropDoubted());
        sweepHearsay();
    });
}

/// Records of members that are no more: what their wills would have said, had the broker lived.
void MasterAgentImpl::sweepHearsay() {
    for (const auto& [id, server] : std::exchange(hearsay_, {})) {
        // Who is known has said something since, which stands there now.
        if (epoch_ < 1 || members_.find(id) != nullptr) continue;
        log::info(kLog, "{} did not say its presence again: it is gone", id);
        publishPresence(server, "offline");
    }
}

void MasterAgentImpl::forgetHearsay() {
    hearsay_.clear();
    if (doubtTimer_ != 0) loop_.cancel(std::exchange(doubtTimer_, 0));
}

void MasterAgentImpl::cutOff(const std::set<std::string>& ids) {
    for (const std::string& id : ids) {
        const Member* member = members_.find(id);
        if (member == nullptr || member->server.isPomelo || member->isAway()) continue;
        log::info(kLog, "{} lost its rights", id);
        publishPresence(member->server, "offline");
        members_.erased(id, loop_.now());
    }
    armMembers();
}

void MasterAgentImpl::clearMetric(const std::string& id) {
    if (!isConnected_) return;
    mqtt::Message message;
    message.topic = topics_.metric(id);
    message.retain = true;
    client_.publish(std::move(message));
}

void MasterAgentImpl::apply(const MemberChanges& changes) {
    for (const MemberChange& change : changes) tell(change);
    armMembers();
}

void MasterAgentImpl::tell(const MemberChange& change) {
    const ServerInfo& server = change.server;
    if (!server.isPomelo)  // of those the gateway says it, with the address
        log::info(kLog, "{} {} ({}, pid {})", server.id, eventKind(change.event), server.type,
                  server.pid);
    const bool isGone = change.event == MemberEvent::Disconnected;
    const Member* next = members_.find(server.id);
    // A native server showed a token for this id; who was here under it may have shown none.
    const bool isDisplaced = isGone && server.isPomelo && next && !next->server.isPomelo;
    if (isGone) {
        if (isDisplaced && pomelo_ != nullptr)
            pomelo_->displace(server.id);
        else if (server.isPomelo && pomelo_ != nullptr && !pomelo_->has(server.id))
            pomelo_->forget(server.id);
        for (const Reply& reply : requests_.takeOwner(server.id))
            reply(Error(Errc::Closed, fmt::format("{} left", server.id)));
    }
    if (isGone && !server.isPomelo) clearMetric(server.id);
    publishEvent(eventKind(change.event), server.id, eventBody(server));
    if (server.isPomelo && !isDisplaced) publishPresence(server, isGone ? "offline" : "online");
    for (std::size_t i = 0; i < memberListeners_.size(); ++i)
        memberListeners_[i](change.event, server);
}

void MasterAgentImpl::armMembers() {
    if (memberTimer_ != 0) loop_.cancel(std::exchange(memberTimer_, 0));
    const auto next = members_.nextLeave();
    if (!next || isStopped_) return;
    const auto wait = std::max(*next - loop_.now(), TimePoint::duration::zero());
    memberTimer_ = loop_.after(std::chrono::ceil<std::chrono::milliseconds>(wait), [this] {
        memberTimer_ = 0;
        apply(members_.tick(loop_.now()));
    });
}

void MasterAgentImpl::onPomeloJoin(ServerInfo info, bool isReconnect) {
    apply(members_.join(std::move(info), isReconnect));
}

void MasterAgentImpl::onPomeloLeave(std::string_view id, bool wasMeant) {
    apply(members_.leave(id, loop_.now(), wasMeant));
}

}  // namespace muster
