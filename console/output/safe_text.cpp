#include "console/output/safe_text.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct Decoded {
    std::uint32_t point = 0;
    std::size_t length = 0;  // bytes; 0: not UTF-8 here
};

std::size_t lengthByLead(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead < 0xe0) return 2;
    if (lead >= 0xe0 && lead < 0xf0) return 3;
    if (lead >= 0xf0 && lead < 0xf5) return 4;
    return 0;
}

Decoded decode(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lengthByLead(lead);
    if (length == 0 || length > text.size()) return {};
    std::uint32_t point = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xc0U) != 0x80U) return {};
        point = (point << 6U) | (byte & 0x3fU);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool isSurrogate = point >= 0xd800 && point <= 0xdfff;
    if (point < kSmallest[length] || point > 0x10ffff || isSurrogate) return {};
    return {point, length};
}

/// Characters that move the cursor, change the direction of text, or cannot be seen.
bool isDeceptive(std::uint32_t point) {
    if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return true;
    if (point == 0xad || point == 0x61c || point == 0xfeff) return true;
    return (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x206f) || (point >= 0xe0000 && point <= 0xe007f);
}

}  // namespace

std::string safeText(std::string_view text) {
    std::string safe;
    safe.reserve(text.size());
    while (!text.empty()) {
        const Decoded next = decode(text);
        if (next.length == 0) {
            safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
        } else if (isDeceptive(next.point)) {
            safe += next.point < 0x80 ? fmt::format("\\x{:02x}", next.point)
                                      : fmt::format("\\u{:04x}", next.point);
        } else {
            safe += text.substr(0, next.length);
        }
        text.remove_prefix(next.length == 0 ? 1 : next.length);
    }
    return safe;
}

std::size_t displayWidth(std::string_view text) {
    std::size_t width = 0;
    for (const char c : text) width += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;
    return width;
}

std::string fitted(std::string_view text, std::size_t width, std::string_view ellipsis) {
    if (displayWidth(text) <= width) return std::string(text);
    const std::size_t mark = displayWidth(ellipsis);
    if (width <= mark) return std::string(width, '.');
    std::size_t end = 0;
    std::size_t columns = 0;
    while (end < text.size()) {
        const bool isStart = (static_cast<unsigned char>(text[end]) & 0xc0U) != 0x80U;
        if (isStart && columns == width - mark) break;
        columns += isStart ? 1 : 0;
        ++end;
    }
    return std::string(text.substr(0, end)).append(ellipsis);
}

}  // namespace muster::cli
