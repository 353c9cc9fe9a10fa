#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace muster::mqtt {

/// Appends MQTT's data types (MQTT 5, 1.5) to a string that its user owns.
class ByteWriter {
public:
    explicit ByteWriter(std::string& out) noexcept : out_(out) {}

    void u8(unsigned value) { out_.push_back(static_cast<char>(value & 0xFF)); }
    void u16(unsigned value) {
        u8(value >> 8);
        u8(value);
    }
    void u32(std::uint32_t value) {
        u16(value >> 16);
        u16(value);
    }
    /// Variable Byte Integer; `value` below 2^28.
    void varint(std::size_t value) {
        for (; value >= 0x80; value >>= 7) u8(0x80U | static_cast<unsigned>(value & 0x7F));
        u8(static_cast<unsigned>(value));
    }
    /// Bytes that varint() writes.
    static constexpr std::size_t varintSize(std::size_t value) noexcept {
        std::size_t size = 1;
        for (; value >= 0x80; value >>= 7) ++size;
        return size;
    }
    /// A two-byte length and the bytes: UTF-8 strings and binary data. Over-long data (a broken
    /// precondition) is cut, so that what follows keeps its place in the stream.
    void prefixed(std::string_view data) {
        const std::string_view kept = fitting(data);
        u16(static_cast<unsigned>(kept.size()));
        out_.append(kept);
    }
    void raw(std::string_view data) { out_.append(data); }
    /// As much of `data` as prefixed() writes.
    static std::string_view fitting(std::string_view data) noexcept {
        return data.substr(0, 0xFFFF);
    }

private:
    std::string& out_;
};

}  // namespace muster::mqtt
