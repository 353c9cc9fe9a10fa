#include "modules/console/arguments.hpp"

#include "modules/body.hpp"

#include <muster/json.hpp>

#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace muster::modules {
namespace {

nlohmann::json valueOf(const std::string& text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    // "007" is a name, not seven.
    if (parsed.ec == std::errc() && parsed.ptr == end && std::to_string(number) == text)
        return number;
    if (text == "true" || text == "false") return text == "true";
    return text;
}

}  // namespace

Result<std::map<std::string, std::string>> parseArguments(const std::vector<std::string>& args) {
    std::map<std::string, std::string> arguments;
    for (const std::string& arg : args) {
        const std::size_t equals = arg.find('=');
        if (equals == std::string::npos || equals == 0)
            return Error(Errc::BadMessage,
                         fmt::format("Error server parameters format. '{}' must be key=value",
                                     arg.substr(0, 128)));
        const std::string key = arg.substr(0, equals);
        if (!arguments.emplace(key, arg.substr(equals + 1)).second)
            return Error(Errc::BadMessage, fmt::format("'{}' is given twice", key));
    }
    return arguments;
}

JsonText serverEntry(const std::map<std::string, std::string>& arguments) {
    nlohmann::json entry = nlohmann::json::object();
    for (const auto& [key, value] : arguments) entry[key] = valueOf(value);
    return jsonText(entry);
}

bool isAddress(const std::string& text) {
    in_addr address{};
    return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

}  // namespace muster::modules
