#pragma once

#include <string>
#include <vector>

namespace muster::keeper {

/// How many lines of stderr are looked at for lastWords(): some of them may be blank.
inline constexpr std::size_t kLinesLookedAt = 24;

/// The end of a server's stderr as its exit carries it: without blank lines, at most kMaxLastLines
/// of at most 300 bytes and kMaxLastBytes together, the latest ones; control characters become
/// visible (\x1b), so that no terminal obeys them. Pure.
std::vector<std::string> lastWords(const std::vector<std::string>& lines);

}  // namespace muster::keeper
