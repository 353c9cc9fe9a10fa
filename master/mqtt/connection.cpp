#include "master/mqtt/connection.hpp"

namespace muster::mqtt {

Connection::Connection(Broker& broker, Wire& wire, ConnectionInfo info, TimePoint now)
    : broker_(broker),
      wire_(wire),
      info_(std::move(info)),
      since_(now),
      lastInput_(now),
      deadline_(now + broker.limits().connectDeadline) {
    ++broker_.counters().connectionsAccepted;
    broker_.add(*this);
    broker_.admission().came(info_.peer);
    halfOpen_ = broker_.admission().waits(*this);
    const RateLimits& rate = broker.limits().rate;
    if (rate.isOn()) rate_ = std::make_unique<RateLimit>(rate, now);
    broker_.boundHalfOpen();
}

Connection::~Connection() {
    ended("connection lost", broker_.now());
    settle();
    noteWritten();
    broker_.admission().went(info_.peer);
    broker_.remove(*this);
}

bool Connection::mayProcess() const noexcept {
    return state_ != State::Closed && state_ != State::Authenticates;
}

bool Connection::wantsInput() {
    return mayProcess() && !isPaused_ && output_.bytes() <= broker_.limits().maxOutputBytes &&
           !holdsTooMuch() && !mustLetStoreWrite() && !broker_.mustWaitForStore();
}

void Connection::receive(std::string_view bytes, TimePoint now) {
    if (state_ == State::Closed) return;
    broker_.enter(now);
    lastInput_ = now;
    sawAck_ = false;
    broker_.counters().bytesReceived += bytes.size();
    if (!kept_.empty()) {
        kept_.append(bytes);
        return processKept();
    }
    const std::size_t used = process(bytes);
    if (state_ != State::Closed && used < bytes.size()) kept_.assign(bytes.substr(used));
}

bool Connection::takeQuickAck() noexcept {
    if (!sawAck_ || !output_.empty() || quickAcks_ == 0) return false;
    --quickAcks_;
    return true;
}

void Connection::processKept() {
    const std::size_t used = process(kept_);
    if (used == kept_.size() || state_ == State::Closed) {
        std::string().swap(kept_);  // an idle connection holds no buffer
    } else {
        kept_.erase(0, used);
    }
}

std::size_t Connection::process(std::string_view bytes) {
    isProcessing_ = true;
    std::size_t used = 0;
    while (used < bytes.size() && mayProcess() && !owesTooMuch()) {
        const StorePosition before = broker_.recorded();
        const std::size_t size = step(bytes.substr(used));
        if (broker_.recorded() != before) owedUntil_ = broker_.recorded();
        if (size == 0) break;
        used += size;
        ++broker_.counters().packetsReceived;
    }
    isProcessing_ = false;
    mustLetStoreWrite();
    if (rate_) boundRate(info_.isCarried ? 0 : used, broker_.now());
    return used;
}

// One packet. Its size, or 0 if it has to wait.
std::size_t Connection::step(std::string_view bytes) {
    if (state_ == State::Undecided && !decide(bytes)) return 0;
    const auto payer = broker_.paidBy(session_);
    const DecodeLimits& limits = broker_.limits().decode;
    if (state_ != State::AwaitsConnect) {
        PlainPublish plain;
        if (readPlainPublish(bytes, version_, limits.maxPacketSize, plain)) {
            onPublish({plain.topic, plain.payload, plain.qos, plain.retain, nullptr},
                      plain.packetId);
            return plain.size;
        }
        if (const auto ack = readPlainAck(bytes)) {
            onAck(*ack);
            return PlainAck::kSize;
        }
    } else if (static_cast<unsigned char>(bytes[0]) >> 4 != 1) {
        fail(ReasonCode::ProtocolError, "the first packet is no CONNECT");
        return 0;
    }
    DecodeResult result = decode(bytes, version_, From::Client, limits);
    if (const auto* error = std::get_if<DecodeError>(&result)) {
        onDecodeError(*error);
        return 0;
    }
    auto* decoded = std::get_if<Decoded>(&result);
    if (decoded == nullptr) return 0;
    std::visit([this](auto& packet) { on(packet); }, decoded->packet);
    return decoded->size;
}

void Connection::onDecodeError(const DecodeError& error) {
    if (error.code == ReasonCode::PacketTooLarge) ++broker_.counters().packetsTooLarge;
    const bool isUnsupported = error.code == ReasonCode::UnsupportedProtocolVersion;
    if (state_ != State::AwaitsConnect)  // a second CONNECT; no DISCONNECT has that code (3.14.2.1)
        return fail(isUnsupported ? ReasonCode::ProtocolError : error.code, error.detail);
    if (isUnsupported) {
        version_ = error.version.value_or(Version::V311);
        ++broker_.counters().protocolErrors;
        return refuse(error.code, error.detail);
    }
    // MQTT 5 has words for what is wrong with a CONNECT (3.1.4-1); the others just close.
    if (error.version != Version::V5) return fail(error.code, error.detail);
    version_ = Version::V5;
    ++broker_.counters().protocolErrors;
    refuse(error.code, error.detail);
}

bool Connection::write(const Packet& packet) {
    bool fits = true;
    output_.appendWith([&](std::string& out) {
        const std::size_t before = out.size();
        encode(packet, version_, out);
        fits = !isTooLarge(out.size() - before);
        if (!fits) out.resize(before);
    });
    if (!fits) return false;
    ++broker_.counters().packetsSent;
    wire_.outputReady();
    return true;
}

// PUBACK, PUBREC, PUBREL and PUBCOMP without properties.
void Connection::writeAck(unsigned type, std::uint16_t packetId, ReasonCode code) {
    constexpr unsigned kPubrel = 6;
    ++broker_.counters().packetsSent;
    const bool hasCode = version_ == Version::V5 && code != ReasonCode::Success;
    const char bytes[] = {static_cast<char>(type << 4 | (type == kPubrel ? 2U : 0U)),
                          static_cast<char>(hasCode ? 3 : 2), static_cast<char>(packetId >> 8),
                          static_cast<char>(packetId & 0xFF), static_cast<char>(code)};
    output_.append(std::string_view(bytes, hasCode ? 5 : 4));
    wire_.outputReady();
}

void Connection::streamFailed(std::string_view why, TimePoint now) {
    broker_.enter(now);
    if (state_ == State::Closed) return;
    ++broker_.counters().protocolErrors;
    if (auto* observer = broker_.observer())
        observer->connectionRefused(info_.peer, session_ ? session_->clientId() : "",
                                    ReasonCode::ProtocolError, why);
    finish(true, why);
}

// The client broke the rules: the reason first, where there is a way to say it.
void Connection::fail(ReasonCode code, std::string_view why) {
    ++broker_.counters().protocolErrors;
    if (auto* observer = broker_.observer())
        observer->connectionRefused(info_.peer, session_ ? session_->clientId() : "", code, why);
    disconnect(code, why);
}

void Connection::disconnect(ReasonCode code, std::string_view why) {
    if (version_ == Version::V5 && isAccepted_) {
        Disconnect packet;
        packet.code = code;
        constexpr std::size_t kOverhead = 16;
        if (!isTooLarge(why.size() + kOverhead)) packet.properties.reasonString = why;
        write(packet);
    }
    finish(true, why);
}

void Connection::finish(bool publishWill, std::string_view reason,
                        std::optional<std::uint32_t> expirySeconds) {
    state_ = State::Closed;
    settle();
    authentication_.reset();
    held_.reset();
    if (isOwing_ && publishWill) notePendingGoodbye(publishWill, expirySeconds);
    isOwing_ = false;
    if (Session* session = std::exchange(session_, nullptr))
        broker_.detach(*session, {publishWill, expirySeconds, reason});
    if (std::exchange(isLinkOpen_, false)) broker_.foreign().observer->onClose(*this, reason);
    wire_.close();
}

void Connection::tick(TimePoint now) {
    if (state_ == State::Undecided && now >= deadline_) return authenticate();  // it may be silent
    if (state_ == State::AwaitsConnect && now >= deadline_) {
        ++broker_.counters().connectTimeouts;
        return finish(false, "no CONNECT in time");
    }
    if (state_ == State::Authenticates && now >= deadline_) {
        ++broker_.counters().connectTimeouts;
        return refuse(ReasonCode::ServerBusy, "authentication took too long");
    }
    noteWritten();
    if (isPaused_) boundRate(0, now);
    if (state_ == State::Open) tickOpen(now);
}

void Connection::drained(TimePoint now) {
    broker_.enter(now);
    noteWritten();
    if (session_ != nullptr) broker_.pump(*session_);
}

void Connection::ended(std::string_view reason, TimePoint now) {
    broker_.enter(now);
    if (state_ != State::Closed) {
        finish(true, reason);
    } else if (std::exchange(isLinkOpen_, false)) {
        broker_.foreign().observer->onClose(*this, linkReason_);
    }
}

void Connection::shutDown() {
    if (state_ == State::Closed) return;
    if (state_ == State::Foreign) return closeLink("the server is shutting down");
    disconnect(ReasonCode::ServerShuttingDown, "the server is shutting down");
}

bool Connection::hasRoom() const {
    return output_.bytes() < broker_.limits().pumpBytes;
}

OutletFacts Connection::facts() const {
    const char* protocol = version_ == Version::V5 ? "5.0" : "3.1.1";
    if (version_ == Version::V31) protocol = "3.1";
    return {info_.peer, protocol, keepAlive_, output_.bytes(), since_};
}

// Everything of a PUBLISH but its payload. False if it is larger than the client takes.
template <class AppendHead>
bool Connection::writeHead(std::string_view topic, const DeliveryForm& form,
                           std::size_t payloadSize, AppendHead appendHead) {
    if (maxOutgoingPacket_ == SIZE_MAX && !outgoingAliases_) {
        output_.appendWith([&](std::string& out) { appendHead(form, out); });
        return true;
    }
    DeliveryForm aliased = form;
    if (outgoingAliases_) outgoingAliases_->choose(topic, aliased);
    std::string head;
    appendHead(aliased, head);
    const bool isNewAlias = aliased.topicAlias != 0 && !aliased.isTopicKnown;
    if (isNewAlias && isTooLarge(head.size() + payloadSize)) {  // it may fit without
        aliased = form;
        head.clear();
        appendHead(aliased, head);
    }
    if (isTooLarge(head.size() + payloadSize)) {
        ++broker_.counters().droppedTooLarge;
        return false;
    }
    output_.append(head);
    if (outgoingAliases_) outgoingAliases_->written(topic, aliased);
    return true;
}

bool Connection::sendQos0(Routing& routing, const DeliveryForm& form) {
    const std::string_view payload = routing.payload();
    if (output_.bytes() + payload.size() > broker_.limits().maxOutputBytes) return false;
    const auto appendHead = [&](const DeliveryForm& as, std::string& out) {
        routing.appendHead(as, version_, out);
    };
    // MQTT 5, 3.1.2-25: what is too large counts as delivered.
    if (!writeHead(routing.topic(), form, payload.size(), appendHead)) return true;
    if (payload.size() >= OutputQueue::kShareFrom) {
        const MessagePtr& message = routing.message();
        output_.append(message, message->payload);
    } else {
        output_.append(payload);
    }
    ++broker_.counters().messagesSent;
    ++broker_.counters().packetsSent;
    wire_.outputReady();
    return true;
}

bool Connection::send(const Delivery& delivery, const DeliveryForm& form) {
    const RoutedMessage& message = *delivery.message;
    const auto appendHead = [&](const DeliveryForm& as, std::string& out) {
        appendPublishHead(message, as, version_, broker_.now(), out);
    };
    if (!writeHead(message.topic, form, message.payload.size(), appendHead)) return false;
    if (message.payload.size() >= OutputQueue::kShareFrom) {
        output_.append(delivery.message, message.payload);
    } else {
        output_.append(message.payload);
    }
    ++broker_.counters().messagesSent;
    ++broker_.counters().packetsSent;
    wire_.outputReady();
    return true;
}

void Connection::sendPubrel(std::uint16_t packetId) {
    constexpr unsigned kPubrel = 6;
    answer(kPubrel, packetId, ReasonCode::Success, whatIsKept());
}

// The broker has already taken the session away.
void Connection::detached(ReasonCode code, std::string_view why) {
    session_ = nullptr;
    if (state_ != State::Closed) disconnect(code, why);
}

}  // namespace muster::mqtt
