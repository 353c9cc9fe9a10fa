#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace muster::mqtt {

/// Levels a topic or filter may have; deeper ones are refused, so that no walk is deep.
inline constexpr std::size_t kMaxTopicLevels = 128;

/// A topic a PUBLISH may carry: not empty, no wildcards, at most kMaxTopicLevels levels. That it is
/// UTF-8 without U+0000 is the codec's business.
bool isValidTopicName(std::string_view topic) noexcept;

/// Cuts the first level off `rest`; `rest` has no data pointer (is default) after the last one.
std::string_view takeLevel(std::string_view& rest) noexcept;

/// A topic filter, checked once. A value.
class TopicFilter {
public:
    /// Nothing if the text breaks the rules of MQTT 5, 4.7.1 and 4.8.2, or is too deep.
    static std::optional<TopicFilter> parse(std::string_view text);

    /// Without the `$share/NAME/` in front.
    const std::string& filter() const noexcept { return filter_; }
    /// NAME of `$share/NAME/FILTER`; empty: not shared.
    const std::string& shareName() const noexcept { return shareName_; }
    bool isShared() const noexcept { return !shareName_.empty(); }
    bool hasWildcard() const noexcept { return hasWildcard_; }
    /// The part before the first wildcard: every match begins with it (or is it, for `a/#`).
    std::string_view literalPrefix() const noexcept;
    /// MQTT 5, 4.7: a wildcard in front does not match topics that begin with `$`.
    bool matches(std::string_view topic) const noexcept;

private:
    TopicFilter() = default;
    std::string filter_;
    std::string shareName_;
    bool hasWildcard_ = false;
};

}  // namespace muster::mqtt
