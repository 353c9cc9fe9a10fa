#include "console/selection.hpp"

#include <algorithm>

namespace muster::cli {
namespace {

constexpr std::size_t kMaxSelectors = 1000;
constexpr std::size_t kMaxLength = 256;

bool startsWith(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

}  // namespace

bool globMatches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, mark = 0;
    std::size_t star = std::string_view::npos;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

Result<Selection::Selector> Selection::parseOne(const std::string& word) {
    if (word.empty()) return Error(Errc::BadMessage, "an empty selector: name a server, or 'all'");
    if (word.size() > kMaxLength) return Error(Errc::BadMessage, "a selector is over 256 bytes");
    for (const auto& [prefix, kind] :
         {std::pair("type:", Kind::Type), std::pair("host:", Kind::Host)}) {
        if (!startsWith(word, prefix)) continue;
        const std::string rest = word.substr(5);
        if (rest.empty()) return Error(Errc::BadMessage, word + " names nothing");
        return Selector{kind, rest};
    }
    const bool isGlob = word.find_first_of("*?") != std::string::npos;
    return Selector{isGlob ? Kind::Glob : Kind::Id, word};
}

Result<Selection> Selection::parse(const std::vector<std::string>& words, const std::string& type,
                                   const std::vector<std::string>& ids) {
    Selection selection;
    if (words.size() + ids.size() > kMaxSelectors) {
        return Error(Errc::BadMessage, "more than 1000 selectors: use a glob or 'all'");
    }
    for (const std::string& word : words) {
        if (word == "all") {
            selection.isAll_ = true;
            continue;
        }
        auto one = parseOne(word);
        if (!one) return one.error();
        selection.selectors_.push_back(std::move(*one));
    }
    for (const std::string& id : ids) selection.selectors_.push_back({Kind::Id, id});
    if (!type.empty()) selection.selectors_.push_back({Kind::Type, type});
    if (selection.isAll_ && !selection.selectors_.empty()) {
        return Error(Errc::BadMessage, "'all' stands alone: leave out the other selectors");
    }
    return selection;
}

bool Selection::isPlainIds() const {
    return !selectors_.empty() && std::all_of(selectors_.begin(), selectors_.end(),
                                              [](const Selector& s) { return s.kind == Kind::Id; });
}

std::vector<std::string> Selection::ids() const {
    std::vector<std::string> ids;
    for (const Selector& selector : selectors_) ids.push_back(selector.text);
    return ids;
}

bool Selection::matches(const ServerRow& row) const {
    if (selectors_.empty()) return true;
    return std::any_of(selectors_.begin(), selectors_.end(), [&row](const Selector& s) {
        switch (s.kind) {
            case Kind::Id: return s.text == row.id;
            case Kind::Glob: return globMatches(s.text, row.id);
            case Kind::Type: return s.text == row.type;
            case Kind::Host: return s.text == row.host;
        }
        return false;
    });
}

}  // namespace muster::cli
