#include "modules/bench/bench_fields.hpp"

#include "common/wire/json_scanner.hpp"

#include <algorithm>
#include <charconv>

namespace muster::modules {

std::uint64_t numberOf(const JsonText& message, std::string_view key, std::uint64_t otherwise,
                       std::uint64_t most) {
    const auto value = wire::findMember(message, key);
    if (!value || value->kind != wire::JsonKind::Number) return std::min(otherwise, most);
    std::uint64_t number = 0;
    const char* end = value->text.data() + value->text.size();
    const auto parsed = std::from_chars(value->text.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::min(otherwise, most);
    return std::min(number, most);
}

bool isEcho(const JsonText& message) {
    const auto flag = wire::findMember(message, "e");
    return flag && flag->text != "0" && flag->text != "null" && flag->text != "false" &&
           flag->text != "\"\"";
}

}  // namespace muster::modules
