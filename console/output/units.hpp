#pragma once

#include <muster/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::cli {

/// A time span in its two largest units: "0s", "59s", "3m12s", "2h05m", "1d03h". Negative: "0s".
std::string durationText(std::chrono::milliseconds span);
/// Bytes in MiB with one digit, "12.3MiB": one unit, so that columns compare.
std::string sizeText(std::int64_t bytes);
/// "3.5"; the column says that it is percent.
std::string percentText(double percent);

/// "250ms", "10s", "2m", "1h", or a plain number of seconds. BadMessage for anything else, for
/// zero, and for more than 24 h.
Result<std::chrono::milliseconds> parseDuration(std::string_view text);

}  // namespace muster::cli
