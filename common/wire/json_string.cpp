#include "common/wire/json_scanner.hpp"

#include <algorithm>
#include <array>

namespace muster::wire {
namespace {

constexpr std::size_t kHexEscape = 6;            // \uXXXX
constexpr std::size_t kMostReserved = 64 << 10;  // bytes, for a string whose end is not known

bool isHighSurrogate(unsigned unit) noexcept {
    return unit >= 0xD800 && unit <= 0xDBFF;
}
bool isLowSurrogate(unsigned unit) noexcept {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

int hexDigit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The UTF-16 unit of the escape \uXXXX at the start of `text`; no value if there is none.
std::optional<unsigned> unitAt(std::string_view text) noexcept {
    if (text.size() < kHexEscape || text[0] != '\\' || text[1] != 'u') return std::nullopt;
    unsigned unit = 0;
    for (std::size_t i = 2; i < kHexEscape; ++i) {
        const int digit = hexDigit(text[i]);
        if (digit < 0) return std::nullopt;
        unit = unit * 16 + static_cast<unsigned>(digit);
    }
    return unit;
}

struct Escape {
    char32_t point = 0;
    std::size_t length = 0;  // 0: not valid
};

char simpleEscape(char c) noexcept {
    switch (c) {
        case '"':
        case '\\':
        case '/': return c;
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        default: return '\0';
    }
}

/// The escape at the start of `text`, which begins with a backslash.
Escape escapeAt(std::string_view text) noexcept {
    if (text.size() < 2) return {};
    if (const char c = simpleEscape(text[1]); c != '\0') return {static_cast<char32_t>(c), 2};
    const auto unit = unitAt(text);
    if (!unit || isLowSurrogate(*unit)) return {};
    if (!isHighSurrogate(*unit)) return {static_cast<char32_t>(*unit), kHexEscape};
    const auto low = unitAt(text.substr(kHexEscape));
    if (!low || !isLowSurrogate(*low)) return {};
    const unsigned point = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
    return {static_cast<char32_t>(point), 2 * kHexEscape};
}

void appendUtf8(std::string& out, char32_t point) {
    const auto put = [&out](char32_t bits) { out += static_cast<char>(bits); };
    if (point < 0x80) return put(point);
    if (point < 0x800) {
        put(0xC0 | (point >> 6));
    } else {
        if (point < 0x10000) {
            put(0xE0 | (point >> 12));
        } else {
            put(0xF0 | (point >> 18));
            put(0x80 | (point >> 12 & 0x3F));
        }
        put(0x80 | (point >> 6 & 0x3F));
    }
    put(0x80 | (point & 0x3F));
}

void appendControl(std::string& out, unsigned char c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += "\\u00";
    out += kHex[c >> 4];
    out += kHex[c & 0xF];
}

void appendAscii(std::string& out, char c) {
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    if (static_cast<unsigned char>(c) < 0x20)
        appendControl(out, static_cast<unsigned char>(c));
    else
        out += c;
}

}  // namespace

bool JsonScanner::escape() noexcept {
    const Escape escape = escapeAt(text_.substr(position_));
    position_ += escape.length;
    return escape.length > 0;
}

std::optional<std::string> JsonScanner::unescapedString() {
    if (!take('"')) return std::nullopt;
    std::string out;
    out.reserve(std::min(text_.size() - position_, kMostReserved));
    for (;;) {
        const std::size_t plain = plainLength(text_.substr(position_));
        out.append(text_, position_, plain);
        position_ += plain;
        if (take('"')) return out;
        if (peek() == '\\') {
            const Escape escape = escapeAt(text_.substr(position_));
            if (escape.length == 0) return std::nullopt;
            if (escape.point < 0x80)
                out += static_cast<char>(escape.point);
            else
                appendUtf8(out, escape.point);
            position_ += escape.length;
        } else {
            const std::size_t from = position_;
            if (!utf8()) return std::nullopt;
            out.append(text_, from, position_ - from);
        }
    }
}

std::optional<std::string> unescapeJson(std::string_view quoted) {
    if (quoted.size() >= 2 && quoted.front() == '"' && quoted.back() == '"')
        quoted = quoted.substr(1, quoted.size() - 2);
    std::string out;
    out.reserve(quoted.size());
    while (!quoted.empty()) {
        const std::size_t plain = std::min(quoted.find('\\'), quoted.size());
        out.append(quoted.substr(0, plain));
        quoted.remove_prefix(plain);
        if (quoted.empty()) break;
        const Escape escape = escapeAt(quoted);
        if (escape.length == 0) return std::nullopt;
        appendUtf8(out, escape.point);
        quoted.remove_prefix(escape.length);
    }
    return out;
}

void appendJsonEscaped(std::string& out, std::string_view text) {
    constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
    for (;;) {
        const std::size_t plain = plainLength(text);
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) break;
        const std::size_t length = utf8Length(text);
        if (length == 1)
            appendAscii(out, text.front());
        else
            out += length > 0 ? text.substr(0, length) : kReplacement;
        text.remove_prefix(length > 0 ? length : 1);
    }
}

void appendJsonString(std::string& out, std::string_view text) {
    out.reserve(out.size() + text.size() + 2);
    out += '"';
    appendJsonEscaped(out, text);
    out += '"';
}

std::string jsonString(std::string_view text) {
    std::string out;
    appendJsonString(out, text);
    return out;
}

}  // namespace muster::wire
