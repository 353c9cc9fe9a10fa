#pragma once

#include "console/output/table.hpp"

#include <string>
#include <string_view>

namespace muster::cli {

/// A server's state as a cell: the word always; on a terminal its glyph before it (ASCII where
/// the locale is not UTF-8) and its colour. An unknown word is shown as it is.
Cell stateCell(std::string_view state, const Terminal& terminal);

}  // namespace muster::cli
