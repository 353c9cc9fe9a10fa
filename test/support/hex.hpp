#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace muster::test {

/// The bytes of a hex text; blanks are ignored, 'text in quotes' stands for itself.
inline std::string hex(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string bytes;
    int high = -1;
    bool quoted = false;
    for (const char c : text) {
        if (c == '\'') {
            quoted = !quoted;
        } else if (quoted) {
            bytes.push_back(c);
        } else if (c != ' ') {
            const auto digit = kDigits.find(c);
            if (digit == std::string_view::npos) throw std::invalid_argument("not hex");
            if (high >= 0) bytes.push_back(static_cast<char>(high << 4 | static_cast<int>(digit)));
            high = high >= 0 ? -1 : static_cast<int>(digit);
        }
    }
    return bytes;
}

}  // namespace muster::test
