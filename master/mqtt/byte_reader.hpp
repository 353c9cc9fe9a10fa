#pragma once

#include "master/mqtt/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace muster::mqtt {

bool isValidUtf8(std::string_view text) noexcept;

/// Reads MQTT's data types (MQTT 5, 1.5) from bytes it does not own. The first failure sticks:
/// afterwards every read gives zero or nothing and `atEnd()` is true, so that callers may read on
/// and look once, at the end. Never allocates.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) noexcept : rest_(bytes) {}

    bool atEnd() const noexcept { return rest_.empty(); }
    std::size_t left() const noexcept { return rest_.size(); }
    bool failed() const noexcept { return detail_ != nullptr; }
    ReasonCode code() const noexcept { return code_; }
    /// Static text; null while nothing failed.
    const char* detail() const noexcept { return detail_; }

    /// Records a failure; `detail` is static text. Later ones are ignored.
    void fail(ReasonCode code, const char* detail) noexcept {
        if (!failed()) {
            code_ = code;
            detail_ = detail;
        }
        rest_ = {};
    }
    void malformed(const char* detail) noexcept { fail(ReasonCode::MalformedPacket, detail); }
    void violation(const char* detail) noexcept { fail(ReasonCode::ProtocolError, detail); }

    std::string_view bytes(std::size_t count) noexcept {
        if (count > rest_.size()) {
            malformed("a field ends after its packet");
            return {};
        }
        const std::string_view result = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return result;
    }
    std::string_view remaining() noexcept { return bytes(rest_.size()); }

    std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(unsignedInteger(1)); }
    std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(unsignedInteger(2)); }
    std::uint32_t u32() noexcept { return unsignedInteger(4); }

    /// Variable Byte Integer in at most four bytes, and no more than it needs (MQTT 5, 1.5.5).
    std::uint32_t varint() noexcept {
        std::uint32_t value = 0;
        for (unsigned shift = 0; shift < 28; shift += 7) {
            const std::uint8_t byte = u8();
            value |= static_cast<std::uint32_t>(byte & 0x7F) << shift;
            if (byte >= 0x80) continue;
            if (byte == 0 && shift > 0) malformed("an integer has more bytes than it needs");
            return failed() ? 0 : value;
        }
        malformed("a variable byte integer has more than four bytes");
        return 0;
    }

    /// Binary Data: a two-byte length, then that many bytes (1.5.6).
    std::string_view binary() noexcept { return bytes(u16()); }

    /// UTF-8 Encoded String (1.5.4).
    std::string_view text() noexcept {
        const std::string_view result = binary();
        if (!isValidUtf8(result)) malformed("a string is not well-formed UTF-8 without U+0000");
        return failed() ? std::string_view{} : result;
    }

private:
    std::uint32_t unsignedInteger(std::size_t size) noexcept {
        std::uint32_t value = 0;
        for (const char c : bytes(size)) value = value << 8 | static_cast<unsigned char>(c);
        return value;
    }

    std::string_view rest_;
    const char* detail_ = nullptr;
    ReasonCode code_ = ReasonCode::Success;
};

}  // namespace muster::mqtt
