#pragma once

#include <cstddef>

namespace muster::cli {

/// What the other end of stdout can show.
struct Terminal {
    bool isTty = false;
    bool hasColour = false;
    bool isUtf8 = false;
    std::size_t width = 0;  // columns; 0: no limit (a pipe or a file)
};

/// Looks at stdout, NO_COLOR, TERM, and the locale's character set (LC_ALL, LC_CTYPE, LANG).
Terminal detectTerminal(bool colourForbidden);

}  // namespace muster::cli
