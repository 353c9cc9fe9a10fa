#include "modules/supervisor/server_status.hpp"

#include "common/wire/topics.hpp"

#include <muster/json.hpp>

#include <array>
#include <cstring>

namespace muster::supervisor {

using Json = nlohmann::json;

namespace {

constexpr std::size_t kMaxServers = 100'000;
constexpr std::size_t kMaxEvents = 100;
constexpr std::size_t kMaxNote = 4096;

std::string textOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) return {};
    return found->get<std::string>().substr(0, kMaxNote);
}

template <class Number>
std::optional<Number> numberOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) return std::nullopt;
    return found->get<Number>();
}

bool boolOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && *found == true;
}

Json jsonOf(const ServerStatus& status) {
    Json json{{"id", status.id},
              {"type", status.type},
              {"state", stateName(status.state)},
              {"wantsRun", status.wantsRun},
              {"ended", status.hasEnded},
              {"ready", status.isReady},
              {"restarts", status.restarts},
              {"revision", status.revision},
              {"note", status.note}};
    if (status.hasWatchdog) json["watchdog"] = true;
    if (status.pid > 0) json["pid"] = status.pid;
    if (status.startedMs > 0) json["startedMs"] = status.startedMs;
    if (!status.spec.empty()) json["spec"] = status.spec;
    if (!status.policy.empty()) json["policy"] = status.policy;
    if (status.busy) json["busy"] = *status.busy;
    if (status.cpuPercent) json["cpuPercent"] = *status.cpuPercent;
    if (status.rssBytes) json["rssBytes"] = *status.rssBytes;
    if (status.exit) json["exit"] = Json::parse(encode(*status.exit));
    if (status.nextTryMs > 0) json["nextTryMs"] = status.nextTryMs;
    if (!status.cgroup.empty()) json["cgroup"] = status.cgroup;
    return json;
}

std::optional<ServerStatus> statusOf(const Json& json) {
    if (!json.is_object()) return std::nullopt;
    ServerStatus status;
    status.id = textOf(json, "id");
    status.type = textOf(json, "type");
    const auto state = parseServerState(textOf(json, "state"));
    if (!wire::isValidId(status.id) || !state) return std::nullopt;
    status.state = *state;
    status.wantsRun = boolOf(json, "wantsRun");
    status.hasEnded = boolOf(json, "ended");
    status.isReady = boolOf(json, "ready");
    status.hasWatchdog = boolOf(json, "watchdog");
    status.pid = numberOf<pid_t>(json, "pid").value_or(0);
    status.startedMs = numberOf<std::int64_t>(json, "startedMs").value_or(0);
    status.restarts = numberOf<std::uint64_t>(json, "restarts").value_or(0);
    status.revision = numberOf<std::uint64_t>(json, "revision").value_or(0);
    status.busy = numberOf<std::int64_t>(json, "busy");
    status.cpuPercent = numberOf<double>(json, "cpuPercent");
    status.rssBytes = numberOf<std::uint64_t>(json, "rssBytes");
    status.spec = textOf(json, "spec");
    status.policy = textOf(json, "policy");
    status.note = textOf(json, "note");
    if (const auto exit = json.find("exit"); exit != json.end() && exit->is_object())
        status.exit = keeper::decodeExit(jsonText(*exit));
    status.nextTryMs = numberOf<std::int64_t>(json, "nextTryMs").value_or(0);
    status.cgroup = textOf(json, "cgroup");
    return status;
}

std::string mebibytes(std::int64_t bytes) {
    return std::to_string(bytes >> 20) + " MiB";
}

std::string reasonOf(const keeper::ExitStatus& exit) {
    if (exit.isOutOfMemory)
        return "out of memory" +
               (exit.memoryLimit > 0 ? " (limit " + mebibytes(exit.memoryLimit) + ")" : "");
    if (!exit.isKnown) return "unknown exit";
    if (exit.signal == 0) return "exit status " + std::to_string(exit.code);
    const char* name = ::strsignal(exit.signal);
    return "killed by signal " + std::to_string(exit.signal) + " (" +
           (name != nullptr ? name : "?") + ")" + (exit.hasCore ? ", core dumped" : "");
}

Error bad(const char* what) {
    return Error(Errc::BadMessage, std::string("report: ") + what);
}

}  // namespace

JsonText encode(const NodeReport& report) {
    Json json{{"op", report.isSnapshot ? "snapshot" : "status"}, {"servers", Json::array()}};
    for (const ServerStatus& status : report.servers) json["servers"].push_back(jsonOf(status));
    for (const ServerEvent& event : report.events)
        json["events"].push_back(
            {{"kind", event.kind}, {"cause", event.cause}, {"timeMs", event.timeMs}});
    return jsonText(json);
}

Result<NodeReport> decodeReport(std::string_view text) {
    auto json = parseJson(text);
    if (!json || !json->is_object()) return bad("not a JSON object");
    NodeReport report;
    const std::string op = textOf(*json, "op");
    if (op != "snapshot" && op != "status") return bad("op is neither \"snapshot\" nor \"status\"");
    report.isSnapshot = op == "snapshot";
    const auto servers = json->find("servers");
    if (servers == json->end() || !servers->is_array() || servers->size() > kMaxServers)
        return bad("servers must be an array of at most 100000");
    for (const Json& item : *servers) {
        auto status = statusOf(item);
        if (!status) return bad("a server lacks its id or state");
        report.servers.push_back(std::move(*status));
    }
    const auto events = json->find("events");
    if (events == json->end() || !events->is_array()) return report;
    if (events->size() > kMaxEvents) return bad("more than 100 events");
    for (const Json& item : *events)
        if (item.is_object() && wire::isValidId(textOf(item, "kind")))  // it stands in a topic
            report.events.push_back({textOf(item, "kind"), textOf(item, "cause"),
                                     numberOf<std::int64_t>(item, "timeMs").value_or(0)});
    return report;
}

std::string describe(const keeper::ExitStatus& exit) {
    const std::string line = tellingLine(exit.lastLines);
    return reasonOf(exit) + (line.empty() ? "" : ": " + line) + describeLeft(exit);
}

std::string describeLeft(const keeper::ExitStatus& exit) {
    const auto processes = [](int count) {
        return std::to_string(count) + (count == 1 ? " left process" : " left processes");
    };
    std::string text;
    if (exit.remnants > 0) text += "; " + processes(exit.remnants) + " killed";
    if (exit.remaining > 0)
        text +=
            "; " + processes(exit.remaining) + (exit.remaining == 1 ? " does" : " do") + " not die";
    return text;
}

std::string tellingLine(const std::vector<std::string>& lines) {
    constexpr std::array<std::string_view, 7> kSigns{
        "Error", "error:", "xception", "panic", "fatal", "Assertion", "terminate called"};
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        if (line->starts_with(' ')) continue;  // of a stack
        for (const auto sign : kSigns)
            if (line->find(sign) != std::string::npos) return *line;
    }
    return lines.empty() ? std::string() : lines.back();
}

}  // namespace muster::supervisor
