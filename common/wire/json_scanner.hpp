#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

/// Looking into JSON text without building a tree: validates strictly (RFC 8259, UTF-8, bounded
/// depth, no lone surrogates), cuts values out as slices of the input, never recurses, never
/// copies, takes linear time. Pure and total on any bytes.
namespace muster::wire {

/// Nested arrays and objects that a text may have.
inline constexpr int kMaxJsonDepth = 64;

enum class JsonKind { Null, Boolean, Number, String, Array, Object };

/// One value as it stands in the input: a string with its quotes and escapes.
struct JsonValue {
    JsonKind kind = JsonKind::Null;
    std::string_view text;
};

struct JsonMember {
    std::string_view key;  // without the quotes, escapes as they stand
    JsonValue value;
};

/// A position in a text, which it only moves over what is valid.
class JsonScanner {
public:
    explicit JsonScanner(std::string_view text) : text_(text) {}
    /// Moves over white space.
    void skipSpace() noexcept {
        while (!isAtEnd() && isSpace(text_[position_])) ++position_;
    }
    /// Moves over `c` if it is the next character.
    bool take(char c) noexcept {
        if (isAtEnd() || text_[position_] != c) return false;
        ++position_;
        return true;
    }
    /// Moves over one value of at most `maxDepth` levels, without white space around it.
    std::optional<JsonValue> value(int maxDepth = kMaxJsonDepth) noexcept;
    /// Moves over one string; the slice has its quotes.
    std::optional<std::string_view> string() noexcept;
    /// Moves over one string and says what it means: string() and unescapeJson() in one pass.
    std::optional<std::string> unescapedString();
    bool isAtEnd() const noexcept { return position_ == text_.size(); }
    /// Bytes passed so far: where the error is, after a failure.
    std::size_t position() const noexcept { return position_; }

private:
    /// The containers that are open around the position: one bit each, set for an object.
    struct Nesting {
        std::uint64_t objects = 0;
        int depth = 0;
    };
    enum class Step { Failed, WantsValue, Complete };

    static bool isSpace(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
    char peek() const noexcept { return isAtEnd() ? '\0' : text_[position_]; }
    Step open(Nesting& nesting, int maxDepth) noexcept;
    Step afterValue(Nesting& nesting) noexcept;
    bool key() noexcept;
    bool scalar() noexcept;
    bool literal(std::string_view word) noexcept;
    bool number() noexcept;
    bool digits() noexcept;
    bool escape() noexcept;
    bool utf8() noexcept;
    void skipPlain() noexcept;

    std::string_view text_;
    std::size_t position_ = 0;
};

/// Reads the members of one object that is a whole text (white space around it is allowed).
class JsonObjectReader {
public:
    explicit JsonObjectReader(std::string_view text) noexcept;
    /// The next member; no value at the end, and at the first error.
    std::optional<JsonMember> next() noexcept;
    /// After next() gave no value: whether the whole text was one valid object.
    bool isValid() const noexcept { return state_ == State::Done; }
    std::size_t position() const noexcept { return scanner_.position(); }

private:
    enum class State { First, More, Done, Failed };
    std::optional<JsonMember> fail() noexcept;
    std::optional<JsonMember> finish() noexcept;

    JsonScanner scanner_;
    State state_ = State::First;
};

/// Whether `text` is exactly one JSON value, with white space around it allowed.
bool isValidJson(std::string_view text, int maxDepth = kMaxJsonDepth) noexcept;
/// The value of the first member `key` (no escapes in it) of an object; no value if it has none or
/// if `text` is not valid up to there.
std::optional<JsonValue> findMember(std::string_view text, std::string_view key) noexcept;
/// Appends the members of the object `text` to the object that `out` begins, as they stand, without
/// those named in `except`. False, and nothing is appended, if `text` is not one valid object.
bool appendMembers(std::string& out, std::string_view text,
                   std::initializer_list<std::string_view> except = {});
/// What a string means: `quoted` is a slice of kind String, or a JsonMember::key. No value if it
/// is not valid.
std::optional<std::string> unescapeJson(std::string_view quoted);
/// Appends `text` as a JSON string with quotes. Bytes that are not UTF-8 become U+FFFD.
void appendJsonString(std::string& out, std::string_view text);
/// The same without the quotes: a piece of such a string.
void appendJsonEscaped(std::string& out, std::string_view text);
/// `text` as a JSON string with quotes.
std::string jsonString(std::string_view text);
/// How many characters at the start of `text` mean themselves in a JSON string: ASCII without
/// quotes, backslashes and control characters. Reads eight at a time.
std::size_t plainLength(std::string_view text) noexcept;
/// Length of the valid UTF-8 sequence at the start of `text`; 0 if there is none (RFC 3629).
std::size_t utf8Length(std::string_view text) noexcept;

}  // namespace muster::wire
