#pragma once

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

/// Reading and writing the bodies of admin messages. For .cpp files of modules.
namespace muster::modules {

/// The longest text that a field of a body may have, in bytes.
inline constexpr std::size_t kMaxText = 4096;

/// `message` as an object; BadMessage if it is something else. An empty body is an empty object.
Result<nlohmann::json> parseObject(const JsonText& message);
/// A string member; empty if it is absent, of another kind, or too long.
std::string textOf(const nlohmann::json& object, const char* key);
/// An array of strings; empty if it is absent. BadMessage names the field if it is something else.
Result<std::vector<std::string>> textsOf(const nlohmann::json& object, const char* key);
/// The value of the string member `key` in JSON text, without building a tree; empty if absent.
std::string_view peekText(const JsonText& message, std::string_view key);
/// `value` with two decimals, as pomelo's tables show numbers.
std::string twoDecimals(double value);

/// The type of host agents, which are members but no servers of the user's.
inline constexpr std::string_view kNodeType = "node";
/// Members that are servers: all but nodes.
inline bool isServer(const ServerInfo& member) {
    return member.type != kNodeType;
}

}  // namespace muster::modules
