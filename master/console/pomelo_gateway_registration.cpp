#include "common/log.hpp"
#include "master/console/pomelo_gateway.hpp"

#include <utility>

namespace muster {
namespace {

// The sentences of pomelo-admin lib/master/masterAgent.js, which its users' scripts look for.
constexpr std::string_view kServerRefused = "server auth failed";
constexpr std::string_view kUnknownType = "unknown auth master type";
constexpr std::string_view kNoUsername = "client should auth with username";
constexpr std::string_view kClientRefused = "client auth failed with username or password error";

std::string idInUse(std::string_view id) {
    return "id has been registered. id:" + std::string(id);
}

}  // namespace

void PomeloGateway::registerPeer(Link& link, Session& session, std::string_view payload,
                                 bool isReconnect) {
    auto registration = pomelo::decodeRegistration(payload);
    if (!registration) {
        ++counters_.malformed;
        if (refusals_.allows(loop_.now()))
            log::warn("pomelo", "registration from {} is malformed: {}{}", link.peer(),
                      registration.error().detail(), refusals_.note());
        return kick(link, session, "malformed registration");
    }
    using Kind = pomelo::Registration::Kind;
    if (registration->kind == Kind::Monitor)
        return registerMonitor(link, session, *registration, isReconnect);
    // A client has no reconnect: whoever asks for one wants a role without showing a password.
    if (registration->kind == Kind::Client && !isReconnect)
        return registerClient(link, session, *std::move(registration));
    refuse(link, session, isReconnect, kUnknownType);
}

void PomeloGateway::registerMonitor(Link& link, Session& session,
                                    const pomelo::Registration& monitor, bool isReconnect) {
    ServerInfo info = pomelo::serverInfo(monitor);
    auto record = recordOf(monitor, link.peer());
    const bool isAllowed = isReconnect
                               ? isKnown(monitor, record)
                               : authenticator_.isValidToken(monitor.serverType, monitor.token);
    if (!isAllowed || (options_.mayJoin && !options_.mayJoin(info)))
        return refuse(link, session, isReconnect, kServerRefused);
    if (!hasRoomFor(monitor.id)) return refuse(link, session, isReconnect, "too many servers");
    // Acknowledged only when it is kept: the acknowledged one may come back by `reconnect`.
    session.state = Session::State::Checking;
    auto done = [this, alive = std::weak_ptr<bool>(alive_), at = &link, serial = session.serial,
                 info = std::move(info), isReconnect] {
        if (alive.expired()) return;
        Session* found = find(*at, serial);
        if (found == nullptr || found->state != Session::State::Checking) return;
        // Somebody else may have taken the id while it was written.
        if (options_.mayJoin && !options_.mayJoin(info))
            return refuse(*at, *found, isReconnect, kServerRefused);
        admit(*at, *found, info, isReconnect);
    };
    registrations_.remember(monitor.id, std::move(record), std::move(done));
}

bool PomeloGateway::isKnown(const pomelo::Registration& monitor,
                            const PomeloRegistrationRecord& record) const {
    if (options_.policy.reconnect != config::PomeloPolicy::Reconnect::Known) return false;
    const auto known = registrations_.find(monitor.id);
    return known && *known == record;
}

bool PomeloGateway::hasRoomFor(std::string_view id) {
    if (members_.size() < options_.maxMembers || members_.contains(id)) return true;
    std::erase_if(members_, [](const auto& entry) { return entry.second.link == nullptr; });
    return members_.size() < options_.maxMembers;
}

Link* PomeloGateway::takePlace(Link& link, Member& member) {
    Link* previous = std::exchange(member.link, &link);
    if (previous == nullptr) return nullptr;
    ++counters_.takenOver;
    const auto session = sessions_.find(previous);
    if (session != sessions_.end()) session->second.state = Session::State::Closing;
    return previous;
}

void PomeloGateway::admit(Link& link, Session& session, ServerInfo info, bool isReconnect) {
    const std::string id = info.id;
    Member& member = members_.try_emplace(id, Member{nullptr, {}, 0, PomeloOutbox(options_.outbox)})
                         .first->second;
    Link* previous = takePlace(link, member);
    // Another process under the same id must not be told what was meant for the one before.
    const bool isSameLife = isReconnect || (info.pid != 0 && info.pid == member.pid);
    const auto stale = isSameLife ? std::vector<std::uint64_t>() : member.outbox.clear();
    member.type = info.type;
    member.pid = info.pid;
    session.state = Session::State::Monitor;
    session.id = id;
    session.member = &member;
    ++(isReconnect ? counters_.reconnected : counters_.registered);
    // The acknowledgement first: a monitor drops what comes on "monitor" before it.
    const auto topic = isReconnect ? pomelo::kReconnectOkTopic : pomelo::kRegisterTopic;
    (void)count(link.send(topic, pomelo::encodeAck({})));
    for (const auto& payload : member.outbox.comeBack(loop_.now())) {
        ++counters_.repushed;
        (void)count(link.send(pomelo::kMonitorTopic, payload));
    }
    log::info("pomelo", "server '{}' {} from {}", id, isReconnect ? "came back" : "registered",
              link.peer());
    for (const auto request : stale)
        upcalls_->onPomeloAnswer(id, request, Error(Errc::Closed, "the server was started anew"));
    upcalls_->onPomeloJoin(std::move(info), isReconnect);
    if (previous != nullptr) previous->close("taken over by a newer connection of the same id");
}

void PomeloGateway::registerClient(Link& link, Session& session, pomelo::Registration client) {
    if (client.username.empty()) return refuse(link, session, false, kNoUsername);
    if (clients_.contains(client.id)) return refuse(link, session, false, idInUse(client.id));
    session.state = Session::State::Checking;
    std::string username = client.username;
    std::string password = std::exchange(client.password, {});
    const bool isMd5 = client.isMd5;
    auto done = [this, alive = std::weak_ptr<bool>(alive_), at = &link, serial = session.serial,
                 client = std::move(client)](const Result<int>& level) {
        if (!alive.expired()) finishClient(*at, serial, client, level);
    };
    authenticator_.authenticateUser(std::move(username), std::move(password), isMd5,
                                    std::move(done));
}

void PomeloGateway::finishClient(Link& link, std::uint64_t serial,
                                 const pomelo::Registration& client, const Result<int>& level) {
    Session* session = find(link, serial);
    if (session == nullptr || session->state != Session::State::Checking) return;
    if (!level) return refuse(link, *session, false, kClientRefused);
    // Another one may have taken the id while the password was checked.
    if (!clients_.emplace(client.id, &link).second)
        return refuse(link, *session, false, idInUse(client.id));
    session->state = Session::State::Client;
    session->caller = Caller{client.username, client.id, *level};
    ++counters_.registered;
    log::info("pomelo", "user '{}' (level {}) logged in from {}", client.username, *level,
              link.peer());
    (void)count(link.send(pomelo::kRegisterTopic, pomelo::encodeAck({})));
}

void PomeloGateway::refuse(Link& link, Session& session, bool isReconnect,
                           std::string_view message) {
    ++counters_.refused;
    if (refusals_.allows(loop_.now()))
        log::warn("pomelo", "{} from {} refused: {}{}", isReconnect ? "reconnect" : "registration",
                  link.peer(), message, refusals_.note());
    const auto topic = isReconnect ? pomelo::kReconnectOkTopic : pomelo::kRegisterTopic;
    (void)count(link.send(topic, pomelo::encodeAck({-1, std::string(message)})));
    kick(link, session, message);
}

}  // namespace muster
