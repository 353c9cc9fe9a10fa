#include "console/output/server_state.hpp"

#include <array>

namespace muster::cli {
namespace {

struct Look {
    std::string_view state, glyph, ascii;
    Colour colour;
};

constexpr std::array kLooks{
    Look{"ready", "●", "*", Colour::Green},     Look{"starting", "◐", "o", Colour::Blue},
    Look{"waiting", "◌", ":", Colour::Blue},    Look{"draining", "▽", "v", Colour::Yellow},
    Look{"stopping", "▽", "v", Colour::Yellow}, Look{"stopped", "◌", ".", Colour::Dim},
    Look{"backoff", "↻", "^", Colour::Yellow},  Look{"failed", "✖", "x", Colour::Red},
    Look{"lost", "?", "?", Colour::Magenta},    Look{"unresponsive", "!", "!", Colour::Red},
    Look{"adopting", "≋", "=", Colour::Blue},
};

}  // namespace

Cell stateCell(std::string_view state, const Terminal& terminal) {
    for (const Look& look : kLooks) {
        if (look.state != state) continue;
        if (!terminal.isTty) return {std::string(state), look.colour};
        const std::string_view glyph = terminal.isUtf8 ? look.glyph : look.ascii;
        return {std::string(glyph) + " " + std::string(state), look.colour};
    }
    return {state.empty() ? "?" : std::string(state), Colour::Magenta};
}

}  // namespace muster::cli
