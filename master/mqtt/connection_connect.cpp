// A connection from CONNECT to its session: checks, recognition, authentication.
#include "master/mqtt/connection.hpp"

#include <algorithm>

namespace muster::mqtt {

namespace {

// Return codes of 3.x (3.1.1, table 3.1) nearest to MQTT 5's reasons.
std::uint8_t returnCode(ReasonCode code) {
    switch (code) {
        case ReasonCode::Success: return 0;
        case ReasonCode::UnsupportedProtocolVersion: return 1;
        case ReasonCode::ClientIdentifierNotValid: return 2;
        case ReasonCode::BadUserNameOrPassword: return 4;
        case ReasonCode::NotAuthorized:
        case ReasonCode::Banned:
        case ReasonCode::TopicNameInvalid: return 5;
        default: return 3;  // server unavailable
    }
}

/// Why checkConnect() refuses, for the log.
std::string_view connectFault(ReasonCode code) {
    switch (code) {
        case ReasonCode::BadAuthenticationMethod:
            return "enhanced authentication is not offered here";
        case ReasonCode::TopicNameInvalid:
            return "the topic of its will has wildcards or too many levels";
        default: return "the client id is empty or too long for this version of MQTT";
    }
}

/// Why there is no session for it, for the log.
std::string_view attachFault(ReasonCode code) {
    switch (code) {
        case ReasonCode::QuotaExceeded: return "there are too many sessions (limits.maxSessions)";
        case ReasonCode::ServerUnavailable:
            return "its session cannot be kept: the store cannot be written";
        default: return "the client id belongs to another user's session";
    }
}

}  // namespace

void Connection::showed(ClientCertificate certificate) {
    certificate_ = std::make_unique<ClientCertificate>(std::move(certificate));
}

void Connection::on(Connect& packet) {
    if (state_ != State::AwaitsConnect)
        return fail(ReasonCode::ProtocolError, "a second CONNECT");  // 3.1.0-2
    version_ = packet.version;
    if (packet.properties.maximumPacketSize)
        maxOutgoingPacket_ = *packet.properties.maximumPacketSize;
    if (const ReasonCode code = checkConnect(packet); code != ReasonCode::Success)
        return refuse(code, connectFault(code));
    const bool isUndecided = mayBeForeign(packet);
    connect_ = std::make_unique<Connect>(std::move(packet));
    if (!isUndecided) return authenticate();
    state_ = State::Undecided;
    isAccepted_ = true;
    deadline_ = lastInput_ + broker_.limits().connectDeadline;
    (void)writeConnack(ReasonCode::Success, false, {});  // before 5.0 clients take all sizes
}

ReasonCode Connection::checkConnect(const Connect& packet) const {
    const std::size_t size = packet.clientId.size();
    constexpr std::size_t kMaxIdOf31 = 23;
    const bool mayBeEmpty = packet.version == Version::V5 ||
                            (packet.version == Version::V311 && packet.cleanStart);  // 3.1.3-7, -8
    if (size == 0 && !mayBeEmpty) return ReasonCode::ClientIdentifierNotValid;
    if (packet.version == Version::V31 && size > kMaxIdOf31)
        return ReasonCode::ClientIdentifierNotValid;
    if (size > broker_.limits().maxClientIdBytes) return ReasonCode::ClientIdentifierNotValid;
    if (packet.properties.authenticationMethod) return ReasonCode::BadAuthenticationMethod;
    if (packet.will && !broker_.takesTopic(packet.will->topic)) return ReasonCode::TopicNameInvalid;
    return ReasonCode::Success;
}

bool Connection::mayBeForeign(const Connect& packet) const {
    return broker_.foreign().observer != nullptr && info_.allowsForeign &&
           packet.version != Version::V5 && packet.cleanStart && packet.keepAlive == 0 &&
           !packet.username && !packet.will;
}

// False while the first packet is too short to tell, or while its decision takes time.
bool Connection::decide(std::string_view bytes) {
    const FirstPublish first = peekFirstPublish(bytes);
    if (first.kind == FirstPublish::Kind::NeedMore) return false;
    const auto& topics = broker_.foreign().firstTopics;
    const bool isForeign = first.kind == FirstPublish::Kind::Qos0Publish &&
                           std::find(topics.begin(), topics.end(), first.topic) != topics.end();
    if (isForeign) {
        openLink();
    } else {
        authenticate();
    }
    return mayProcess();
}

void Connection::authenticate() {
    state_ = State::Authenticates;
    deadline_ = broker_.now() + broker_.limits().connectDeadline;
    Credentials credentials;
    credentials.clientId = connect_->clientId;
    credentials.username = connect_->username;
    credentials.password = std::move(connect_->password);
    connect_->password.reset();
    credentials.version = version_;
    credentials.peer = info_.peer;
    credentials.listener = info_.listener;
    if (const auto shown = std::exchange(certificate_, nullptr))
        credentials.certificate = std::move(*shown);
    authentication_ = std::make_shared<bool>(true);
    const std::weak_ptr<bool> running = authentication_;
    broker_.access().authenticate(std::move(credentials),
                                  [this, running](const AuthResult& result) {
                                      if (!running.expired()) authenticated(result);
                                  });
}

void Connection::authenticated(const AuthResult& result) {
    if (result.code == ReasonCode::Success) {
        // Meanwhile his rights may have been taken away.
        auto again = [this, result, running = std::weak_ptr(authentication_)] {
            if (running.expired()) return;
            const bool isGranted = broker_.access().isStillGranted(result.identity);
            authenticated(isGranted ? result : AuthResult{});
        };
        if (broker_.mustComeLater(connect_->clientId, result.identity))
            return broker_.whenStoreMoves(std::move(again));
        if (connect_->cleanStart && broker_.discard(connect_->clientId, result.identity))
            return broker_.whenCommitted(std::move(again));
    }
    authentication_.reset();
    if (result.code != ReasonCode::Success) return refuse(result.code, result.detail);
    const Attachment attached = broker_.attach(sessionRequest(result.identity), *this);
    if (attached.code != ReasonCode::Success)
        return refuse(attached.code, attachFault(attached.code));
    session_ = attached.session;
    accept(result.identity, attached.sessionPresent);
    if (state_ == State::Open) broker_.pump(*session_);
    if (isProcessing_) return;
    if (!kept_.empty()) processKept();
    if (state_ != State::Closed) wire_.inputWanted();
}

SessionRequest Connection::sessionRequest(const ClientIdentity& identity) {
    SessionRequest request;
    if (connect_->clientId.empty()) {
        connect_->clientId = broker_.assignClientId();
        connect_->properties.assignedClientIdentifier = connect_->clientId;
    }
    request.clientId = connect_->clientId;
    request.identity = identity;
    request.cleanStart = connect_->cleanStart;
    // 3.x: a session that is not clean has no end (3.1.1, 3.1.2-5).
    const std::uint32_t old = connect_->cleanStart ? 0 : kNeverExpires;
    request.expirySeconds =
        version_ == Version::V5 ? connect_->properties.sessionExpiry.value_or(0) : old;
    request.receiveMaximum = connect_->properties.receiveMaximum.value_or(65535);
    request.will = std::move(connect_->will);
    request.peer = info_.peer;
    return request;
}

void Connection::accept(const ClientIdentity& identity, bool sessionPresent) {
    state_ = State::Open;
    settle();
    lastInput_ = broker_.now();  // nothing was read while authentication ran
    const std::uint16_t wished = connect_->keepAlive;
    const std::uint16_t longest = broker_.limits().maxKeepAlive;
    const bool isCut = longest != 0 && (wished == 0 || wished > longest);
    keepAlive_ = isCut ? longest : wished;
    const Properties wishes = std::move(connect_->properties);
    connect_.reset();
    const std::uint16_t aliases =
        std::min(wishes.topicAliasMaximum.value_or(0), broker_.limits().topicAliasMaximum);
    if (aliases > 0) outgoingAliases_ = std::make_unique<OutgoingAliases>(aliases);
    if (isAccepted_) return;  // was answered while undecided
    const BrokerLimits& limits = broker_.limits();
    Properties properties;
    properties.assignedClientIdentifier = wishes.assignedClientIdentifier;
    properties.receiveMaximum = limits.receiveMaximum;
    properties.maximumPacketSize = static_cast<std::uint32_t>(limits.decode.maxPacketSize);
    properties.topicAliasMaximum = limits.topicAliasMaximum;
    if (isCut) properties.serverKeepAlive = keepAlive_;  // 3.x cannot be told, only held to it
    if (wishes.sessionExpiry && *wishes.sessionExpiry > limits.maxSessionExpiry)
        properties.sessionExpiry = limits.maxSessionExpiry;
    if (wishes.requestResponseInformation.value_or(0) == 1) {
        std::string information = broker_.access().responseInformation(identity);
        if (!information.empty()) properties.responseInformation = std::move(information);
    }
    isAccepted_ = writeConnack(ReasonCode::Success, sessionPresent, std::move(properties));
    if (!isAccepted_)
        refuse(ReasonCode::PacketTooLarge, "its Maximum Packet Size is too small for a CONNACK");
}

void Connection::refuse(ReasonCode code, std::string_view why) {
    ++broker_.counters().clientsRefused;
    broker_.note({"refuse", connect_ ? connect_->clientId : std::string_view(), {}, 0, -1, why});
    if (auto* observer = broker_.observer())
        observer->connectionRefused(info_.peer, connect_ ? connect_->clientId : "", code, why);
    if (!isAccepted_) (void)writeConnack(code, false, {});  // too large even so: just closed
    finish(false, why);
}

// False if it is larger than the client takes (MQTT 5, 3.1.2-24).
bool Connection::writeConnack(ReasonCode code, bool sessionPresent, Properties properties) {
    Connack packet;
    packet.sessionPresent = sessionPresent;
    packet.code = version_ == Version::V5 ? static_cast<std::uint8_t>(code) : returnCode(code);
    packet.properties = std::move(properties);
    return write(packet);
}

}  // namespace muster::mqtt
