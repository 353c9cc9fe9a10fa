#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace muster::cli {

/// `text` made safe for a terminal: control characters, bytes that are not UTF-8 and characters
/// that turn or hide text become visible escapes (\x1b, \u202e). Line ends are escaped as well.
std::string safeText(std::string_view text);

/// Columns that `text` (already safe) takes: its number of code points.
std::size_t displayWidth(std::string_view text);

/// At most `width` columns of `text`, the last one `ellipsis` if something was cut.
std::string fitted(std::string_view text, std::size_t width, std::string_view ellipsis);

}  // namespace muster::cli
