#include "console/output/terminal.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace muster::cli {
namespace {

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

bool isUtf8Locale() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        std::string value(variable(name));
        if (value.empty()) continue;
        std::transform(value.begin(), value.end(), value.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
    return false;
}

std::size_t terminalWidth() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

}  // namespace

Terminal detectTerminal(bool colourForbidden) {
    Terminal terminal;
    terminal.isTty = isatty(STDOUT_FILENO) == 1;
    terminal.isUtf8 = isUtf8Locale();
    if (!terminal.isTty) return terminal;
    terminal.width = terminalWidth();
    terminal.hasColour =
        !colourForbidden && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
    return terminal;
}

}  // namespace muster::cli
