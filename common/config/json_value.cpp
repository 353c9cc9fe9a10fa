#include "common/config/json_reader.hpp"

#include <nlohmann/json.hpp>

namespace muster::config {

const JsonValue* JsonValue::find(std::string_view key) const {
    for (const auto& member : members)
        if (member.key == key) return &member.value;
    return nullptr;
}

std::string JsonValue::dump() const {
    switch (kind) {
        case Kind::Null: return "null";
        case Kind::Bool: return boolean ? "true" : "false";
        case Kind::Number: return text;
        case Kind::String: return quoteJson(text);
        case Kind::Array: {
            std::string out = "[";
            for (const auto& element : elements)
                out += (out.size() > 1 ? "," : "") + element.dump();
            return out + "]";
        }
        case Kind::Object: break;
    }
    std::string out = "{";
    for (const auto& member : members)
        out += (out.size() > 1 ? "," : "") + quoteJson(member.key) + ":" + member.value.dump();
    return out + "}";
}

std::string childPointer(const std::string& pointer, std::string_view key) {
    std::string out = pointer + "/";
    for (const char c : key) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out.push_back(c);
        }
    }
    return out;
}

std::string childPointer(const std::string& pointer, std::size_t index) {
    return pointer + "/" + std::to_string(index);
}

std::string quoteJson(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

const char* kindName(JsonValue::Kind kind) noexcept {
    switch (kind) {
        case JsonValue::Kind::Null: return "null";
        case JsonValue::Kind::Bool: return "true or false";
        case JsonValue::Kind::Number: return "a number";
        case JsonValue::Kind::String: return "a string";
        case JsonValue::Kind::Array: return "a list";
        case JsonValue::Kind::Object: return "an object";
    }
    return "something else";
}

}  // namespace muster::config
