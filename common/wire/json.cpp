#include <muster/json.hpp>

template class nlohmann::basic_json<>;
template class nlohmann::detail::iter_impl<const nlohmann::json>;

namespace muster {
inline namespace compiled {

Result<nlohmann::json> parseJson(std::string_view text) {
    nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
    if (value.is_discarded()) return Error(Errc::BadMessage, "not valid JSON");
    return value;
}

std::string jsonText(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace compiled
}  // namespace muster
