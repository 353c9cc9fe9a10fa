#include "console/change_flags.hpp"

#include "console/output/units.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace muster::cli {
namespace {

constexpr std::chrono::milliseconds kPatience{60'000};
constexpr std::chrono::milliseconds kRollingPatience{3'600'000};
constexpr std::chrono::milliseconds kDrainTime{1'800'000};      // of --drain without a value
constexpr std::chrono::milliseconds kLongestDrain{82'800'000};  // 23 h: calls last a day at most

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

bool isDuration(const std::string& word) {
    return static_cast<bool>(parseDuration(word));
}

namespace {

/// How long one server may take to get empty; no value: nobody waits for that.
std::optional<std::chrono::milliseconds> drainTimeOf(const Arguments& args) {
    if (args.verb == "drain") return std::min(args.deadline.value_or(kLongestDrain), kLongestDrain);
    if (!args.drain) return std::nullopt;
    if (args.drain->empty()) return kDrainTime;
    return std::min(*parseDuration(*args.drain), kLongestDrain);
}

}  // namespace

Result<void> addChangeFlags(const Arguments& args, nlohmann::json& body) {
    if (const auto drain = drainTimeOf(args)) body["drainMs"] = drain->count();
    if (args.verb == "drain") {
        body["op"] = "stop";
        body["giveUp"] = !args.isForced;
    }
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
    const bool isOneByOne = args.rolling || args.verb == "apply";
    auto patience = isOneByOne ? kRollingPatience : kPatience;
    if (const auto drain = drainTimeOf(args)) patience += *drain;
    return args.timeout.value_or(patience);
}

}  // namespace muster::cli
