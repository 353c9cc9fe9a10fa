#include "common/config/fields.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

namespace muster::config {
namespace {

using Kind = JsonValue::Kind;

/// Walks a muster.json beside the table: `path` is the row's, `pointer` the value's.
class Checker {
public:
    Checker(std::string file, Problems& problems) : file_(std::move(file)), problems_(problems) {}

    void object(const JsonValue& value, const std::string& path, const std::string& pointer) {
        const std::string prefix = path.empty() ? "" : path + ".";
        for (const auto& member : value.members) {
            if (problems_.isFull()) return;
            const std::string where = childPointer(pointer, member.key);
            const auto known = children(prefix);
            // Looked for among the children first: a key may hold the dots of a deeper row's path.
            if (std::find(known.begin(), known.end(), member.key) != known.end()) {
                check(member.value, *row(prefix + member.key), where);
            } else {
                error(member.line, where,
                      fmt::format("unknown key \"{}\".{} Known here: {}.", member.key,
                                  suggestion(member.key, known), enumerate(known)));
            }
        }
    }

private:
    void error(int line, const std::string& pointer, std::string text) {
        problems_.error({file_, line, pointer}, std::move(text));
    }

    static const Field* row(const std::string& path) {
        for (const auto& field : kFields)
            if (field.path == path) return &field;
        return nullptr;
    }

    static std::vector<std::string> children(const std::string& prefix) {
        std::vector<std::string> names;
        for (const auto& field : kFields) {
            if (field.path.compare(0, prefix.size(), prefix) != 0) continue;
            const std::string rest = field.path.substr(prefix.size());
            if (!rest.empty() && rest.find_first_of(".[<") == std::string::npos)
                names.push_back(rest);
        }
        return names;
    }

    /// broker and command have a short form beside their object.
    static bool isShortForm(const JsonValue& value, const Field& field) {
        return (field.path == "broker" && value.kind == Kind::String) ||
               (field.path == "types.<type>.command" && value.kind == Kind::Array);
    }

    void check(const JsonValue& value, const Field& field, const std::string& pointer) {
        if (isShortForm(value, field)) {
            const Field* full = row(field.path + (value.kind == Kind::String ? ".url" : ".argv"));
            return check(value, *full, pointer);
        }
        const Kind wanted = kindOf(field.type);
        if (value.kind != wanted) {
            return error(
                value.line, pointer,
                fmt::format("is {}, but must be {}", kindName(value.kind), wantedText(field)));
        }
        switch (field.type) {
            case FieldType::Object: return object(value, field.path, pointer);
            case FieldType::Map: return map(value, field, pointer);
            case FieldType::TextMap: return textMap(value, field, pointer);
            case FieldType::List: return list(value, field, pointer);
            case FieldType::Text: return text(value, field, pointer);
            case FieldType::Integer: return integer(value, field, pointer);
            case FieldType::Duration: return duration(value, field, pointer);
            case FieldType::Choice: return choice(value, field, pointer);
            case FieldType::Flag: return;
        }
    }

    static std::string wantedText(const Field& field) {
        if (field.path == "types.<type>.command")
            return "a list like [\"/path/to/program\", \"--id=${id}\"], or an object";
        std::string text = kindName(kindOf(field.type));
        if (field.type == FieldType::Duration) text += " like \"500ms\", \"10s\" or \"5m\"";
        return text;
    }

    static Kind kindOf(FieldType type) {
        switch (type) {
            case FieldType::Object:
            case FieldType::Map:
            case FieldType::TextMap: return Kind::Object;
            case FieldType::List: return Kind::Array;
            case FieldType::Flag: return Kind::Bool;
            case FieldType::Integer: return Kind::Number;
            default: return Kind::String;
        }
    }

    void map(const JsonValue& value, const Field& field, const std::string& pointer) {
        if (value.members.size() > static_cast<std::size_t>(field.most))
            return error(value.line, pointer, fmt::format("has more than {} entries", field.most));
        const Field* entry = row(field.path + ".<type>");
        for (const auto& member : value.members)
            check(member.value, *entry, childPointer(pointer, member.key));
    }

    void textMap(const JsonValue& value, const Field& field, const std::string& pointer) {
        for (const auto& member : value.members) {
            const std::string where = childPointer(pointer, member.key);
            if (member.key.empty() ||
                member.key.find_first_of(std::string_view("=\0", 2)) != std::string::npos)
                error(member.line, where, "is no name of an environment variable");
            if (member.value.kind != Kind::String) {
                error(member.value.line, where,
                      fmt::format("is {}, but must be a string", kindName(member.value.kind)));
            } else {
                text(member.value, field, where);
            }
        }
    }

    void list(const JsonValue& value, const Field& field, const std::string& pointer) {
        const auto count = static_cast<std::int64_t>(value.elements.size());
        if (count < field.least || count > field.most)
            return error(value.line, pointer,
                         fmt::format("has {} entries, but must have {} to {}", count, field.least,
                                     field.most));
        const Field* entry = row(field.path + "[]");
        for (std::size_t i = 0; i < value.elements.size(); ++i)
            check(value.elements[i], *entry, childPointer(pointer, i));
    }

    void text(const JsonValue& value, const Field& field, const std::string& pointer) {
        const auto length = static_cast<std::int64_t>(value.text.size());
        if (length < field.least || length > field.most)
            error(value.line, pointer,
                  fmt::format("has {} bytes, but must have {} to {}", length, field.least,
                              field.most));
        else if (value.text.find('\0') != std::string::npos)
            error(value.line, pointer, "holds a NUL character: remove it");
    }

    void integer(const JsonValue& value, const Field& field, const std::string& pointer) {
        if (!value.integer)
            return error(value.line, pointer, fmt::format("{} is not a whole number", value.text));
        const std::int64_t number = *value.integer;
        if (number >= field.least && number <= field.most) return;
        if (field.path == "configVersion")
            return error(value.line, pointer,
                         fmt::format("{} is not known: this muster reads version 1", number));
        const bool isAbove = number > field.most;
        error(value.line, pointer,
              fmt::format("{} is {} {}: give {} to {}", number, isAbove ? "above" : "below",
                          isAbove ? field.most : field.least, field.least, field.most));
    }

    void duration(const JsonValue& value, const Field& field, const std::string& pointer) {
        const auto parsed = parseDuration(value.text);
        if (!parsed)
            return error(value.line, pointer,
                         fmt::format("\"{}\" is not a duration: write a whole number and ms, s, m "
                                     "or h, like \"500ms\"",
                                     value.text));
        if (parsed->count() < field.least || parsed->count() > field.most)
            error(value.line, pointer,
                  fmt::format("\"{}\" is out of range: give {} ms to {} h", value.text, field.least,
                              field.most / 3'600'000));
    }

    void choice(const JsonValue& value, const Field& field, const std::string& pointer) {
        for (const auto& name : field.choices)
            if (name == value.text) return;
        error(value.line, pointer,
              fmt::format("\"{}\" is not known.{} Known: {}.", value.text,
                          suggestion(value.text, field.choices), enumerate(field.choices)));
    }

    std::string file_;
    Problems& problems_;
};

}  // namespace

std::optional<std::chrono::milliseconds> parseDuration(std::string_view text) {
    constexpr std::int64_t kMost = 365LL * 24 * 3600 * 1000;
    std::int64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc() || number < 0 || text.front() == '-') return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const std::int64_t scale = unit == "ms"  ? 1
                               : unit == "s" ? 1000
                               : unit == "m" ? 60'000
                               : unit == "h" ? 3'600'000
                                             : 0;
    if (scale == 0 || number > kMost / scale) return std::nullopt;
    return std::chrono::milliseconds(number * scale);
}

void checkFields(const JsonValue& root, const std::string& file, Problems& problems) {
    if (root.kind != Kind::Object)
        return problems.error({file, root.line, ""},
                              fmt::format("is {}, but must be an object", kindName(root.kind)));
    Checker(file, problems).object(root, "", "");
    if (root.find("configVersion") == nullptr)
        problems.error({file, root.line, "/configVersion"}, "is missing: add \"configVersion\": 1");
}

}  // namespace muster::config
