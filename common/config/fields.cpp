#include "common/config/fields.hpp"

#include <fmt/core.h>

namespace muster::config {
namespace {

const char* typeName(FieldType type) {
    switch (type) {
        case FieldType::Object:
        case FieldType::Map: return "object";
        case FieldType::List: return "list";
        case FieldType::Text: return "string";
        case FieldType::Flag: return "bool";
        case FieldType::Integer: return "integer";
        case FieldType::Duration: return "duration";
        case FieldType::Choice: return "string";
        case FieldType::TextMap: break;
    }
    return "object of strings";
}

std::string rangeText(const Field& field) {
    switch (field.type) {
        case FieldType::Integer: return fmt::format("{} to {}", field.least, field.most);
        case FieldType::Duration:
            return fmt::format("{} ms to {} h", field.least, field.most / 3'600'000);
        case FieldType::Text: return fmt::format("{} to {} bytes", field.least, field.most);
        case FieldType::Map:
            return field.most == 0 ? "" : fmt::format("at most {} entries", field.most);
        case FieldType::List: return fmt::format("{} to {} entries", field.least, field.most);
        case FieldType::Choice: {
            std::string out;
            for (const auto& choice : field.choices)
                out += (out.empty() ? "`" : ", `") + choice + "`";
            return out;
        }
        default: return "";
    }
}

}  // namespace

std::string fieldTable() {
    std::string out =
        "| field | type | default | range | meaning |\n| --- | --- | --- | --- | --- |\n";
    for (const auto& field : kFields)
        out += fmt::format("| `{}` | {} | {} | {} | {} |\n", field.path, typeName(field.type),
                           field.defaultText, rangeText(field), field.line);
    return out;
}

}  // namespace muster::config
