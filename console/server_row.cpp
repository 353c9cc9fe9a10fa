#include "console/server_row.hpp"

#include <muster/json.hpp>

#include <fmt/format.h>
#include <string.h>

namespace muster::cli {
namespace {

using nlohmann::json;

std::string textOf(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool boolOf(const json& object, const char* key, bool otherwise) {
    const auto found = object.find(key);
    return found != object.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

std::optional<double> doubleOf(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) return std::nullopt;
    return found->get<double>();
}

/// Numbers beyond 2^53 are nobody's port, pid or time: they count as absent.
std::optional<std::int64_t> numberOf(const json& object, const char* key) {
    const auto value = doubleOf(object, key);
    if (!value || !(*value > -9.0e15 && *value < 9.0e15)) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

std::optional<std::chrono::milliseconds> spanOf(const json& object, const char* key) {
    const auto value = numberOf(object, key);
    if (!value) return std::nullopt;
    return std::chrono::milliseconds(*value);
}

std::vector<std::string> textsOf(const json& object, const char* key) {
    std::vector<std::string> texts;
    const auto found = object.find(key);
    if (found == object.end() || !found->is_array()) return texts;
    for (const json& item : *found)
        if (item.is_string()) texts.push_back(item.get<std::string>());
    return texts;
}

ServerRow rowOf(const json& object) {
    ServerRow row;
    row.json = jsonText(object);
    if (!object.is_object()) return row;
    row.id = textOf(object, "id");
    row.type = textOf(object, "type");
    row.host = textOf(object, "host");
    row.state = textOf(object, "state");
    row.desired = textOf(object, "desired");
    row.version = textOf(object, "version");
    row.note = textOf(object, "note");
    row.isManaged = boolOf(object, "managed", true);
    row.isReady = boolOf(object, "ready", false);
    row.isHeld = boolOf(object, "held", false);
    row.isCordoned = boolOf(object, "cordoned", false);
    row.isPomelo = boolOf(object, "pomelo", false);
    row.port = numberOf(object, "port");
    row.clientPort = numberOf(object, "clientPort");
    row.pid = numberOf(object, "pid");
    row.restarts = numberOf(object, "restarts");
    row.rssBytes = numberOf(object, "rssBytes");
    row.busy = numberOf(object, "busy");
    row.uptime = spanOf(object, "uptimeMs");
    row.age = spanOf(object, "ageMs");
    row.cpuPercent = doubleOf(object, "cpuPercent");
    row.cgroup = textOf(object, "cgroup");
    row.nextTryMs = numberOf(object, "nextTryMs");
    const auto exit = object.find("exit");
    if (exit != object.end() && exit->is_object()) {
        row.lastExit = exitText(numberOf(*exit, "code"), numberOf(*exit, "signal"));
        if (boolOf(*exit, "outOfMemory", false)) row.lastExit += " (out of memory)";
        if (boolOf(*exit, "core", false)) row.lastExit += " (core dumped)";
        if (const auto killed = numberOf(*exit, "remnants"))
            row.lastExit += fmt::format("; left processes killed: {}", *killed);
        if (const auto alive = numberOf(*exit, "remaining"))
            row.lastExit += fmt::format("; left processes that do not die: {}", *alive);
        row.lastLines = textsOf(*exit, "lastLines");
    }
    return row;
}

}  // namespace

std::string exitText(std::optional<std::int64_t> code, std::optional<std::int64_t> signal) {
    if (signal && *signal > 0 && *signal < 65) {
        const char* name = sigabbrev_np(static_cast<int>(*signal));
        return name == nullptr ? fmt::format("signal {}", *signal) : fmt::format("SIG{}", name);
    }
    return code ? fmt::format("exit {}", *code) : std::string();
}

ServerRow parseServerRow(const JsonText& row) {
    const auto parsed = parseJson(row);
    return parsed ? rowOf(*parsed) : ServerRow{};
}

Result<ServerList> parseServerList(const JsonText& answer) {
    const auto parsed = parseJson(answer);
    if (!parsed || !parsed->is_object() || !parsed->contains("servers") ||
        !parsed->at("servers").is_array()) {
        return Error(Errc::Failed, "the master's answer is not a list of servers");
    }
    ServerList list;
    list.json = answer;
    list.cluster = textOf(*parsed, "cluster");
    const auto leader = parsed->find("leader");
    if (leader != parsed->end() && leader->is_object()) {
        list.leaderId = textOf(*leader, "id");
        list.epoch = numberOf(*leader, "epoch").value_or(0);
    }
    for (const json& entry : parsed->at("servers")) {
        ServerRow row = rowOf(entry);
        if (!row.id.empty()) list.rows.push_back(std::move(row));
    }
    return list;
}

}  // namespace muster::cli
