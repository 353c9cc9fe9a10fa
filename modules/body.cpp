#include "modules/body.hpp"

#include "common/wire/json_scanner.hpp"

#include <muster/json.hpp>

#include <fmt/format.h>

namespace muster::modules {
namespace {

constexpr std::size_t kMaxTexts = 10'000;

}  // namespace

Result<nlohmann::json> parseObject(const JsonText& message) {
    if (message.empty() || message == "null") return nlohmann::json::object();
    auto parsed = parseJson(message);
    if (!parsed || !parsed->is_object()) return Error(Errc::BadMessage, "expected a JSON object");
    return parsed;
}

std::string textOf(const nlohmann::json& object, const char* key) {
    const auto member = object.find(key);
    if (member == object.end() || !member->is_string()) return {};
    const auto& text = member->get_ref<const std::string&>();
    return text.size() <= kMaxText ? text : std::string();
}

Result<std::vector<std::string>> textsOf(const nlohmann::json& object, const char* key) {
    const auto bad = [key] {
        return Error(Errc::BadMessage, fmt::format("'{}' must be an array of strings", key));
    };
    const auto member = object.find(key);
    std::vector<std::string> texts;
    if (member == object.end() || member->is_null()) return texts;
    if (!member->is_array() || member->size() > kMaxTexts) return bad();
    for (const auto& item : *member) {
        if (!item.is_string() || item.get_ref<const std::string&>().size() > kMaxText) return bad();
        texts.push_back(item.get<std::string>());
    }
    return texts;
}

std::string_view peekText(const JsonText& message, std::string_view key) {
    const auto value = wire::findMember(message, key);
    if (!value || value->kind != wire::JsonKind::String) return {};
    return value->text.substr(1, value->text.size() - 2);
}

std::string twoDecimals(double value) {
    return fmt::format("{:.2f}", value);
}

}  // namespace muster::modules
