// A connection that turned out to speak another protocol in MQTT's framing.
#include "master/mqtt/connection.hpp"

namespace muster::mqtt {

namespace {

const Properties kNoProperties;

}  // namespace

void Connection::openLink() {
    state_ = State::Foreign;
    settle();
    connect_.reset();
    isLinkOpen_ = true;
    ++broker_.counters().foreignLinks;
    broker_.foreign().observer->onOpen(*this);
}

void Connection::onForeignPublish(const PublishRequest& request, std::uint16_t packetId) {
    constexpr unsigned kPuback = 4, kPubrec = 5;
    if (request.qos == 1) writeAck(kPuback, packetId, ReasonCode::Success);
    if (request.qos == 2) {
        writeAck(kPubrec, packetId, ReasonCode::Success);
        if (!foreignQos2_) foreignQos2_ = std::make_unique<std::unordered_set<std::uint16_t>>();
        if (!foreignQos2_->insert(packetId).second) return;  // seen, and not released yet
    }
    broker_.foreign().observer->onMessage(*this, request.topic, request.payload);
}

Result<void> Connection::send(std::string_view topic, std::string_view payload) {
    if (state_ != State::Foreign) return Error(Errc::Closed, "the link is closed");
    const BrokerLimits& limits = broker_.limits();
    if (output_.bytes() + topic.size() + payload.size() > limits.maxOutputBytes) {
        ++broker_.counters().slowConsumers;
        constexpr std::string_view kWhy = "it does not read what it is sent";
        if (auto* observer = broker_.observer())
            observer->connectionRefused(info_.peer, "", ReasonCode::QuotaExceeded, kWhy);
        closeLink(kWhy);
        return Error(Errc::Limit, "the peer does not read what it is sent; its link is closed");
    }
    PublishHead head;
    head.topic = topic;
    head.properties = &kNoProperties;
    output_.appendWith([&](std::string& out) {
        encodePublishHead(head, payload.size(), version_, out);
        out.append(payload);
    });
    ++broker_.counters().messagesSent;
    ++broker_.counters().packetsSent;
    wire_.outputReady();
    return {};
}

void Connection::close(std::string_view reason) {
    closeLink(reason);
}

// onClose follows from ended(), never from within the observer's own call.
void Connection::closeLink(std::string_view reason) {
    if (state_ != State::Foreign) return;
    linkReason_ = reason;
    state_ = State::Closed;
    write(Disconnect{});  // a server says this in 3.x only here: it is the protocol's "kick"
    wire_.close();
}

}  // namespace muster::mqtt
