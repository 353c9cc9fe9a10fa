#include "console/prompt.hpp"

#include <array>
#include <iostream>

#include <signal.h>
#include <termios.h>
#include <unistd.h>

namespace muster::cli {
namespace {

/// Switches echo off, and on again at the end of its life, also if a signal ends the program: a
/// Ctrl-C must not leave the person with a terminal that shows nothing. One at a time.
class Silence {
public:
    Silence() {
        isOff_ = tcgetattr(STDIN_FILENO, &before_) == 0;
        if (!isOff_) return;
        struct sigaction end {};
        end.sa_handler = restoreAndEnd;
        end.sa_flags = static_cast<int>(SA_RESETHAND);
        for (std::size_t i = 0; i < kSignals.size(); ++i)
            ::sigaction(kSignals.at(i), &end, &actions_.at(i));
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    ~Silence() {
        if (!isOff_) return;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        for (std::size_t i = 0; i < kSignals.size(); ++i)
            ::sigaction(kSignals.at(i), &actions_.at(i), nullptr);
    }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;

private:
    static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

    /// Its disposition is the default again: raised once more, it ends the program.
    static void restoreAndEnd(int signal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        ::raise(signal);
    }

    static termios before_;  // the handler knows no object
    std::array<struct sigaction, kSignals.size()> actions_{};
    bool isOff_ = false;
};

termios Silence::before_{};

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
