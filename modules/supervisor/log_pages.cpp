#include "modules/supervisor/log_pages.hpp"

#include "modules/supervisor/log_reader.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

namespace muster::supervisor {

using Json = nlohmann::json;

namespace {

constexpr std::size_t kMostTail = 100'000;

std::string textOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::size_t numberOf(const Json& object, const char* key, std::size_t otherwise, std::size_t most) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_unsigned()) return otherwise;
    return std::min(found->get<std::size_t>(), most);
}

Json pageJson(LogPage page) {
    Json lines = Json::array();
    for (LogLine& line : page.lines)
        lines.push_back(Json::array({line.timeMs, std::move(line.text)}));
    Json json{{"cursor", std::move(page.cursor)}, {"lines", std::move(lines)}};
    if (page.hasMore) json["more"] = true;
    if (page.hasGap) json["gap"] = true;
    return json;
}

}  // namespace

Result<JsonText> readLogs(const std::string& stateDirectory, const JsonText& message) {
    const auto json = parseJson(message);
    const auto streams = json && json->is_object() ? json->find("streams") : Json::const_iterator();
    if (!json || !json->is_object() || streams == json->end() || !streams->is_array() ||
        streams->empty() || streams->size() > kMostLogStreams)
        return Error(Errc::BadMessage,
                     "\"logs\" needs 1 to " + std::to_string(kMostLogStreams) + " streams");
    LogStart start;
    start.tail = numberOf(*json, "tail", start.tail, kMostTail);
    start.takesOpenLine = json->value("open", Json()) == true;
    const auto share = numberOf(*json, "bytes", kMostLogBytes, kMostLogBytes) / streams->size();
    const LogReader reader(stateDirectory);
    Json logs = Json::array();
    for (const Json& stream : *streams) {
        if (!stream.is_object()) return Error(Errc::BadMessage, "a stream is an object");
        const std::string id = textOf(stream, "id"), name = textOf(stream, "stream");
        start.cursor = textOf(stream, "cursor");
        auto page = reader.read(id, name, start, share);
        Json answer = page ? pageJson(std::move(*page)) : Json{{"error", page.error().detail()}};
        answer["id"] = id;
        answer["stream"] = name;
        logs.push_back(std::move(answer));
    }
    return jsonText({{"logs", std::move(logs)}});
}

}  // namespace muster::supervisor
