#pragma once

#include <muster/result.hpp>

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

/// Optional adapter for users of nlohmann::json (3.11 or later). muster's own interfaces carry
/// JSON as text, so that a user's JSON library and version never have to match muster's.
#ifdef MUSTER_JSON_COMPILED
// muster's own build: instantiated once, in common/wire/json.cpp, as it takes a third of the time
// of every file that uses it. Under a name of its own, so that it is never taken for what a user's
// file compiled.
extern template class nlohmann::basic_json<>;
extern template class nlohmann::detail::iter_impl<const nlohmann::json>;

namespace muster {
inline namespace compiled {
Result<nlohmann::json> parseJson(std::string_view text);
std::string jsonText(const nlohmann::json& value);
}  // namespace compiled
}  // namespace muster

#else
namespace muster {

/// Parses `text` (UTF-8 JSON). BadMessage with the parser's position if it is not valid.
inline Result<nlohmann::json> parseJson(std::string_view text) {
    nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
    if (value.is_discarded()) return Error(Errc::BadMessage, "not valid JSON");
    return value;
}

/// `value` as compact text; bytes that are not UTF-8 become U+FFFD instead of an exception.
inline std::string jsonText(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace muster

#endif
