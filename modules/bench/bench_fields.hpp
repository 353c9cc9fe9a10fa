#pragma once

#include <muster/types.hpp>

#include <cstdint>
#include <string_view>

namespace muster::modules {

inline constexpr std::uint64_t kMaxTotal = 10'000'000;  // messages of one run
inline constexpr std::uint64_t kMaxSize = 1 << 20;      // bytes of filling in a body

/// The whole number `key`, at most `most`; `otherwise` if it is absent or none.
std::uint64_t numberOf(const JsonText& message, std::string_view key, std::uint64_t otherwise,
                       std::uint64_t most);
/// Whether it asks to be echoed: {"e":1,...}.
bool isEcho(const JsonText& message);

}  // namespace muster::modules
