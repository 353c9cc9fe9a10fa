#include "common/wire/json_scanner.hpp"

#include <algorithm>
#include <utility>

namespace muster::wire {

JsonObjectReader::JsonObjectReader(std::string_view text) noexcept : scanner_(text) {
    scanner_.skipSpace();
    if (!scanner_.take('{')) state_ = State::Failed;
}

std::optional<JsonMember> JsonObjectReader::fail() noexcept {
    state_ = State::Failed;
    return std::nullopt;
}

std::optional<JsonMember> JsonObjectReader::finish() noexcept {
    scanner_.skipSpace();
    state_ = scanner_.isAtEnd() ? State::Done : State::Failed;
    return std::nullopt;
}

std::optional<JsonMember> JsonObjectReader::next() noexcept {
    if (state_ == State::Done || state_ == State::Failed) return std::nullopt;
    scanner_.skipSpace();
    if (scanner_.take('}')) return finish();
    if (state_ == State::More) {
        if (!scanner_.take(',')) return fail();
        scanner_.skipSpace();
    }
    const auto quoted = scanner_.string();
    if (!quoted) return fail();
    scanner_.skipSpace();
    if (!scanner_.take(':')) return fail();
    scanner_.skipSpace();
    const auto value = scanner_.value(kMaxJsonDepth - 1);
    if (!value) return fail();
    state_ = State::More;
    return JsonMember{quoted->substr(1, quoted->size() - 2), *value};
}

bool isValidJson(std::string_view text, int maxDepth) noexcept {
    JsonScanner scanner(text);
    scanner.skipSpace();
    if (!scanner.value(maxDepth)) return false;
    scanner.skipSpace();
    return scanner.isAtEnd();
}

std::optional<JsonValue> findMember(std::string_view text, std::string_view key) noexcept {
    JsonObjectReader reader(text);
    while (const auto member = reader.next())
        if (member->key == key) return member->value;
    return std::nullopt;
}

bool appendMembers(std::string& out, std::string_view text,
                   std::initializer_list<std::string_view> except) {
    const std::size_t before = out.size();
    bool isFirst = out.empty() || out.back() == '{';
    JsonObjectReader reader(text);
    while (const auto member = reader.next()) {
        if (std::find(except.begin(), except.end(), member->key) != except.end()) continue;
        out += std::exchange(isFirst, false) ? "\"" : ",\"";
        out.append(member->key).append("\":").append(member->value.text);
    }
    if (!reader.isValid()) out.resize(before);
    return reader.isValid();
}

}  // namespace muster::wire
