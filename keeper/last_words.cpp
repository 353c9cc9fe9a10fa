#include "keeper/last_words.hpp"

#include "common/process/keeper_protocol.hpp"

#include <algorithm>
#include <string_view>

namespace muster::keeper {

namespace {

constexpr std::size_t kMaxLineBytes = 300;

bool isContinuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

std::string harmless(std::string_view line) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const char c : line) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\t') {
            text += ' ';
        } else if (byte < 0x20 || byte == 0x7f) {
            text += "\\x";
            text += kDigits[byte >> 4U];
            text += kDigits[byte & 0xfU];
        } else {
            text += c;
        }
        if (text.size() > kMaxLineBytes) break;
    }
    if (text.size() <= kMaxLineBytes) return text;
    std::size_t end = kMaxLineBytes;
    while (end > 0 && isContinuation(text[end])) --end;  // no half a character
    return text.substr(0, end);
}

}  // namespace

std::vector<std::string> lastWords(const std::vector<std::string>& lines) {
    std::vector<std::string> words;
    std::size_t bytes = 0;
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        std::string_view whole(*line);
        if (whole.ends_with('\r')) whole.remove_suffix(1);
        if (whole.find_first_not_of(" \t") == std::string_view::npos) continue;
        std::string text = harmless(whole);
        bytes += text.size();
        if (words.size() == kMaxLastLines || bytes > kMaxLastBytes) break;
        words.push_back(std::move(text));
    }
    std::reverse(words.begin(), words.end());
    return words;
}

}  // namespace muster::keeper
