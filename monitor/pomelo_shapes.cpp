#include "monitor/pomelo_shapes.hpp"

#include <muster/json.hpp>

#include <cstdio>

namespace muster {
namespace {

std::string twoDecimals(double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%.2f", value);
    return text;
}

bool isListRequest(std::string_view moduleId, const JsonText& request) {
    if (moduleId != "__console__") return false;
    const auto body = parseJson(request);
    if (!body || !body->is_object()) return false;
    const auto signal = body->find("signal");
    return signal != body->end() && *signal == "list";
}

// Numbers of bytes as MiB and of seconds as minutes; a C++ server's heap is its resident set.
JsonText listShape(const nlohmann::json& answer) {
    const double mib = answer.value("rss", 0.0) / (1024.0 * 1024.0);
    const double minutes = answer.value("uptime", 0.0) / 60.0;
    nlohmann::json body = answer;
    body["rss"] = twoDecimals(mib);
    body["heapTotal"] = twoDecimals(mib);
    body["heapUsed"] = twoDecimals(mib);
    body["uptime"] = twoDecimals(minutes);
    const nlohmann::json shaped = {{"serverId", answer.value("serverId", "")}, {"body", body}};
    return jsonText(shaped);
}

bool isListAnswer(const nlohmann::json& answer) {
    const auto has = [&answer](const char* key, auto isRight) {
        const auto found = answer.find(key);
        return found != answer.end() && isRight(*found);
    };
    const auto isNumber = [](const nlohmann::json& value) { return value.is_number(); };
    const auto isText = [](const nlohmann::json& value) { return value.is_string(); };
    return answer.is_object() && has("rss", isNumber) && has("uptime", isNumber) &&
           has("serverId", isText);
}

}  // namespace

JsonText pomeloShape(std::string_view moduleId, const JsonText& request, JsonText answer) {
    if (!isListRequest(moduleId, request)) return answer;
    const auto parsed = parseJson(answer);
    if (!parsed || !isListAnswer(*parsed)) return answer;
    return listShape(*parsed);
}

std::string_view dangerOf(std::string_view moduleId, const JsonText& body) {
    if (moduleId != "systemInfo") return {};
    // Its master half reads body.iostat.disk and .cpu without a check and dies.
    const auto message = parseJson(body);
    static const nlohmann::json::json_pointer kDisk("/body/iostat/disk");
    static const nlohmann::json::json_pointer kCpu("/body/iostat/cpu");
    if (message && message->is_object() && message->contains(kDisk) && message->contains(kCpu))
        return {};
    return "systemInfo without body.iostat.disk and body.iostat.cpu";
}

}  // namespace muster
