// isValidUtf8() against mosquitto_validate_utf8().
#include "master/mqtt/codec.hpp"
#include "test/differential/known_differences.hpp"
#include "test/differential/report.hpp"

#include <array>
#include <random>

#include <mosquitto.h>

namespace muster::test {
namespace {

/// Characters at the borders of every rule, and bytes that break them.
class TextMaker {
public:
    explicit TextMaker(std::uint32_t seed) : random_(seed) {}

    std::string text() {
        std::string result;
        for (auto count = below(12); count > 0; --count) append(result);
        if (!result.empty() && below(3) == 0) result[below(result.size())] = byte();
        if (!result.empty() && below(6) == 0) result.resize(below(result.size()));
        return result;
    }

private:
    std::size_t below(std::size_t bound) { return random_() % bound; }
    char byte() {
        static constexpr std::array<unsigned char, 24> kBytes{
            0x00, 0x01, 0x1F, 0x20, 0x7E, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
            0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xF8, 0xFF};
        return static_cast<char>(below(4) == 0 ? below(256) : kBytes[below(kBytes.size())]);
    }
    void append(std::string& out) {
        static constexpr std::array<std::uint32_t, 24> kPoints{
            0x41,   0x7A,   0x7E,   0x7F,   0x80,    0x9F,    0xA0,     0x7FF,
            0x800,  0xD7FF, 0xD800, 0xDFFF, 0xE000,  0xFDCF,  0xFDD0,   0xFDEF,
            0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFE, 0x10FFFF, 0x110000};
        const auto choice = below(8);
        if (choice == 0) {
            out += byte();
        } else if (choice == 1) {
            encode(kPoints[below(kPoints.size())], 1 + below(4), out);
        } else if (choice == 2) {
            encode(static_cast<std::uint32_t>(below(0x120000)), 0, out);
        } else {
            out.append(1 + below(9), static_cast<char>('a' + below(26)));
        }
    }
    /// In at least `size` bytes: too many of them is an overlong form.
    static void encode(std::uint32_t point, std::size_t size, std::string& out) {
        const std::size_t needed = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        size = std::max(size, needed);
        static constexpr std::array<unsigned char, 5> kHead{0, 0, 0xC0, 0xE0, 0xF0};
        out += static_cast<char>(kHead[size] | point >> (6 * (size - 1)));
        for (std::size_t i = size - 1; i > 0; --i)
            out += static_cast<char>(0x80 | (point >> (6 * (i - 1)) & 0x3F));
    }

    std::mt19937 random_;
};

}  // namespace

bool compareUtf8(std::size_t count, std::uint32_t seed) {
    Report report("utf8");
    TextMaker make(seed);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string text = make.text();
        const bool ours = mqtt::isValidUtf8(text);
        const bool theirs =
            mosquitto_validate_utf8(text.data(), static_cast<int>(text.size())) == MOSQ_ERR_SUCCESS;
        report.compared();
        report.note(ours ? "well-formed" : "refused");
        if (ours != theirs)
            report.differs(explainText(text, theirs),
                           toHex(text) + (theirs ? ": only they take it" : ": only we do"));
    }
    return report.print();
}

}  // namespace muster::test
