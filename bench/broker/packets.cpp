#include "bench/broker/packets.hpp"

#include <cstring>
#include <stdexcept>

namespace muster::bench {

namespace {

void append16(std::string& out, std::size_t value) {
    out.push_back(static_cast<char>(value >> 8U));
    out.push_back(static_cast<char>(value & 0xFFU));
}

void appendText(std::string& out, std::string_view text) {
    append16(out, text.size());
    out += text;
}

std::string packet(unsigned first, std::string_view body) {
    std::string out(1, static_cast<char>(first));
    std::size_t left = body.size();
    do {
        const std::size_t digit = left % 128;
        left /= 128;
        out.push_back(static_cast<char>(digit | (left > 0 ? 128U : 0U)));
    } while (left > 0);
    return out.append(body);
}

}  // namespace

std::uint16_t u16At(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8U |
                                      static_cast<unsigned char>(bytes[at + 1]));
}

std::optional<Frame> readFrame(std::string_view bytes) {
    std::size_t size = 0;
    for (std::size_t i = 1; i < bytes.size(); ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        size |= static_cast<std::size_t>(byte & 127U) << (7 * (i - 1));
        if (byte < 128) {
            if (bytes.size() - i - 1 < size) return {};
            return Frame{static_cast<std::uint8_t>(bytes[0]), bytes.substr(i + 1, size),
                         bytes.substr(0, i + 1 + size)};
        }
        if (i == 4) throw std::runtime_error("a packet whose length is no length");
    }
    return {};
}

std::string connectPacket(const ConnectOptions& options) {
    std::string body;
    appendText(body, "MQTT");
    body.push_back(4);                             // 3.1.1
    body.push_back(options.isPersistent ? 0 : 2);  // clean session
    append16(body, static_cast<std::size_t>(options.keepAlive));
    appendText(body, options.clientId);
    return packet(0x10, body);
}

std::string subscribePacket(std::string_view topic, unsigned qos) {
    std::string body;
    append16(body, 1);
    appendText(body, topic);
    body.push_back(static_cast<char>(qos));
    return packet(0x82, body);
}

void appendAck(std::string& out, std::uint16_t packetId) {
    const char ack[] = {0x40, 2, static_cast<char>(packetId >> 8U),
                        static_cast<char>(packetId & 0xFFU)};
    out.append(ack, sizeof ack);
}

PublishTemplate::PublishTemplate(std::string_view topic, unsigned qos, std::size_t size) {
    std::string body;
    appendText(body, topic);
    const std::size_t packetId = body.size();
    if (qos > 0) append16(body, 1);
    const std::size_t payload = body.size();
    body.append(size, 'x');
    packet_ = packet(0x30U | qos << 1U, body);
    const std::size_t head = packet_.size() - body.size();
    if (qos > 0) packetIdAt_ = head + packetId;
    payloadAt_ = head + payload;
}

void PublishTemplate::appendTo(std::string& out, const Stamp& stamp) const {
    const std::size_t at = out.size();
    out += packet_;
    if (packetIdAt_ > 0) {
        const auto id = static_cast<unsigned>(stamp.sequence % 65'535 + 1);
        out[at + packetIdAt_] = static_cast<char>(id >> 8U);
        out[at + packetIdAt_ + 1] = static_cast<char>(id & 0xFFU);
    }
    std::memcpy(&out[at + payloadAt_], &stamp, sizeof stamp);
}

Arrival readArrival(const Frame& publish) {
    const std::size_t idSize = publish.qos() > 0 ? 2 : 0;
    const std::string_view body = publish.body;
    const std::size_t topicSize = body.size() < 2 ? 0 : u16At(body, 0);
    const std::size_t payloadAt = 2 + topicSize + idSize;
    if (body.size() < payloadAt + sizeof(Stamp))
        throw std::runtime_error("a PUBLISH from the broker that is too short");
    Arrival arrival;
    if (idSize > 0) arrival.packetId = u16At(body, 2 + topicSize);
    std::memcpy(&arrival.stamp, body.data() + payloadAt, sizeof arrival.stamp);
    return arrival;
}

}  // namespace muster::bench
