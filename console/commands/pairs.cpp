#include "console/commands/pairs.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <array>

namespace muster::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxPairs = 100;
constexpr std::array<std::string_view, 3> kAlwaysText{"id", "host", "serverType"};

/// A port written 3011 is a number, as in servers.json; 007 and 1e5 are names.
Json typed(const std::string& key, const std::string& value) {
    if (std::find(kAlwaysText.begin(), kAlwaysText.end(), key) != kAlwaysText.end()) return value;
    if (value == "true") return true;
    if (value == "false") return false;
    const bool isNumber = !value.empty() && value.size() <= 15 &&
                          value.find_first_not_of("0123456789") == std::string::npos &&
                          (value.size() == 1 || value.front() != '0');
    if (isNumber) return std::stoll(value);
    return value;
}

}  // namespace

Result<JsonText> parsePairs(const std::vector<std::string>& words) {
    if (words.size() > kMaxPairs) return Error(Errc::BadMessage, "more than 100 pairs");
    Json object = Json::object();
    for (const std::string& word : words) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos || equals == 0) {
            return Error(Errc::BadMessage, "'" + word.substr(0, 80) + "' is not key=value");
        }
        const std::string key = word.substr(0, equals);
        if (object.contains(key)) return Error(Errc::BadMessage, key + " is given twice");
        object[key] = typed(key, word.substr(equals + 1));
    }
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace muster::cli
