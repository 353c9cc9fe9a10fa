#include "console/prompt.hpp"

#include <iostream>

#include <termios.h>
#include <unistd.h>

namespace muster::cli {
namespace {

/// Switches echo off, and on again at the end of its life.
class Silence {
public:
    Silence() {
        isOff_ = tcgetattr(STDIN_FILENO, &before_) == 0;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        if (isOff_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    ~Silence() {
        if (isOff_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;

private:
    termios before_{};
    bool isOff_ = false;
};

}  // namespace

std::optional<std::string> askAtTerminal(std::string_view prompt, bool isSecret) {
    if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1) return std::nullopt;
    std::cerr << prompt << std::flush;
    std::optional<Silence> silence;
    if (isSecret) silence.emplace();
    std::string line;
    const bool isRead = static_cast<bool>(std::getline(std::cin, line));
    if (isSecret) std::cerr << '\n';
    if (!isRead || line.size() > 1024) return std::nullopt;
    return line;
}

}  // namespace muster::cli
