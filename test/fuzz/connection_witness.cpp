#include "test/fuzz/connection_witness.hpp"

#include "master/mqtt/topic_filter.hpp"

#include <cstdio>
#include <cstdlib>

namespace muster::test {

using namespace mqtt;

namespace {

constexpr std::size_t kPuback = 4, kPubrec = 5, kPubrel = 6, kPubcomp = 7, kSuback = 9,
                      kUnsuback = 11;
constexpr int kReleased = 3;

}  // namespace

void requireThat(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

void ConnectionWitness::sent(std::string_view bytes) {
    input_.append(bytes);
    readInput();
}

void ConnectionWitness::readInput() {
    std::size_t used = 0;
    while (!isClientWrong_ && used < input_.size()) {
        const auto rest = std::string_view(input_).substr(used);
        const DecodeResult result = decode(rest, version_, From::Client, limits_);
        if (const auto* error = std::get_if<DecodeError>(&result)) {
            isClientWrong_ = true;
            if (!sawConnect_ && error->version) version_ = *error->version;
        }
        const auto* decoded = std::get_if<Decoded>(&result);
        if (decoded == nullptr) break;
        used += decoded->size;
        noteInput(decoded->packet);
    }
    input_.erase(0, used);
}

void ConnectionWitness::noteInput(const Packet& packet) {
    const auto* connect = std::get_if<Connect>(&packet);
    if ((connect != nullptr) == sawConnect_) isClientWrong_ = true;  // not first, or a second one
    if (isClientWrong_) return;
    if (connect != nullptr) {
        sawConnect_ = true;
        version_ = connect->version;
        isCleanStart_ = connect->cleanStart;
        receiveMaximum_ = connect->properties.receiveMaximum.value_or(65535);
        maximumPacketSize_ = connect->properties.maximumPacketSize.value_or(UINT32_MAX);
        aliasMaximum_ = connect->properties.topicAliasMaximum.value_or(0);
    }
    if (const auto* publish = std::get_if<Publish>(&packet); publish && publish->qos > 0)
        expect(publish->qos == 1 ? kPuback : kPubrec, publish->packetId, 0);
    if (const auto* release = std::get_if<Pubrel>(&packet)) expect(kPubcomp, release->packetId, 0);
    if (const auto* ack = std::get_if<Pubrec>(&packet);
        ack != nullptr && ack->code < ReasonCode::UnspecifiedError)
        expect(kPubrel, ack->packetId, 0);
    if (const auto* subscribe = std::get_if<Subscribe>(&packet))
        expect(kSuback, subscribe->packetId, subscribe->subscriptions.size());
    if (const auto* unsubscribe = std::get_if<Unsubscribe>(&packet))
        expect(kUnsuback, unsubscribe->packetId,
               version_ == Version::V5 ? unsubscribe->filters.size() : 0);
    if (std::holds_alternative<Pingreq>(packet)) ++pings_;
    if (std::holds_alternative<Auth>(packet)) isClientWrong_ = true;
    acks_.push_back(packet);
}

void ConnectionWitness::expect(std::size_t type, std::uint16_t id, std::size_t codes) {
    expected_[{type, id}].push_back(codes);
}

void ConnectionWitness::takeExpected(std::size_t type, std::uint16_t id, std::size_t codes) {
    const auto found = expected_.find({type, id});
    requireThat(found != expected_.end(), "an acknowledgement answers nothing");
    requireThat(found->second.front() == codes, "not one reason code for each filter");
    found->second.pop_front();
    if (found->second.empty()) expected_.erase(found);
}

void ConnectionWitness::received(std::string_view bytes) {
    output_.append(bytes);
    std::size_t used = 0;
    DecodeLimits wide;
    wide.maxPacketSize = 64 << 20;
    while (used < output_.size()) {
        const auto rest = std::string_view(output_).substr(used);
        requireThat(stage_ != Stage::Ended, "bytes after a refusal or a DISCONNECT");
        // In 3.x a server has no DISCONNECT, but for the foreign protocol's "kick".
        if (mayBeForeign_ && version_ != Version::V5 &&
            rest.substr(0, 2) == std::string_view("\xE0\0", 2)) {
            stage_ = Stage::Ended;
            used += 2;
            continue;
        }
        const DecodeResult result = decode(rest, version_, From::Server, wide);
        requireThat(!std::holds_alternative<DecodeError>(result), "a packet that is none");
        const auto* decoded = std::get_if<Decoded>(&result);
        requireThat(decoded != nullptr, "a part of a packet");
        check(decoded->packet, decoded->size);
        used += decoded->size;
    }
    output_.clear();
}

void ConnectionWitness::check(const Packet& packet, std::size_t size) {
    requireThat(size <= maximumPacketSize_, "larger than the client's Maximum Packet Size");
    const auto* connack = std::get_if<Connack>(&packet);
    requireThat((connack != nullptr) == (stage_ == Stage::AwaitsConnack),
                "CONNACK is not first, or not once");
    if (connack != nullptr) {
        requireThat(!connack->sessionPresent || (connack->code == 0 && !isCleanStart_),
                    "a session is present that was not asked for");
        stage_ = connack->code == 0 ? Stage::Open : Stage::Ended;
    }
    if (const auto* publish = std::get_if<Publish>(&packet)) checkPublish(*publish);
    if (const auto* ack = std::get_if<Puback>(&packet)) takeExpected(kPuback, ack->packetId, 0);
    if (const auto* ack = std::get_if<Pubrec>(&packet)) takeExpected(kPubrec, ack->packetId, 0);
    if (const auto* ack = std::get_if<Pubcomp>(&packet)) takeExpected(kPubcomp, ack->packetId, 0);
    if (const auto* ack = std::get_if<Suback>(&packet))
        takeExpected(kSuback, ack->packetId, ack->codes.size());
    if (const auto* ack = std::get_if<Unsuback>(&packet))
        takeExpected(kUnsuback, ack->packetId, ack->codes.size());
    if (const auto* release = std::get_if<Pubrel>(&packet)) checkPubrel(*release);
    if (std::holds_alternative<Pingresp>(packet)) {
        requireThat(pings_ > 0, "a PINGRESP that nobody asked for");
        --pings_;
    }
    if (std::holds_alternative<Disconnect>(packet)) stage_ = Stage::Ended;
    requireThat(!std::holds_alternative<Auth>(packet), "AUTH without an authentication method");
}

void ConnectionWitness::checkPublish(const Publish& packet) {
    const auto alias = packet.properties.topicAlias;
    const bool isKnown = alias && aliases_.count(*alias) != 0;
    requireThat(isValidTopicName(packet.topic) || (packet.topic.empty() && isKnown),
                "a topic that is none");
    requireThat(alias.value_or(0) <= aliasMaximum_, "an alias too high");
    if (alias) aliases_.insert(*alias);
    if (packet.qos == 0) return;
    for (const auto& [id, state] : open_)
        requireThat(id != packet.packetId, "a packet id that is in use");
    open_.emplace_back(packet.packetId, packet.qos);
}

// It answers a PUBREC, or goes on with what an earlier connection began.
void ConnectionWitness::checkPubrel(const Pubrel& packet) {
    if (expected_.count({kPubrel, packet.packetId}) != 0)
        return takeExpected(kPubrel, packet.packetId, 0);
    for (const auto& [id, state] : open_)
        requireThat(id != packet.packetId, "a PUBREL before its PUBREC");
    open_.emplace_back(packet.packetId, kReleased);
}

void ConnectionWitness::applyAck(const Packet& packet) {
    const auto finish = [&](std::uint16_t id, bool isOfQos1) {
        std::erase_if(open_, [&](const auto& entry) {
            return entry.first == id && (entry.second == 1) == isOfQos1;
        });
    };
    if (const auto* ack = std::get_if<Puback>(&packet)) finish(ack->packetId, true);
    if (const auto* ack = std::get_if<Pubcomp>(&packet)) finish(ack->packetId, false);
    if (const auto* ack = std::get_if<Pubrec>(&packet)) {
        if (ack->code >= ReasonCode::UnspecifiedError) return finish(ack->packetId, false);
        for (auto& entry : open_)
            if (entry.first == ack->packetId && entry.second == 2) entry.second = kReleased;
    }
}

void ConnectionWitness::endTurn() {
    if (stage_ != Stage::Open) return;  // what came too early is handled after CONNACK
    for (const Packet& packet : acks_) applyAck(packet);
    acks_.clear();
    requireThat(open_.size() <= receiveMaximum_, "more in flight than the Receive Maximum");
}

void ConnectionWitness::checkEverythingAnswered() const {
    if (stage_ != Stage::Open) return;
    requireThat(expected_.empty(), "something was not acknowledged");
    requireThat(pings_ == 0, "a PINGREQ was not answered");
}

bool ConnectionWitness::answer(std::size_t skip, Packet& packet) const {
    if (open_.empty()) return false;
    const auto& [id, state] = open_[skip % open_.size()];
    if (state == 1) packet = Puback{id, ReasonCode::Success, {}};
    if (state == 2) packet = Pubrec{id, ReasonCode::Success, {}};
    if (state == kReleased) packet = Pubcomp{id, ReasonCode::Success, {}};
    return true;
}

}  // namespace muster::test
