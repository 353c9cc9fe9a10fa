#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::cli {

/// Asks at the controlling terminal and reads one line, up to 1024 bytes; without echo if
/// `isSecret`. No value: stdin or stderr is no terminal, or it was closed.
std::optional<std::string> askAtTerminal(std::string_view prompt, bool isSecret);

}  // namespace muster::cli
