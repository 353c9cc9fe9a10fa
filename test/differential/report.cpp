#include "test/differential/report.hpp"

#include <cstdio>

namespace muster::test {

void Report::differs(const KnownDifference* known, const std::string& what) {
    if (known != nullptr) {
        auto& entry = explained_[known->name];
        entry.first = known;
        ++entry.second;
        return;
    }
    constexpr std::size_t kTold = 20;
    if (++unexplained_ <= kTold) std::printf("UNEXPLAINED %s\n", what.c_str());
}

bool Report::print() const {
    std::printf("%s: %zu compared, %zu unexplained differences\n", name_.c_str(), compared_,
                unexplained_);
    for (const auto& [what, count] : notes_) std::printf("  %zu %s\n", count, what.c_str());
    for (const auto& [name, entry] : explained_)
        std::printf("  %zu explained by %s: %s\n", entry.second, std::string(name).c_str(),
                    std::string(entry.first->reason).c_str());
    return unexplained_ == 0;
}

std::string toHex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        text += kDigits[static_cast<unsigned char>(c) >> 4];
        text += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

}  // namespace muster::test
