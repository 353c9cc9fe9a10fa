#include "test/integration/durability/load_roles.hpp"

#include <algorithm>

namespace muster::test {

using namespace mqtt;

namespace {

constexpr std::size_t kWindow = 20;
constexpr std::string_view kLoad = "load/", kKept = "kept/";

Subscribe subscribeTo(std::string filter, std::uint8_t qos) {
    Subscription wish;
    wish.filter = std::move(filter);
    wish.qos = qos;
    Subscribe packet;
    packet.packetId = 65000;  // apart from those of publishes
    packet.subscriptions = {std::move(wish)};
    return packet;
}

bool isGranted(const Suback& packet) {
    return !packet.codes.empty() && packet.codes.front() < 0x80;
}

}  // namespace

Publisher::Publisher(int number, std::uint8_t qos, std::uint16_t port, Violations& violations,
                     Chance& chance)
    : LoadClient({"publisher-" + std::to_string(number),
                  number % 2 == 0 ? Version::V5 : Version::V311, true},
                 port, violations),
      number_(number),
      qos_(qos),
      chance_(chance) {}

// A subscription's SUBACK promises the session, and with it the ids of QoS 2.
void Publisher::onUp() {
    if (!isReady_) return send(subscribeTo("own/" + id(), 0));
    for (Open& open : open_) {
        open.isReleased = false;
        if (!open.isReceived) publish(open, true);
    }
}

void Publisher::publish(const Open& open, bool isAgain) {
    Publish packet;
    packet.topic = std::string(kLoad) + std::to_string(number_);
    packet.payload = std::to_string(open.sequence);
    packet.qos = qos_;
    packet.dup = isAgain;
    packet.packetId = open.packetId;
    send(packet);
}

void Publisher::work() {
    if (!isReady_) return;
    while (open_.size() < kWindow && sent_ < allowed_) {
        nextId_ = static_cast<std::uint16_t>(nextId_ % 60000 + 1);
        open_.push_back({nextId_, sent_++, false, false});
        acknowledged_.push_back(false);
        publish(open_.back(), false);
    }
    for (Open& open : open_) {
        if (!open.isReceived || open.isReleased || chance_.below(4) == 0) continue;
        open.isReleased = true;
        send(Pubrel{open.packetId, ReasonCode::Success, {}});
    }
}

Publisher::Open* Publisher::find(std::uint16_t packetId) {
    const auto found = std::find_if(open_.begin(), open_.end(),
                                    [&](const Open& open) { return open.packetId == packetId; });
    return found == open_.end() ? nullptr : &*found;
}

void Publisher::finish(std::uint16_t packetId) {
    std::erase_if(open_, [&](const Open& open) { return open.packetId == packetId; });
}

void Publisher::onPacket(const Packet& packet) {
    if (const auto* suback = std::get_if<Suback>(&packet)) {
        if (!isGranted(*suback)) violation("its subscription was refused");
        isReady_ = true;
        sessionIsPromised();
    }
    const auto taken = [&](std::uint16_t packetId, ReasonCode code) -> Open* {
        Open* open = find(packetId);
        if (open == nullptr) return nullptr;
        if (code >= ReasonCode::UnspecifiedError) violation("a message was refused");
        acknowledged_[open->sequence] = true;
        return open;
    };
    if (const auto* ack = std::get_if<Puback>(&packet)) {
        if (taken(ack->packetId, ack->code) != nullptr) finish(ack->packetId);
    }
    if (const auto* ack = std::get_if<Pubrec>(&packet)) {
        if (Open* open = taken(ack->packetId, ack->code)) open->isReceived = true;
    }
    if (const auto* ack = std::get_if<Pubcomp>(&packet)) finish(ack->packetId);
}

Subscriber::Subscriber(std::string id, std::uint8_t qos, Version version, std::uint16_t port,
                       Violations& violations, Chance& chance)
    : LoadClient({std::move(id), version, true}, port, violations), qos_(qos), chance_(chance) {}

void Subscriber::onUp() {
    answers_.clear();  // what is not acknowledged comes again
    if (!isSubscribed_) send(subscribeTo(std::string(kLoad) + "+", qos_));
}

void Subscriber::onPacket(const Packet& packet) {
    if (const auto* suback = std::get_if<Suback>(&packet)) {
        if (!isGranted(*suback)) violation("its subscription was refused");
        isSubscribed_ = true;
        sessionIsPromised();
    }
    if (const auto* publish = std::get_if<Publish>(&packet)) onMessage(*publish);
    if (const auto* release = std::get_if<Pubrel>(&packet)) {
        unreleased_.erase(release->packetId);
        answers_.push_back(Pubcomp{release->packetId, ReasonCode::Success, {}});
    }
}

void Subscriber::onMessage(const Publish& packet) {
    if (packet.qos < 2) deliver(packet);
    if (packet.qos == 1) answers_.push_back(Puback{packet.packetId, ReasonCode::Success, {}});
    if (packet.qos < 2) return;
    if (unreleased_.insert(packet.packetId).second) deliver(packet);
    answers_.push_back(Pubrec{packet.packetId, ReasonCode::Success, {}});
}

// In order, but for what comes again.
void Subscriber::deliver(const Publish& packet) {
    const int publisher = std::stoi(packet.topic.substr(kLoad.size()));
    const std::size_t sequence = std::stoull(packet.payload);
    auto& counts = counts_[publisher];
    if (counts.size() <= sequence) counts.resize(sequence + 1);
    const std::string what = "message " + packet.payload + " of " + packet.topic;
    if (counts[sequence] > 0) {
        ++duplicates_;
        if (packet.qos == 2) violation("QoS 2 " + what + " came twice");
    } else if (sequence < next_[publisher]) {
        violation(what + " came after message " + std::to_string(next_[publisher] - 1));
    }
    if (counts[sequence] < UINT8_MAX) ++counts[sequence];
    next_[publisher] = std::max(next_[publisher], sequence + 1);
}

void Subscriber::work() {
    while (!answers_.empty() && chance_.below(20) != 0) {
        send(answers_.front());
        if (answers_.empty()) return;
        answers_.pop_front();
    }
}

std::size_t Subscriber::received(int publisher, std::size_t sequence) const {
    const auto found = counts_.find(publisher);
    if (found == counts_.end() || found->second.size() <= sequence) return 0;
    return found->second[sequence];
}

RetainedWriter::RetainedWriter(std::uint16_t port, Violations& violations)
    : LoadClient({"retained-writer", Version::V5, true}, port, violations), topics_(kTopics) {}

void RetainedWriter::onUp() {
    for (std::size_t topic = 0; topic < kTopics; ++topic) {
        const bool isAgain = topics_[topic].sent > topics_[topic].acknowledged;
        if (!isAgain) ++topics_[topic].sent;
        publish(topic, isAgain);
    }
}

void RetainedWriter::publish(std::size_t topic, bool isAgain) {
    Publish packet;
    packet.topic = std::string(kKept) + std::to_string(topic);
    const std::size_t version = topics_[topic].sent;
    if (!isRemoval(version)) packet.payload = std::to_string(version);
    packet.qos = 1;
    packet.retain = true;
    packet.dup = isAgain;
    packet.packetId = static_cast<std::uint16_t>(topic + 1);
    send(packet);
}

void RetainedWriter::onPacket(const Packet& packet) {
    const auto* ack = std::get_if<Puback>(&packet);
    if (ack == nullptr || ack->packetId == 0 || ack->packetId > kTopics) return;
    if (ack->code >= ReasonCode::UnspecifiedError) violation("a retained message was refused");
    Versions& versions = topics_[ack->packetId - 1U];
    versions.acknowledged = versions.sent;
    ++versions.sent;
    publish(ack->packetId - 1U, false);
}

RetainedReader::RetainedReader(int number, std::uint16_t port, Violations& violations,
                               const RetainedWriter& writer)
    : LoadClient({"retained-reader-" + std::to_string(number), Version::V5, false}, port,
                 violations),
      writer_(writer) {}

void RetainedReader::onUp() {
    before_ = writer_.topics();
    send(subscribeTo(std::string(kKept) + "+", 0));
    send(Pingreq{});
}

void RetainedReader::onPacket(const Packet& packet) {
    if (const auto* publish = std::get_if<Publish>(&packet); publish != nullptr && publish->retain)
        found_[publish->topic] = std::stoull(publish->payload);
    if (std::holds_alternative<Pingresp>(packet) && !isDone_) {
        check();
        isDone_ = true;
    }
}

// Between what was acknowledged before it asked and what was sent until now.
void RetainedReader::check() {
    for (std::size_t i = 0; i < RetainedWriter::kTopics; ++i) {
        const std::string topic = std::string(kKept) + std::to_string(i);
        const std::size_t oldest = before_[i].acknowledged;
        const std::size_t newest = writer_.topics()[i].sent;
        const auto found = found_.find(topic);
        if (found != found_.end()) {
            if (found->second < oldest || found->second > newest)
                violation(topic + " has version " + std::to_string(found->second) +
                          ", acknowledged was " + std::to_string(oldest));
            continue;
        }
        bool mayBeGone = oldest == 0;
        for (std::size_t version = oldest; version <= newest; ++version)
            mayBeGone = mayBeGone || RetainedWriter::isRemoval(version);
        if (!mayBeGone) violation(topic + " is gone, acknowledged was " + std::to_string(oldest));
    }
}

}  // namespace muster::test
