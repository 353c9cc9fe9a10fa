#include "console/change_flags.hpp"

#include <muster/json.hpp>

#include <charconv>
#include <optional>

namespace muster::cli {
namespace {

constexpr std::chrono::milliseconds kPatience{60'000};
constexpr std::chrono::milliseconds kRollingPatience{3'600'000};

/// The number before `suffix`; no value: it is none, or 0.
std::optional<unsigned> numberBefore(const std::string& word, const std::string& suffix) {
    if (!word.ends_with(suffix)) return std::nullopt;
    const char* end = word.data() + word.size() - suffix.size();
    unsigned number = 0;
    const auto result = std::from_chars(word.data(), end, number);
    if (result.ec != std::errc() || result.ptr != end || number == 0) return std::nullopt;
    return number;
}

}  // namespace

bool isRolloutWidth(const std::string& word) {
    return numberBefore(word, "") || numberBefore(word, "%");
}

Result<void> addChangeFlags(const Arguments& args, nlohmann::json& body) {
    if (args.isOnlyChanged) body["onlyChanged"] = true;
    if (!args.rolling || args.rolling->empty()) return {};
    if (const auto width = numberBefore(*args.rolling, "")) {
        body["width"] = *width;
        return {};
    }
    const auto percent = numberBefore(*args.rolling, "%");
    if (!percent || *percent > 100)
        return Error(Errc::BadMessage, "--rolling takes a number of servers or 1% to 100%");
    body["percent"] = *percent;
    return {};
}

std::chrono::milliseconds patienceOf(const Arguments& args) {
    return args.timeout.value_or(args.rolling ? kRollingPatience : kPatience);
}

}  // namespace muster::cli
