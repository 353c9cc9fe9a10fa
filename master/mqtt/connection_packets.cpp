// What a client with a session, or a foreign one, may send.
#include "master/mqtt/connection.hpp"

namespace muster::mqtt {

namespace {

constexpr unsigned kPuback = 4, kPubrec = 5, kPubrel = 6, kPubcomp = 7;
constexpr std::size_t kAllPacketIds = 65535;
constexpr std::string_view kStoreFails = "the broker cannot write what it would have to keep";

bool isFailure(ReasonCode code) {
    return code >= ReasonCode::UnspecifiedError;
}

}  // namespace

void Connection::on(Publish& packet) {
    if (!resolveAlias(packet)) return;
    onPublish({packet.topic, packet.payload, packet.qos, packet.retain, &packet.properties},
              packet.packetId);
}

// MQTT 5, 3.3.2.3.4. An empty topic without an alias is the codec's error already.
bool Connection::resolveAlias(Publish& packet) {
    if (!packet.properties.topicAlias) return true;
    const std::uint16_t alias = *packet.properties.topicAlias;
    const std::uint16_t maximum = broker_.limits().topicAliasMaximum;
    if (alias == 0 || alias > maximum) {
        fail(ReasonCode::TopicAliasInvalid, "the topic alias is out of range");
        return false;
    }
    if (!aliases_) aliases_ = std::make_unique<std::vector<std::string>>(maximum);
    std::string& known = (*aliases_)[alias - 1U];
    if (!packet.topic.empty()) {
        known = packet.topic;
    } else if (known.empty()) {
        fail(ReasonCode::ProtocolError, "the topic alias is not known");
        return false;
    } else {
        packet.topic = known;
    }
    return true;
}

void Connection::onPublish(const PublishRequest& request, std::uint16_t packetId) {
    if (!broker_.takesTopic(request.topic)) return failTopic(request.topic);
    ++broker_.counters().messagesReceived;
    quickAcks_ = kQuickAcks;
    broker_.counters().payloadBytesReceived += request.payload.size();
    if (rate_) rate_->takeMessage();
    if (state_ == State::Foreign) return onForeignPublish(request, packetId);
    if (request.qos == 2) return onQos2(request, packetId);
    // That nothing is retained may be what another one's removal will have come to.
    const StorePosition before = request.retain ? kEverything : broker_.recorded();
    const ReasonCode code = route(request);
    if (request.qos == 0 || cannotKeep(code)) return;
    answer(kPuback, packetId, code, before);
}

// As the codec says it of a PUBLISH with properties; 0x90 is for names that are well-formed.
void Connection::failTopic(std::string_view topic) {
    if (topic.find_first_of("+#") != std::string_view::npos)
        return fail(ReasonCode::MalformedPacket, "a topic name has wildcards");
    fail(ReasonCode::TopicNameInvalid, "the topic has too many levels");
}

// 3.x has no way to refuse: what is not acknowledged comes again when the client is back.
bool Connection::cannotKeep(ReasonCode code) {
    if (code != ReasonCode::QuotaExceeded || version_ == Version::V5) return false;
    if (!broker_.isStoreFailing()) return false;
    disconnect(code, kStoreFails);
    return true;
}

ReasonCode Connection::route(const PublishRequest& request) {
    return broker_.publish(request, session_->identity(), session_);
}

void Connection::onQos2(const PublishRequest& request, std::uint16_t packetId) {
    using Arrival = Session::Qos2Arrival;
    // What was taken is not refused when it comes again: the client would use its id anew.
    if (broker_.isStoreFailing() && session_->isKept() && !session_->isUnreleased(packetId)) {
        if (!cannotKeep(ReasonCode::QuotaExceeded))
            writeAck(kPubrec, packetId, ReasonCode::QuotaExceeded);
        return;
    }
    const StorePosition before = request.retain ? kEverything : broker_.recorded();
    const std::size_t maximum =
        version_ == Version::V5 ? broker_.limits().receiveMaximum : kAllPacketIds;
    switch (session_->receiveQos2(packetId, maximum)) {
        case Arrival::TooMany:
            return fail(ReasonCode::ReceiveMaximumExceeded, "too many QoS 2 messages unreleased");
        case Arrival::Duplicate:
            return answer(kPubrec, packetId, ReasonCode::Success, whatIsKept());
        case Arrival::New: break;
    }
    const ReasonCode code = route(request);
    // 5.0: a refusal ends the exchange (4.3.3-9). 3.x cannot refuse: the exchange goes on.
    const bool isRefused = isFailure(code) && (version_ == Version::V5 || broker_.isStoreFailing());
    if (isRefused) session_->releaseQos2(packetId);
    if (!cannotKeep(code)) answer(kPubrec, packetId, code, before);
}

void Connection::onAck(const PlainAck& ack) {
    switch (ack.type) {
        case kPuback: return onPuback(ack.packetId);
        case kPubrec: return onPubrec(ack.packetId, ReasonCode::Success);
        case kPubrel: return onPubrel(ack.packetId);
        default: return onPubcomp(ack.packetId);
    }
}

void Connection::onPuback(std::uint16_t packetId) {
    sawAck_ = true;
    if (session_ != nullptr) onLastAck(session_->onPuback(packetId), 1);
}

// What ends an exchange makes room for the next one. What is not known any more is ignored.
void Connection::onLastAck(Session::AckMeaning meaning, int qos) {
    if (meaning == Session::AckMeaning::Misplaced) return failAck();
    if (meaning != Session::AckMeaning::End) return;
    broker_.note({"ack", session_->clientId(), {}, 0, qos, {}});
    broker_.pump(*session_);
}

// Inconsistent with the state of both: a protocol error (MQTT 5, 1.2, 4.13.1-1; 3.1.1, 4.8.0-1).
void Connection::failAck() {
    fail(ReasonCode::ProtocolError, "an acknowledgement that its message does not have now");
}

void Connection::onPubrec(std::uint16_t packetId, ReasonCode code) {
    sawAck_ = true;
    // A foreign client has no session, and was sent nothing that it could have received.
    const auto meaning =
        session_ != nullptr ? session_->onPubrec(packetId, code) : Session::AckMeaning::Unknown;
    if (meaning == Session::AckMeaning::Misplaced) return failAck();
    if (meaning == Session::AckMeaning::End) return broker_.pump(*session_);
    const bool isKnown = meaning == Session::AckMeaning::Step;
    // Nothing follows a refusal of what is not known either (MQTT 5, 4.3.3-4).
    if (!isKnown && isFailure(code)) return;
    answer(kPubrel, packetId, isKnown ? ReasonCode::Success : ReasonCode::PacketIdentifierNotFound,
           isKnown ? whatIsKept() : broker_.recorded());
}

void Connection::onPubrel(std::uint16_t packetId) {
    sawAck_ = true;
    StorePosition before = broker_.recorded();
    bool isKnown = false;
    if (session_ != nullptr) {
        isKnown = session_->releaseQos2(packetId);
    } else if (foreignQos2_) {
        isKnown = foreignQos2_->erase(packetId) != 0;
    }
    if (!isKnown) before = whatIsKept();  // an earlier connection's PUBREL may not be kept yet
    answer(kPubcomp, packetId, isKnown ? ReasonCode::Success : ReasonCode::PacketIdentifierNotFound,
           before);
}

void Connection::onPubcomp(std::uint16_t packetId) {
    sawAck_ = true;
    if (session_ != nullptr) onLastAck(session_->onPubcomp(packetId), 2);
}

void Connection::on(const Subscribe& packet) {
    const StorePosition before = broker_.recorded();
    Suback suback;
    suback.packetId = packet.packetId;
    const auto& ids = packet.properties.subscriptionIdentifiers;
    const std::uint32_t identifier = ids.empty() ? 0 : ids.front();
    for (const Subscription& wish : packet.subscriptions) {
        // The foreign protocol knows no subscriptions: each is refused, none breaks the link.
        ReasonCode code = ReasonCode::NotAuthorized;
        if (session_ != nullptr) code = broker_.subscribe(*session_, wish, identifier);
        if (code == ReasonCode::ProtocolError)
            return fail(code, "No Local on a shared subscription");
        // 3.1 has no failure code: a filter that is none breaks the connection, a refusal is not
        // told (3.1, 3.9).
        if (version_ == Version::V31 && cannotKeep(code)) return;
        if (version_ == Version::V31 && code == ReasonCode::TopicFilterInvalid)
            return fail(code, "the topic filter is invalid");
        if (version_ == Version::V31 && isFailure(code)) code = static_cast<ReasonCode>(wish.qos);
        suback.codes.push_back(static_cast<std::uint8_t>(code));
    }
    answer(suback, before);
    if (session_ != nullptr) broker_.pump(*session_);  // retained messages
}

// That there is no subscription may be the work of an earlier UNSUBSCRIBE that is not kept yet.
void Connection::on(const Unsubscribe& packet) {
    Unsuback unsuback;
    unsuback.packetId = packet.packetId;
    for (const std::string& filter : packet.filters) {
        const ReasonCode code = session_ != nullptr ? broker_.unsubscribe(*session_, filter)
                                                    : ReasonCode::NoSubscriptionExisted;
        unsuback.codes.push_back(static_cast<std::uint8_t>(code));
    }
    answer(unsuback, whatIsKept());
}

void Connection::on(const Pingreq&) {
    write(Pingresp{});
}

void Connection::on(const Disconnect& packet) {
    const auto& expiry = packet.properties.sessionExpiry;
    if (expiry && *expiry != 0 && session_ != nullptr && session_->expirySeconds == 0)
        return fail(ReasonCode::ProtocolError, "session expiry was 0 at CONNECT");  // 3.14.2.2.2
    hasPeerLeft_ = true;
    finish(packet.code != ReasonCode::Success, kPeerSaidGoodbye, expiry);
}

// AUTH without an authentication method, and what only servers send (the codec stops those).
template <class Other>
void Connection::on(const Other&) {
    fail(ReasonCode::ProtocolError, "a packet that does not belong here");
}

template void Connection::on(const Connack&);
template void Connection::on(const Suback&);
template void Connection::on(const Unsuback&);
template void Connection::on(const Pingresp&);
template void Connection::on(const Auth&);

}  // namespace muster::mqtt
