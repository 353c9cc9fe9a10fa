#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

/// Logging: component first, then a fmt format string. Thread-safe. spdlog is in log.cpp only.
/// Never log tokens, passwords or payloads at info or above.
namespace muster::log {

enum class Level { Debug, Info, Warn, Error, Off };
enum class Format { Text, Json };

struct Options {
    Level level = Level::Info;
    Format format = Format::Text;
    std::string file;             // empty: stderr
    std::size_t maxFileSize = 0;  // bytes; what is larger becomes <name>.1.<ext>; 0: never
    std::size_t maxOldFiles = 3;
};

/// Sets where lines go. Call from main() before other threads start.
void configure(const Options& options);
void setLevel(Level level) noexcept;
/// Level of one component, overriding the common one; e.g. "broker".
void setLevel(std::string_view component, Level level);
bool isEnabled(Level level) noexcept;
/// Writes one line. Control characters in `text` are escaped, so that no peer can forge lines.
void write(Level level, std::string_view component, std::string_view text);

template <class... Args>
void debug(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
    if (isEnabled(Level::Debug))
        write(Level::Debug, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
    if (isEnabled(Level::Info))
        write(Level::Info, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
    if (isEnabled(Level::Warn))
        write(Level::Warn, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
    if (isEnabled(Level::Error))
        write(Level::Error, component, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace muster::log
