#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

struct JsonMember;

/// A JSON value that knows where it stood, so that a problem can name its line. Values of one file;
/// copyable; independent of the text they were read from.
struct JsonValue {
    enum class Kind { Null, Bool, Number, String, Array, Object };
    Kind kind = Kind::Null;
    int line = 0;      // 1-based, of its first character
    std::string text;  // String: the decoded value; Number: as written
    bool boolean = false;
    std::optional<std::int64_t> integer;  // a Number without fraction or exponent that fits
    std::vector<JsonValue> elements;      // Array
    std::vector<JsonMember> members;      // Object, in file order; keys are unique

    /// The member named `key` of an object; null if there is none or this is no object.
    const JsonValue* find(std::string_view key) const;
    /// As compact JSON text: keys in file order, numbers as they were written.
    std::string dump() const;
};

struct JsonMember {
    std::string key;
    int line = 0;
    JsonValue value;
};

/// What is wrong with a text as JSON.
struct JsonFault {
    int line = 0;
    int column = 0;
    std::string pointer;  // JSON pointer of the value it was found in
    std::string text;
};

struct JsonDocument {
    std::optional<JsonValue> root;  // absent if the text is not JSON
    std::vector<JsonFault>
        faults;  // a syntax error ends the reading; keys given twice are all listed
};

inline constexpr std::size_t kMaxFileSize = 16 << 20;  // bytes
inline constexpr int kMaxDepth = 64;                   // nested arrays and objects
inline constexpr std::size_t kMaxValues = 1'000'000;   // values in one file

/// Reads strict JSON (RFC 8259; a UTF-8 byte order mark is skipped, as Node.js does): no comments,
/// no trailing commas, valid UTF-8, no key twice. Total: never throws, bounded in depth and size.
JsonDocument readJson(std::string_view text);

/// `pointer` + "/" + `key` with ~ and / escaped (RFC 6901).
std::string childPointer(const std::string& pointer, std::string_view key);
std::string childPointer(const std::string& pointer, std::size_t index);

/// `text` as a JSON string with its quotes.
std::string quoteJson(std::string_view text);

/// "an object", "a string" …, for messages.
const char* kindName(JsonValue::Kind kind) noexcept;

}  // namespace muster::config
