#pragma once

#include "common/config/problems.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// muster.json's fields, stated once: what is accepted, what the documentation says and what a
/// mistyped key is compared with all come from this table.
namespace muster::config {

enum class FieldType {
    Object,  // its fields are the rows below it
    Map,     // any keys; rows below name the key <type>
    List,    // of objects or strings: the row "name[]" says which
    Text,
    Flag,
    Integer,
    Duration,  // "500ms", "10s", "5m", "1h"
    Choice,
    TextMap  // any keys, string values
};

struct Field {
    std::string path;  // "types.<type>.stop.timeout", "listeners[].port"
    FieldType type;
    std::string defaultText;  // for people; empty: none
    std::int64_t least = 0;   // Integer: itself; Duration: ms; Text, List, Map: length
    std::int64_t most = 0;
    std::vector<std::string> choices;
    std::string line;  // one line for people
};

/// All fields, parents before children.
extern const std::vector<Field> kFields;
/// The same as a Markdown table, as it stands in docs/configuration.md.
std::string fieldTable();
/// Checks keys, types and ranges of a whole muster.json against kFields.
void checkFields(const JsonValue& root, const std::string& file, Problems& problems);

/// A number and a unit (ms, s, m, h), e.g. "1500ms"; at most 365 days. No value: not a duration.
std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);

}  // namespace muster::config
