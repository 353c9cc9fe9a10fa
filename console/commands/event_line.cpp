#include "console/commands/event_line.hpp"

#include <muster/json.hpp>

namespace muster::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string textOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The last two levels of a topic: kind and id.
std::pair<std::string, std::string> kindAndId(std::string_view topic) {
    const std::size_t last = topic.rfind('/');
    if (last == std::string_view::npos) return {};
    const std::size_t before = last == 0 ? std::string_view::npos : topic.rfind('/', last - 1);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    return {std::string(topic.substr(begin, last - begin)), std::string(topic.substr(last + 1))};
}

}  // namespace

std::optional<Event> parseEvent(std::string_view topic, std::string_view payload) {
    Json body = Json::parse(payload, nullptr, false);
    if (!body.is_object()) return std::nullopt;
    Event event;
    std::tie(event.kind, event.id) = kindAndId(topic);
    if (event.kind.empty()) event.kind = textOf(body, "kind");
    if (event.id.empty()) event.id = textOf(body, "id");
    event.time = textOf(body, "time");
    event.cause = textOf(body, "cause");
    body["kind"] = event.kind;
    body["id"] = event.id;
    event.json = body.dump(-1, ' ', true, Json::error_handler_t::replace);
    return event;
}

std::string eventLine(const Event& event) {
    // RFC 3339, of which people need the time of day: 2026-01-31T10:32:07.123Z.
    const bool isFull =
        event.time.size() >= 20 && event.time[10] == 'T' && event.time.back() == 'Z';
    std::string line = isFull ? event.time.substr(11, event.time.size() - 12) : event.time;
    if (!line.empty()) line += ' ';
    line += event.kind + " " + event.id;
    if (!event.cause.empty()) line += ": " + event.cause;
    return line;
}

}  // namespace muster::cli
