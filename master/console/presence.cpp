#include "master/console/presence.hpp"

#include "common/wire/envelope.hpp"
#include "common/wire/json_scanner.hpp"
#include "common/wire/topics.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

namespace muster {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxPayload = 256 * 1024;
constexpr std::size_t kMaxText = 256;
constexpr std::array<std::string_view, 5> kStates{"online", "ready", "draining", "stopping",
                                                  "offline"};

Error bad(std::string_view id, std::string_view what) {
    return Error(Errc::BadMessage, fmt::format("presence of {}: {}", id, what));
}

/// A string member; empty if absent. False if it is something else or too long.
bool readText(const json& record, const char* key, std::string& into) {
    const auto member = record.find(key);
    if (member == record.end() || member->is_null()) return true;
    if (!member->is_string()) return false;
    into = member->get<std::string>();
    return into.size() <= kMaxText;
}

/// A whole number from 0 to `most`; 0 if absent.
bool readNumber(const json& record, const char* key, std::int64_t most, std::int64_t& into) {
    const auto member = record.find(key);
    if (member == record.end() || member->is_null()) return true;
    if (!member->is_number_integer()) return false;
    if (member->is_number_unsigned() && member->get<std::uint64_t>() > INT64_MAX) return false;
    into = member->get<std::int64_t>();
    return into >= 0 && into <= most;
}

/// What others are told of the server: its own info, under the names that pomelo uses.
std::string mergedInfo(const ServerInfo& server, json info) {
    info["id"] = server.id;
    info["serverType"] = server.type;
    info["host"] = server.host;
    if (server.port > 0) info["port"] = server.port;
    info["pid"] = server.pid;
    return jsonText(info);
}

}  // namespace

Result<Presence> decodePresence(std::string_view id, std::string_view payload) {
    if (payload.size() > kMaxPayload) return bad(id, "longer than 256 KiB");
    auto parsed = parseJson(payload);
    if (!parsed || !parsed->is_object()) return bad(id, "not a JSON object");
    json& record = *parsed;
    Presence presence;
    ServerInfo& server = presence.server;
    server.id = id;
    std::int64_t port = 0;
    std::int64_t pid = 0;
    if (!readText(record, "state", presence.state) ||
        std::find(kStates.begin(), kStates.end(), presence.state) == kStates.end())
        return bad(id, "'state' must be online, ready, draining, stopping or offline");
    if (!readText(record, "type", server.type) || !wire::isValidId(server.type))
        return bad(id, "'type' must be 1 to 64 of A-Z a-z 0-9 . _ -");
    if (!readText(record, "host", server.host)) return bad(id, "'host' must be a short string");
    if (!readNumber(record, "port", 65'535, port)) return bad(id, "'port' must be 0 to 65535");
    if (!readNumber(record, "pid", INT32_MAX, pid)) return bad(id, "'pid' must be a process id");
    if (!readText(record, "incarnation", server.incarnation))
        return bad(id, "'incarnation' must be a short string");
    if (!readText(record, "version", presence.version))
        return bad(id, "'version' must be a short string");
    if (!readNumber(record, "busy", INT64_MAX, presence.busy))
        return bad(id, "'busy' must be a count");
    server.port = static_cast<int>(port);
    server.pid = static_cast<long>(pid);
    server.isPomelo = record.value("pomelo", json()) == json(true);
    json& info = record["info"];
    if (!info.is_object() && !info.is_null()) return bad(id, "'info' must be an object");
    server.info = mergedInfo(server, info.is_null() ? json::object() : std::move(info));
    return presence;
}

std::string encodePresence(const ServerInfo& server, std::string_view state, WallTime now) {
    std::string record = fmt::format(R"({{"v":{0},"time":"{1}","protocol":{0},"state":")",
                                     wire::kProtocolVersion, wire::formatTime(now));
    const auto put = [&record](std::string_view name, std::string_view text) {
        record.append(name);
        wire::appendJsonString(record, text);
    };
    record.append(state);
    put(R"(","type":)", server.type);
    put(R"(,"host":)", server.host);
    put(R"(,"incarnation":)", server.incarnation);
    const bool hasInfo = server.info.starts_with('{') && wire::isValidJson(server.info);
    fmt::format_to(std::back_inserter(record),
                   R"(,"port":{},"pid":{},"busy":0,"version":"","pomelo":{},"info":{}}})",
                   server.port, server.pid, server.isPomelo, hasInfo ? server.info : "{}");
    return record;
}

}  // namespace muster
