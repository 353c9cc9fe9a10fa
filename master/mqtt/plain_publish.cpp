#include "master/mqtt/plain_publish.hpp"

namespace muster::mqtt {

namespace {

std::size_t u16At(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])) << 8 |
           static_cast<unsigned char>(bytes[at + 1]);
}

struct Header {
    std::size_t size = 0;  // of the fixed header; 0: not whole, or malformed
    std::size_t body = 0;
};

Header readHeader(std::string_view bytes) noexcept {
    Header header;
    for (std::size_t i = 1; i <= 4 && i < bytes.size(); ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        header.body |= static_cast<std::size_t>(byte & 0x7F) << (7 * (i - 1));
        if (byte >= 0x80) continue;
        if (byte != 0 || i == 1) header.size = i + 1;  // longer than needed: for decode() to judge
        break;
    }
    return header;
}

}  // namespace

bool readPlainPublish(std::string_view bytes, Version version, std::size_t maxPacketSize,
                      PlainPublish& result) noexcept {
    if (bytes.empty()) return false;
    const auto first = static_cast<unsigned char>(bytes[0]);
    const unsigned qos = (first >> 1) & 3U;
    if (first >> 4 != 3 || qos == 3 || (qos == 0 && (first & 8U) != 0)) return false;
    const Header header = readHeader(bytes);
    const std::size_t total = header.size + header.body;
    if (header.size == 0 || total > maxPacketSize || bytes.size() < total || header.body < 2)
        return false;
    const std::size_t topicSize = u16At(bytes, header.size);
    const std::size_t afterTopic = header.size + 2 + topicSize;
    const std::size_t propertiesAt = afterTopic + (qos > 0 ? 2U : 0U);
    const std::size_t payloadAt = propertiesAt + (version == Version::V5 ? 1U : 0U);
    if (topicSize == 0 || payloadAt > total) return false;
    if (version == Version::V5 && bytes[propertiesAt] != 0) return false;
    const std::size_t packetId = qos > 0 ? u16At(bytes, afterTopic) : 0;
    if (qos > 0 && packetId == 0) return false;
    const std::string_view topic = bytes.substr(header.size + 2, topicSize);
    if (!isValidUtf8(topic)) return false;
    result.topic = topic;
    result.payload = bytes.substr(payloadAt, total - payloadAt);
    result.qos = static_cast<std::uint8_t>(qos);
    result.retain = (first & 1U) != 0;
    result.dup = (first & 8U) != 0;
    result.packetId = static_cast<std::uint16_t>(packetId);
    result.size = total;
    return true;
}

FirstPublish peekFirstPublish(std::string_view bytes) noexcept {
    using Kind = FirstPublish::Kind;
    if (bytes.empty()) return {Kind::NeedMore, {}};
    constexpr unsigned kAllButRetain = 0xFE;
    if ((static_cast<unsigned char>(bytes[0]) & kAllButRetain) != 0x30) return {Kind::Other, {}};
    const Header header = readHeader(bytes);
    if (header.size == 0) return {bytes.size() < 5 ? Kind::NeedMore : Kind::Other, {}};
    if (header.body < 2) return {Kind::Other, {}};
    if (bytes.size() < header.size + 2) return {Kind::NeedMore, {}};
    const std::size_t topicSize = u16At(bytes, header.size);
    if (topicSize > header.body - 2) return {Kind::Other, {}};
    if (bytes.size() < header.size + 2 + topicSize) return {Kind::NeedMore, {}};
    return {Kind::Qos0Publish, bytes.substr(header.size + 2, topicSize)};
}

}  // namespace muster::mqtt
