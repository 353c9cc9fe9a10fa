#pragma once

#include "common/config/fields.hpp"
#include "common/config/json_reader.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Values of an object's keys. Those of the wrong kind were reported by checkFields(): here they
/// just leave what was there, as absent ones do.
namespace muster::config {

inline void take(const JsonValue& object, std::string_view key, std::string& out) {
    const JsonValue* value = object.find(key);
    if (value != nullptr && value->kind == JsonValue::Kind::String) out = value->text;
}
inline void take(const JsonValue& object, std::string_view key, bool& out) {
    const JsonValue* value = object.find(key);
    if (value != nullptr && value->kind == JsonValue::Kind::Bool) out = value->boolean;
}
template <class Integer>
void takeInteger(const JsonValue& object, std::string_view key, Integer& out) {
    const JsonValue* value = object.find(key);
    if (value != nullptr && value->integer) out = static_cast<Integer>(*value->integer);
}
inline void take(const JsonValue& object, std::string_view key, std::chrono::milliseconds& out) {
    const JsonValue* value = object.find(key);
    if (value == nullptr || value->kind != JsonValue::Kind::String) return;
    if (const auto parsed = parseDuration(value->text)) out = *parsed;
}
inline std::vector<std::string> texts(const JsonValue* list) {
    std::vector<std::string> out;
    if (list == nullptr) return out;
    for (const auto& element : list->elements)
        if (element.kind == JsonValue::Kind::String) out.push_back(element.text);
    return out;
}
inline std::string word(const JsonValue& object, std::string_view key) {
    std::string out;
    take(object, key, out);
    return out;
}

}  // namespace muster::config
