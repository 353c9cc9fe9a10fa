#include "console/output/units.hpp"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace muster::cli {

std::string durationText(std::chrono::milliseconds span) {
    const auto seconds = std::max<std::int64_t>(0, span.count() / 1000);
    if (seconds < 60) return fmt::format("{}s", seconds);
    if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
    if (seconds < 86'400) return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{}d{:02}h", seconds / 86'400, seconds / 3600 % 24);
}

std::string sizeText(std::int64_t bytes) {
    return fmt::format("{:.1f}MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

std::string percentText(double percent) {
    return std::isfinite(percent) ? fmt::format("{:.1f}", percent) : "-";
}

Result<std::chrono::milliseconds> parseDuration(std::string_view text) {
    const Error unusable(Errc::BadMessage, fmt::format("'{}' is no duration: write 250ms, 10s, 2m "
                                                       "or 1h, up to 24h",
                                                       text.substr(0, 40)));
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, code] = std::from_chars(text.data(), end, number);
    if (code != std::errc() || number <= 0 || number > 86'400'000) return unusable;
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    std::int64_t factor = 0;
    if (unit == "ms") factor = 1;
    if (unit == "s" || unit.empty()) factor = 1000;
    if (unit == "m") factor = 60'000;
    if (unit == "h") factor = 3'600'000;
    if (factor == 0 || number > 86'400'000 / factor) return unusable;
    return std::chrono::milliseconds(number * factor);
}

}  // namespace muster::cli
