#include "common/config/problems.hpp"

#include <algorithm>
#include <numeric>

namespace muster::config {
namespace {

constexpr std::size_t kMaxText = 1000;  // bytes of a problem, which may quote a whole file
constexpr std::size_t kMaxWord = 64;    // longer words are not compared: the distance is quadratic

/// Levenshtein's distance with exchanged neighbours counted as one edit.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    std::iota(d[0].begin(), d[0].end(), 0);
    for (std::size_t i = 1; i <= a.size(); ++i)
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[a.size()][b.size()];
}

/// `text`, or its beginning up to a whole UTF-8 character.
std::string shortened(std::string text) {
    if (text.size() <= kMaxText) return text;
    std::size_t end = kMaxText;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end) + "…";
}

std::string lower(std::string_view word) {
    std::string out(word);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

}  // namespace

void Problems::add(const Place& place, std::string text, bool isWarning) {
    if (!isWarning) ++errors_;
    if (problems_.size() > kMaxProblems) return;
    if (problems_.size() == kMaxProblems) {
        problems_.push_back(
            {place.file, 0, "", "more than 1000 problems: the rest is not shown", false});
        return;
    }
    problems_.push_back(
        {place.file, place.line, shortened(place.pointer), shortened(std::move(text)), isWarning});
}

std::vector<Problem> Problems::take() {
    const auto rank = [this](const Problem& problem) {
        return std::find(files_.begin(), files_.end(), problem.file) - files_.begin();
    };
    std::stable_sort(problems_.begin(), problems_.end(), [&](const auto& a, const auto& b) {
        return std::pair(rank(a), a.line) < std::pair(rank(b), b.line);
    });
    return std::move(problems_);
}

std::string nearest(std::string_view word, const std::vector<std::string>& names) {
    std::string best;
    if (word.size() > kMaxWord) return best;
    std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto& name : names) {
        const std::size_t far = distance(lower(word), lower(name));
        if (far >= least || far >= name.size()) continue;
        least = far;
        best = name;
    }
    return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& names) {
    const std::string best = nearest(word, names);
    return best.empty() ? "" : " Did you mean \"" + best + "\"?";
}

std::string enumerate(const std::vector<std::string>& names) {
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
        out += names[i];
    }
    return out;
}

std::string describe(const Problem& problem) {
    std::string out = problem.file;
    if (problem.line > 0) out += ":" + std::to_string(problem.line);
    out += ": ";
    if (problem.isWarning) out += "warning: ";
    if (!problem.pointer.empty()) out += problem.pointer + ": ";
    return out + problem.text;
}

}  // namespace muster::config
