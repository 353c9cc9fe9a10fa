#include "common/config/json_reader.hpp"

#include <charconv>
#include <set>

namespace muster::config {
namespace {

constexpr std::size_t kMaxFaults = 100;

/// Bytes of the UTF-8 sequence at `at`, 0 if it is not well formed (RFC 3629).
std::size_t utf8Length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const bool isOverlong = first == 0xE0 && byte(1) < 0xA0;
        const bool isSurrogate = first == 0xED && byte(1) > 0x9F;
        return !isOverlong && !isSurrogate && follows(1) && follows(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool isOverlong = first == 0xF0 && byte(1) < 0x90;
        const bool isAbove = first == 0xF4 && byte(1) > 0x8F;
        return !isOverlong && !isAbove && follows(1) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

void appendUtf8(std::string& out, unsigned code) {
    const auto put = [&](unsigned byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6), put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12), put(0x80 | (code >> 6 & 0x3F)), put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | code >> 18), put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F)), put(0x80 | (code & 0x3F));
    }
}

/// Recursive descent over one text; the depth is bounded. Every function returns false after a
/// syntax error, which ends the reading.
class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {
        if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = lineStart_ = 3;
    }

    JsonDocument read() {
        JsonValue root;
        const std::string_view start = text_.substr(0, 2);
        if (start == "\xFF\xFE" || start == "\xFE\xFF") {
            (void)fail("this is UTF-16: save the file as UTF-8");  // ends the reading
            return std::move(document_);
        }
        skipSpace();
        bool isGood = value(root, 0);
        if (isGood) {
            skipSpace();
            if (at_ < text_.size()) isGood = fail("there is something after the end of the value");
        }
        if (isGood) document_.root = std::move(root);
        return std::move(document_);
    }

private:
    bool fail(std::string what) {
        document_.faults.push_back(
            {line_, static_cast<int>(at_ - lineStart_) + 1, pointer(), std::move(what)});
        return false;
    }
    /// Built only when something is wrong: long keys must not cost time in good files.
    std::string pointer() const {
        std::string out;
        for (const auto& step : path_) out = childPointer(out, step);
        return out;
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool isAtEnd() const { return at_ >= text_.size(); }

    void skipSpace() {
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '\n') {
                ++line_;
                lineStart_ = at_ + 1;
            } else if (c != ' ' && c != '\t' && c != '\r') {
                return;
            }
        }
    }

    bool value(JsonValue& out, int depth) {
        if (isAtEnd()) return fail("the file ends where a value is expected");
        if (++values_ > kMaxValues) return fail("more than 1000000 values in one file");
        out.line = line_;
        const char c = peek();
        if (c == '{' || c == '[') {
            if (depth >= kMaxDepth) return fail("nested more than 64 levels deep");
            return c == '{' ? object(out, depth + 1) : array(out, depth + 1);
        }
        if (c == '"') {
            out.kind = JsonValue::Kind::String;
            return string(out.text);
        }
        if (c == '-' || (c >= '0' && c <= '9')) return number(out);
        return word(out);
    }

    /// Says what people write in JSON that is none, if it stands here; else `otherwise`.
    bool failAs(const char* otherwise) {
        if (peek() == '/') return fail("comments are not allowed in JSON: remove this one");
        if (peek() == '\'') return fail("strings are written with double quotes in JSON");
        return fail(otherwise);
    }

    bool word(JsonValue& out) {
        const auto is = [&](std::string_view name) {
            if (text_.substr(at_, name.size()) != name) return false;
            at_ += name.size();
            return true;
        };
        if (is("null")) return true;
        out.kind = JsonValue::Kind::Bool;
        if (is("true")) return out.boolean = true;
        if (is("false")) return true;
        return failAs("a value is expected here");
    }

    bool digits() {
        const std::size_t from = at_;
        while (peek() >= '0' && peek() <= '9') ++at_;
        return at_ > from;
    }

    bool number(JsonValue& out) {
        const std::size_t from = at_;
        if (peek() == '-') ++at_;
        const bool leadsWithZero = peek() == '0';
        const std::size_t whole = at_;
        if (!digits()) return fail("a digit is expected here");
        if (leadsWithZero && at_ > whole + 1) return fail("a number does not start with 0");
        bool isInteger = true;
        if (peek() == '.') {
            isInteger = false;
            ++at_;
            if (!digits()) return fail("a digit is expected after the point");
        }
        if (peek() == 'e' || peek() == 'E') {
            isInteger = false;
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            if (!digits()) return fail("a digit is expected in the exponent");
        }
        out.kind = JsonValue::Kind::Number;
        out.text = std::string(text_.substr(from, at_ - from));
        std::int64_t parsed = 0;
        const char* end = out.text.data() + out.text.size();
        const auto result = std::from_chars(out.text.data(), end, parsed);
        if (isInteger && result.ec == std::errc() && result.ptr == end) out.integer = parsed;
        return true;
    }

    bool string(std::string& out) {
        ++at_;  // the quote
        while (!isAtEnd()) {
            const auto c = static_cast<unsigned char>(text_[at_]);
            if (c == '"') {
                ++at_;
                return true;
            }
            if (c == '\\') {
                if (!escape(out)) return false;
                continue;
            }
            if (c < 0x20) return fail("a control character or line end inside a string: escape it");
            const std::size_t length = utf8Length(text_, at_);
            if (length == 0) return fail("this is not valid UTF-8: save the file as UTF-8");
            out.append(text_.substr(at_, length));
            at_ += length;
        }
        return fail("the file ends inside a string");
    }

    bool escape(std::string& out) {
        static constexpr std::string_view kNames = "\"\\/bfnrt";
        static constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
        ++at_;
        const std::size_t which = isAtEnd() ? std::string_view::npos : kNames.find(peek());
        if (which != std::string_view::npos) {
            out.push_back(kValues[which]);
            ++at_;
            return true;
        }
        if (peek() != 'u') return fail("unknown escape in a string");
        unsigned code = 0;
        if (!hex(code)) return false;
        if (code >= 0xDC00 && code <= 0xDFFF) return fail("half of a surrogate pair");
        if (code >= 0xD800 && code <= 0xDBFF) {
            unsigned low = 0;
            if (text_.substr(at_, 2) != "\\u") return fail("half of a surrogate pair");
            ++at_;
            if (!hex(low)) return false;
            if (low < 0xDC00 || low > 0xDFFF) return fail("half of a surrogate pair");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        appendUtf8(out, code);
        return true;
    }

    bool hex(unsigned& code) {
        ++at_;  // the u
        const std::string_view four = text_.substr(at_, 4);
        const auto result = std::from_chars(four.data(), four.data() + four.size(), code, 16);
        if (four.size() != 4 || result.ptr != four.data() + 4)
            return fail("four hexadecimal digits are expected after \\u");
        at_ += 4;
        return true;
    }

    bool array(JsonValue& out, int depth) {
        out.kind = JsonValue::Kind::Array;
        ++at_;
        skipSpace();
        if (peek() == ']') return ++at_, true;
        while (true) {
            path_.push_back(std::to_string(out.elements.size()));
            out.elements.emplace_back();
            if (!value(out.elements.back(), depth)) return false;
            path_.pop_back();
            skipSpace();
            if (peek() == ']') return ++at_, true;
            if (peek() != ',') return failAs("a comma or ] is expected here");
            ++at_;
            skipSpace();
            if (peek() == ']') return fail("a comma before ]: remove it");
        }
    }

    bool object(JsonValue& out, int depth) {
        out.kind = JsonValue::Kind::Object;
        ++at_;
        skipSpace();
        if (peek() == '}') return ++at_, true;
        std::set<std::string, std::less<>> seen;
        while (true) {
            if (!member(out, depth, seen)) return false;
            skipSpace();
            if (peek() == '}') return ++at_, true;
            if (peek() != ',') return failAs("a comma or } is expected here");
            ++at_;
            skipSpace();
            if (peek() == '}') return fail("a comma before }: remove it");
        }
    }

    bool member(JsonValue& out, int depth, std::set<std::string, std::less<>>& seen) {
        if (peek() != '"') return failAs("a key in double quotes is expected here");
        JsonMember member;
        member.line = line_;
        if (!string(member.key)) return false;
        path_.push_back(member.key);
        const bool isNew = seen.insert(member.key).second;
        if (!isNew && document_.faults.size() < kMaxFaults)
            (void)fail("the key \"" + member.key + "\" is given twice: remove one");  // reads on
        skipSpace();
        if (peek() != ':') return fail("a colon is expected after the key");
        ++at_;
        skipSpace();
        if (!value(member.value, depth)) return false;
        path_.pop_back();
        if (isNew) out.members.push_back(std::move(member));
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t lineStart_ = 0;
    int line_ = 1;
    std::size_t values_ = 0;
    std::vector<std::string> path_;
    JsonDocument document_;
};

}  // namespace

JsonDocument readJson(std::string_view text) {
    if (text.size() > kMaxFileSize)
        return {std::nullopt, {{0, 0, "", "the file is larger than 16 MiB"}}};
    return Reader(text).read();
}

}  // namespace muster::config
