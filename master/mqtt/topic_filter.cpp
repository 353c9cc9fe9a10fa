#include "master/mqtt/topic_filter.hpp"

#include <algorithm>

namespace muster::mqtt {

namespace {

constexpr std::string_view kSharePrefix = "$share/";

bool isTooDeep(std::string_view text) noexcept {
    const auto slashes = std::count(text.begin(), text.end(), '/');
    return static_cast<std::size_t>(slashes) + 1 > kMaxTopicLevels;
}

// A wildcard is a whole level; '#' is the last one (4.7.1-1, -2).
bool hasValidLevels(std::string_view filter) noexcept {
    std::string_view rest = filter;
    while (rest.data() != nullptr) {
        const std::string_view level = takeLevel(rest);
        if (level.find_first_of("+#") == std::string_view::npos) continue;
        if (level.size() != 1) return false;
        if (level[0] == '#' && rest.data() != nullptr) return false;
    }
    return true;
}

}  // namespace

// It is asked for every message: find() of one character is quick, find_first_of() is not.
bool isValidTopicName(std::string_view topic) noexcept {
    constexpr auto kNone = std::string_view::npos;
    if (topic.empty() || topic.find('+') != kNone || topic.find('#') != kNone) return false;
    return topic.size() < kMaxTopicLevels || !isTooDeep(topic);
}

std::string_view takeLevel(std::string_view& rest) noexcept {
    const std::size_t slash = rest.find('/');
    const std::string_view level = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    return level;
}

std::optional<TopicFilter> TopicFilter::parse(std::string_view text) {
    TopicFilter result;
    if (text.substr(0, kSharePrefix.size()) == kSharePrefix) {
        std::string_view rest = text.substr(kSharePrefix.size());
        const std::string_view name = takeLevel(rest);
        if (name.empty() || name.find_first_of("+#") != std::string_view::npos) return {};
        result.shareName_ = name;
        text = rest;
    }
    if (text.empty() || isTooDeep(text) || !hasValidLevels(text)) return {};
    result.filter_ = text;
    result.hasWildcard_ = text.find_first_of("+#") != std::string_view::npos;
    return result;
}

std::string_view TopicFilter::literalPrefix() const noexcept {
    const std::size_t wildcard = filter_.find_first_of("+#");
    if (wildcard == std::string::npos) return filter_;
    // `a/#` matches `a` too, so the slash before a wildcard is no part of the prefix.
    return std::string_view(filter_).substr(0, wildcard == 0 ? 0 : wildcard - 1);
}

bool TopicFilter::matches(std::string_view topic) const noexcept {
    if (!hasWildcard_) return topic == filter_;
    if (topic.empty()) return false;
    if (topic[0] == '$' && (filter_[0] == '+' || filter_[0] == '#')) return false;
    std::string_view filterRest = filter_;
    std::string_view topicRest = topic;
    while (filterRest.data() != nullptr) {
        const std::string_view wanted = takeLevel(filterRest);
        if (wanted == "#") return true;
        if (topicRest.data() == nullptr) return false;
        const std::string_view level = takeLevel(topicRest);
        if (wanted != "+" && wanted != level) return false;
        if (topicRest.data() == nullptr && filterRest == "#") return true;
    }
    return topicRest.data() == nullptr;
}

}  // namespace muster::mqtt
