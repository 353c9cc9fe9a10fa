#include "master/mqtt/codec.hpp"

#include <cstdint>
#include <cstring>

namespace muster::mqtt {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
constexpr std::uint64_t kOnes = 0x0101010101010101ULL;

/// True if all eight bytes are U+0001..U+007F. (Subtracting one borrows only out of a zero byte.)
bool isPlainAscii(const char* eight) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, eight, sizeof word);
    return (word & kHighBits) == 0 && ((word - kOnes) & kHighBits) == 0;
}

bool isContinuation(unsigned char byte) noexcept {
    return (byte & 0xC0) == 0x80;
}

/// Length of the well-formed sequence at the start of `text`, 0 if there is none (Unicode 15,
/// table 3-7: the second byte's range excludes overlong forms, surrogates and above U+10FFFF).
std::size_t sequenceLength(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = at(0);
    if (first < 0x80) return first == 0 ? 0 : 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if (!isContinuation(at(i))) return 0;
    const unsigned char second = at(1);
    if (first == 0xE0 && second < 0xA0) return 0;
    if (first == 0xED && second > 0x9F) return 0;
    if (first == 0xF0 && second < 0x90) return 0;
    if (first == 0xF4 && second > 0x8F) return 0;
    return length;
}

/// Eight bytes at a time; the last eight overlap those before. False says nothing.
bool isSurelyValid(std::string_view text) noexcept {
    constexpr std::size_t kStep = 8;
    if (text.size() < kStep) return false;
    const char* last = text.data() + (text.size() - kStep);
    for (const char* at = text.data(); at < last; at += kStep)
        if (!isPlainAscii(at)) return false;
    return isPlainAscii(last);
}

}  // namespace

bool isValidUtf8(std::string_view text) noexcept {
    if (isSurelyValid(text)) return true;
    while (!text.empty()) {
        std::size_t step = 8;
        if (text.size() < step || !isPlainAscii(text.data())) step = sequenceLength(text);
        if (step == 0) return false;
        text.remove_prefix(step);
    }
    return true;
}

}  // namespace muster::mqtt
