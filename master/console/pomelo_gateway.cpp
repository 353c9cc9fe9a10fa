#include "master/console/pomelo_gateway.hpp"

#include "common/log.hpp"
#include "common/once_reply.hpp"

#include <utility>
#include <vector>

namespace muster {
namespace {

constexpr std::chrono::seconds kSweepInterval{10};
/// An unmodified peer sends none; one with a defect in one module may go on for a while.
constexpr int kMaxMalformed = 16;

using Kind = pomelo::Message::Kind;

}  // namespace

PomeloGateway::PomeloGateway(EventLoop& loop, Authenticator& authenticator,
                             PomeloRegistrations& registrations, Options options)
    : loop_(loop),
      authenticator_(authenticator),
      registrations_(registrations),
      options_(std::move(options)) {
    sweepTimer_ = loop_.after(kSweepInterval, [this] { sweep(); });
}

PomeloGateway::~PomeloGateway() {
    loop_.cancel(sweepTimer_);
}

void PomeloGateway::onOpen(Link& link) {
    Session& session = sessions_[&link];
    link.observersRecord = &session;
    session.serial = nextSerial_++;
    session.opened = loop_.now();
    if (upcalls_ != nullptr && sessions_.size() <= options_.maxLinks) return;
    if (refusals_.allows(loop_.now()))
        log::warn("pomelo", "connection from {} refused: {} connections are open{}", link.peer(),
                  sessions_.size() - 1, refusals_.note());
    kick(link, session, "too many connections");
}

void PomeloGateway::onMessage(Link& link, std::string_view topic, std::string_view payload) {
    using State = Session::State;
    if (link.observersRecord == nullptr) return;
    Session& session = *static_cast<Session*>(link.observersRecord);
    if (session.state == State::Closing) return;
    if (payload.size() > options_.maxMessage) {
        ++counters_.malformed;
        return kick(link, session, "message too large");
    }
    const bool isReconnect = topic == pomelo::kReconnectTopic;
    if (session.state == State::New && (isReconnect || topic == pomelo::kRegisterTopic))
        return registerPeer(link, session, payload, isReconnect);
    if (session.state == State::New || session.state == State::Checking ||
        topic == pomelo::kRegisterTopic || isReconnect) {
        ++counters_.ignored;
        return kick(link, session, "a message out of its order");
    }
    if (session.state == State::Monitor && topic == pomelo::kMonitorTopic)
        return fromMonitor(link, session, payload);
    if (session.state == State::Client && topic == pomelo::kClientTopic)
        return fromClient(link, session, payload);
    ++counters_.ignored;
}

void PomeloGateway::onClose(Link& link, std::string_view reason) {
    auto node = sessions_.extract(&link);
    link.observersRecord = nullptr;
    if (node.empty()) return;
    const Session& session = node.mapped();
    if (session.state == Session::State::Client) {
        clients_.erase(session.caller.clientId);
    } else if (session.state == Session::State::Monitor) {
        session.member->link = nullptr;
        log::info("pomelo", "server '{}' left: {}", session.id, reason);
        upcalls_->onPomeloLeave(session.id, reason == kPeerSaidGoodbye);
    }
}

void PomeloGateway::fromMonitor(Link& link, Session& session, std::string_view payload) {
    auto message = pomelo::decodeMessage(payload);
    if (!message) return malformed(link, session, message.error());
    const std::string id = session.id;  // the session may end while others are told
    switch (message->kind) {
        case Kind::Response: return takeAnswer(session, *std::move(message));
        case Kind::Notify:
            return upcalls_->onPomeloMessage(id, message->moduleId, message->body, {});
        case Kind::Request:
            return upcalls_->onPomeloMessage(id, message->moduleId, message->body,
                                             replyTo({&link, session.serial, pomelo::kMonitorTopic,
                                                      message->id, message->moduleId, false}));
        case Kind::Command: ++counters_.ignored; return;  // a server gives no commands
    }
}

void PomeloGateway::takeAnswer(Session& session, pomelo::Message answer) {
    const auto number = pomelo::numberOf(answer.id);
    const auto slot = number ? session.member->outbox.answered(*number) : std::nullopt;
    if (!slot) {
        ++counters_.unknownAnswers;
        return;
    }
    const std::string id = session.id;  // the session may end while the asker is told
    upcalls_->onPomeloAnswer(id, *number, pomelo::resultOf(std::move(answer), *slot));
}

void PomeloGateway::fromClient(Link& link, Session& session, std::string_view payload) {
    auto message = pomelo::decodeMessage(payload);
    if (!message) return malformed(link, session, message.error());
    const Caller caller = session.caller;  // the session may end while the module works
    switch (message->kind) {
        case Kind::Command: return command(link, session, *std::move(message));
        case Kind::Notify:
            return upcalls_->onPomeloClientMessage(caller, message->moduleId, message->body, {});
        case Kind::Request:
            return upcalls_->onPomeloClientMessage(
                caller, message->moduleId, message->body,
                replyTo({&link, session.serial, pomelo::kClientTopic, message->id,
                         message->moduleId, false}));
        case Kind::Response: ++counters_.unknownAnswers; return;  // nobody asks a client
    }
}

void PomeloGateway::command(Link& link, const Session& session, pomelo::Message message) {
    const Caller caller = session.caller;
    Reply reply;
    if (!message.id.empty())
        reply = replyTo(
            {&link, session.serial, pomelo::kClientTopic, message.id, message.moduleId, true});
    if (message.command != "list" && caller.level != 1) {
        if (reply) reply(Error(Errc::Denied));
        return;
    }
    upcalls_->onPomeloClientCommand(caller, message.command, message.moduleId, std::move(reply));
}

Reply PomeloGateway::replyTo(Question question) {
    return onceReply([this, alive = std::weak_ptr<bool>(alive_),
                      question = std::move(question)](const Result<JsonText>& result) {
        if (!alive.expired()) answer(question, result);
    });
}

void PomeloGateway::answer(const Question& question, const Result<JsonText>& result) {
    if (find(*question.link, question.serial) == nullptr) return;  // it left meanwhile
    // To a command, an unknown module is the result -1 (pomelo-admin lib/consoleService.js).
    const bool isUnknown =
        question.isCommand && !result && result.error().code() == Errc::UnknownModule;
    const std::string payload = isUnknown ? pomelo::encodeResponse(question.id, "null", "-1")
                                          : pomelo::encodeResult(question.id, question.moduleId,
                                                                 pomelo::ResultSlot::Body, result);
    // A peer that reads too slowly for its answers would wait for the lost one for ever.
    if (!count(question.link->send(question.topic, payload)))
        kickLater(*question.link, question.serial, "it reads its answers too slowly");
}

void PomeloGateway::malformed(Link& link, Session& session, const Error& error) {
    ++counters_.malformed;
    if (++session.malformed == 1 && refusals_.allows(loop_.now()))
        log::warn("pomelo", "malformed message from {}: {}{}", link.peer(), error.detail(),
                  refusals_.note());
    if (session.malformed >= kMaxMalformed) kick(link, session, "too many malformed messages");
}

void PomeloGateway::kick(Link& link, Session& session, std::string_view reason) {
    const Session before = session;
    session.state = Session::State::Closing;
    if (before.state == Session::State::Client) clients_.erase(before.caller.clientId);
    const bool isMember = before.state == Session::State::Monitor;
    if (isMember) before.member->link = nullptr;
    link.close(reason);  // the session may be gone from here on
    if (isMember) upcalls_->onPomeloLeave(before.id, false);
}

void PomeloGateway::kickLater(Link& link, std::uint64_t serial, std::string reason) {
    loop_.post([this, alive = std::weak_ptr<bool>(alive_), at = &link, serial,
                reason = std::move(reason)] {
        if (alive.expired()) return;
        if (Session* session = find(*at, serial)) kick(*at, *session, reason);
    });
}

std::size_t PomeloGateway::revoke(const std::function<bool(const Identity&)>& isRevoked) {
    registrations_.forget([&](const std::string& id, const PomeloRegistrationRecord& record) {
        const bool needsToken = !authenticator_.isValidToken(record.serverType, {});
        return needsToken && isRevoked({Identity::Role::Monitor, id, record.serverType, 2});
    });
    std::vector<std::pair<Link*, std::uint64_t>> revoked;
    for (const auto& [link, session] : sessions_) {
        const Caller& caller = session.caller;
        if (session.state == Session::State::Client &&
            isRevoked({Identity::Role::Admin, caller.name, {}, caller.level}))
            revoked.emplace_back(link, session.serial);
    }
    for (auto [link, serial] : revoked)
        if (Session* session = find(*link, serial)) kick(*link, *session, "its rights were taken");
    return revoked.size();
}

PomeloGateway::Session* PomeloGateway::find(Link& link, std::uint64_t serial) {
    const auto found = sessions_.find(&link);
    const bool isIt = found != sessions_.end() && found->second.serial == serial &&
                      found->second.state != Session::State::Closing;
    return isIt ? &found->second : nullptr;
}

Result<void> PomeloGateway::count(Result<void> sent) {
    if (!sent) ++counters_.dropped;
    return sent;
}

void PomeloGateway::sweep() {
    for (auto& entry : members_) entry.second.outbox.dropExpired(loop_.now());
    std::vector<std::pair<Link*, std::uint64_t>> silent;
    for (auto& [link, session] : sessions_) {
        const bool isOpen =
            session.state == Session::State::New || session.state == Session::State::Checking;
        if (isOpen && session.opened + options_.registrationTime <= loop_.now())
            silent.emplace_back(link, session.serial);
    }
    for (auto [link, serial] : silent)
        if (Session* session = find(*link, serial)) kick(*link, *session, "it did not register");
    sweepTimer_ = loop_.after(kSweepInterval, [this] { sweep(); });
}

}  // namespace muster
