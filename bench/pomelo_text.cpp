#include "bench/pomelo_text.hpp"

#include <cstdlib>

namespace muster::bench {

void appendPublish(std::string& out, std::string_view topic, std::string_view payload) {
    out.push_back('\x30');
    for (std::size_t left = 2 + topic.size() + payload.size();;) {
        const std::size_t digit = left % 128;
        left /= 128;
        out.push_back(static_cast<char>(left > 0 ? digit | 128 : digit));
        if (left == 0) break;
    }
    out.push_back('\0');
    out.push_back(static_cast<char>(topic.size()));
    out.append(topic).append(payload);
}

void unescape(std::string_view text, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool isEscape =
            text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
        out.push_back(text[isEscape ? ++i : i]);
    }
}

void appendEscaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == '"' || c == '\\') out.push_back('\\');
        out.push_back(c);
    }
}

std::string_view valueOf(std::string_view json, std::string_view key) {
    const std::size_t at = json.find(key);
    if (at == std::string_view::npos) return {};
    json.remove_prefix(at + key.size());
    int depth = 0;
    bool isQuoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (isQuoted) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                isQuoted = false;
        } else if (c == '"') {
            isQuoted = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
            return json.substr(0, i);
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return {};
}

std::size_t numberOf(std::string_view json, std::string_view key) {
    return std::strtoull(std::string(valueOf(json, key)).c_str(), nullptr, 10);
}

}  // namespace muster::bench
