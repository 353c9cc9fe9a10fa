#include "common/wire/json_scanner.hpp"

#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace muster::wire {
namespace {

bool isDigit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool isContinuation(char c) noexcept {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// The smallest and largest second byte after lead byte `lead` (RFC 3629, section 4).
struct SecondByte {
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
};

SecondByte secondByteAfter(unsigned char lead) noexcept {
    switch (lead) {
        case 0xE0: return {0xA0, 0xBF};  // shorter forms exist below
        case 0xED: return {0x80, 0x9F};  // surrogates lie above
        case 0xF0: return {0x90, 0xBF};
        case 0xF4: return {0x80, 0x8F};  // beyond U+10FFFF lies above
        default: return {};
    }
}

std::size_t lengthByLead(unsigned char lead) noexcept {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

}  // namespace

std::size_t plainLength(std::string_view text) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHigh = 0x8080808080808080;
    std::size_t length = 0;
#ifdef __SSE2__
    // Sixteen at a time. As signed numbers, bytes that are not ASCII are below 0x20 too.
    for (; text.size() - length >= sizeof(__m128i); length += sizeof(__m128i)) {
        const __m128i bytes =
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + length));
        const __m128i special =
            _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)),
                         _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                      _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
        if (mask != 0) return length + static_cast<std::size_t>(std::countr_zero(mask));
    }
#endif
    for (; text.size() - length >= sizeof(std::uint64_t); length += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + length, sizeof word);
        const std::uint64_t quote = word ^ (kOnes * '"');
        const std::uint64_t backslash = word ^ (kOnes * '\\');
        // The highest bit of a byte is set if the byte is below 0x20, is 0 after the XOR, or is
        // not ASCII. A borrow may set it in the bytes above such a one, never below the first.
        const std::uint64_t special =
            ((word - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes) | word) & kHigh;
        if (special == 0) continue;
        if constexpr (std::endian::native == std::endian::little)
            return length + static_cast<std::size_t>(std::countr_zero(special)) / 8;
        break;
    }
    for (; length < text.size(); ++length) {
        const auto c = static_cast<unsigned char>(text[length]);
        if (c < 0x20 || c == '"' || c == '\\' || c >= 0x80) break;
    }
    return length;
}

std::size_t utf8Length(std::string_view text) noexcept {
    if (text.empty()) return 0;
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t length = lengthByLead(lead);
    if (length < 2) return length;
    if (text.size() < length) return 0;
    const SecondByte second = secondByteAfter(lead);
    const auto byte = static_cast<unsigned char>(text[1]);
    if (byte < second.low || byte > second.high) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if (!isContinuation(text[i])) return 0;
    return length;
}

std::optional<JsonValue> JsonScanner::value(int maxDepth) noexcept {
    const std::size_t start = position_;
    JsonKind kind = JsonKind::Number;
    switch (peek()) {
        case '{': kind = JsonKind::Object; break;
        case '[': kind = JsonKind::Array; break;
        case '"': kind = JsonKind::String; break;
        case 't':
        case 'f': kind = JsonKind::Boolean; break;
        case 'n': kind = JsonKind::Null; break;
        default: break;
    }
    Nesting nesting;
    Step step = Step::WantsValue;
    while (step == Step::WantsValue) {
        const char c = peek();
        if (c == '{' || c == '[')
            step = open(nesting, maxDepth);
        else
            step = scalar() ? afterValue(nesting) : Step::Failed;
    }
    if (step == Step::Failed) return std::nullopt;
    return JsonValue{kind, text_.substr(start, position_ - start)};
}

/// At '{' or '[': goes in, up to the first value, or past it all if the container is empty.
JsonScanner::Step JsonScanner::open(Nesting& nesting, int maxDepth) noexcept {
    if (nesting.depth >= maxDepth || nesting.depth >= kMaxJsonDepth) return Step::Failed;
    const bool isObject = text_[position_] == '{';
    ++position_;
    const std::uint64_t bit = std::uint64_t{1} << nesting.depth;
    nesting.objects = isObject ? nesting.objects | bit : nesting.objects & ~bit;
    ++nesting.depth;
    skipSpace();
    if (take(isObject ? '}' : ']')) {
        --nesting.depth;
        return afterValue(nesting);
    }
    return !isObject || key() ? Step::WantsValue : Step::Failed;
}

/// After a value: closes what ends here, goes on to the next value if there is one.
JsonScanner::Step JsonScanner::afterValue(Nesting& nesting) noexcept {
    while (nesting.depth > 0) {
        const bool isObject = (nesting.objects >> (nesting.depth - 1) & 1U) != 0;
        skipSpace();
        if (take(',')) {
            skipSpace();
            return !isObject || key() ? Step::WantsValue : Step::Failed;
        }
        if (!take(isObject ? '}' : ']')) return Step::Failed;
        --nesting.depth;
    }
    return Step::Complete;
}

bool JsonScanner::key() noexcept {
    if (!string()) return false;
    skipSpace();
    if (!take(':')) return false;
    skipSpace();
    return true;
}

bool JsonScanner::scalar() noexcept {
    switch (peek()) {
        case '"': return string().has_value();
        case 't': return literal("true");
        case 'f': return literal("false");
        case 'n': return literal("null");
        default: return number();
    }
}

bool JsonScanner::literal(std::string_view word) noexcept {
    if (text_.substr(position_, word.size()) != word) return false;
    position_ += word.size();
    return true;
}

bool JsonScanner::digits() noexcept {
    if (!isDigit(peek())) return false;
    while (isDigit(peek())) ++position_;
    return true;
}

bool JsonScanner::number() noexcept {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
        if (!take('+')) take('-');
        return digits();
    }
    return true;
}

void JsonScanner::skipPlain() noexcept {
    position_ += plainLength(text_.substr(position_));
}

std::optional<std::string_view> JsonScanner::string() noexcept {
    const std::size_t start = position_;
    if (!take('"')) return std::nullopt;
    for (;;) {
        skipPlain();
        if (take('"')) return text_.substr(start, position_ - start);
        const bool isPassed = peek() == '\\' ? escape() : utf8();
        if (!isPassed) return std::nullopt;
    }
}

bool JsonScanner::utf8() noexcept {
    // Control characters and the end of the text arrive here too.
    if (static_cast<unsigned char>(peek()) < 0x80) return false;
    const std::size_t length = utf8Length(text_.substr(position_));
    position_ += length;
    return length > 0;
}

}  // namespace muster::wire
