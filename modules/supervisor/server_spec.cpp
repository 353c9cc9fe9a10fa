#include "modules/supervisor/server_spec.hpp"

#include "common/wire/topics.hpp"

#include <muster/json.hpp>

#include <algorithm>

namespace muster::supervisor {

using Json = nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kMaxItems = 1024;
constexpr std::size_t kMaxText = 128 << 10;  // of one argument or variable: the kernel's own bound
constexpr std::int64_t kMaxWait = 24LL * 3600 * 1000;

Error bad(const std::string& what) {
    return Error(Errc::BadMessage, "server: " + what);
}

bool isUsable(const Json& value) {
    if (!value.is_string()) return false;
    const auto& text = value.get_ref<const std::string&>();
    return text.size() <= kMaxText && text.find('\0') == std::string::npos;
}

std::string textOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && isUsable(*found) ? found->get<std::string>() : std::string();
}

std::int64_t numberOf(const Json& object, const char* key, std::int64_t fallback,
                      std::int64_t max) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_integer()) return fallback;
    const auto number = found->get<std::int64_t>();
    return number < 0 || number > max ? fallback : number;
}

milliseconds waitOf(const Json& object, const char* key, milliseconds fallback) {
    return milliseconds(numberOf(object, key, fallback.count(), kMaxWait));
}

Json objectOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? *found : Json::object();
}

Result<std::vector<std::string>> argumentsOf(const Json& object, const char* key) {
    std::vector<std::string> arguments;
    const auto found = object.find(key);
    if (found == object.end()) return arguments;
    if (!found->is_array() || found->size() > kMaxItems)
        return bad(std::string(key) + " must be an array of at most 1024 strings");
    for (const Json& item : *found) {
        if (!isUsable(item)) return bad(std::string(key) + " holds what is no usable string");
        arguments.push_back(item.get<std::string>());
    }
    return arguments;
}

Result<std::map<std::string, std::string>> environmentOf(const Json& object) {
    std::map<std::string, std::string> variables;
    const Json env = objectOf(object, "env");  // named: items() refers to it
    for (const auto& [name, value] : env.items()) {
        const bool isName = !name.empty() && name.size() <= 256 &&
                            name.find_first_of(std::string_view("=\0", 2)) == std::string::npos;
        if (!isName || !isUsable(value)) return bad("env holds an unusable variable");
        variables.emplace(name, value.get<std::string>());
    }
    if (variables.size() > kMaxItems) return bad("env holds more than 1024 variables");
    return variables;
}

const char* nameOf(config::RestartPolicy::When when) {
    using When = config::RestartPolicy::When;
    return when == When::Always ? "always" : when == When::OnFailure ? "onFailure" : "never";
}

config::RestartPolicy restartOf(const Json& json) {
    using When = config::RestartPolicy::When;
    config::RestartPolicy restart;
    const std::string when = textOf(json, "when");
    if (when == "onFailure") restart.when = When::OnFailure;
    if (when == "never") restart.when = When::Never;
    restart.first = waitOf(json, "firstMs", restart.first);
    restart.base = waitOf(json, "baseMs", restart.base);
    restart.cap = waitOf(json, "capMs", restart.cap);
    restart.resetAfter = waitOf(json, "resetAfterMs", restart.resetAfter);
    restart.max = static_cast<int>(numberOf(json, "max", 0, 1'000'000));
    return restart;
}

const char* nameOf(config::Readiness::Kind kind) {
    using Kind = config::Readiness::Kind;
    switch (kind) {
        case Kind::Start: return "start";
        case Kind::Monitor: return "monitor";
        case Kind::Tcp: return "tcp";
        case Kind::Log: return "log";
        case Kind::Command: return "command";
    }
    return "start";
}

Result<config::Readiness> readinessOf(const Json& json) {
    using Kind = config::Readiness::Kind;
    config::Readiness readiness;
    const std::string name = textOf(json, "kind");
    for (const Kind kind : {Kind::Monitor, Kind::Tcp, Kind::Log, Kind::Command})
        if (name == nameOf(kind)) readiness.kind = kind;
    readiness.port = static_cast<int>(numberOf(json, "port", 0, 65535));
    readiness.pattern = textOf(json, "pattern");
    readiness.timeout = waitOf(json, "timeoutMs", readiness.timeout);
    auto argv = argumentsOf(json, "argv");
    if (!argv) return argv.error();
    readiness.argv = std::move(*argv);
    if (readiness.pattern.size() > 1024) return bad("readiness.pattern is above 1024 bytes");
    if (readiness.kind == Kind::Log && readiness.pattern.empty())
        return bad("readiness \"log\" needs a pattern");
    if (readiness.kind == Kind::Command && readiness.argv.empty())
        return bad("readiness \"command\" needs argv");
    return readiness;
}

const char* nameOf(config::Liveness::Kind kind) {
    using Kind = config::Liveness::Kind;
    return kind == Kind::Tcp ? "tcp" : kind == Kind::Command ? "command" : "none";
}

Result<config::Liveness> livenessOf(const Json& json) {
    using Kind = config::Liveness::Kind;
    config::Liveness liveness;
    const std::string name = textOf(json, "kind");
    for (const Kind kind : {Kind::Tcp, Kind::Command})
        if (name == nameOf(kind)) liveness.kind = kind;
    liveness.port = static_cast<int>(numberOf(json, "port", 0, 65535));
    liveness.interval = std::max(waitOf(json, "intervalMs", liveness.interval), milliseconds(100));
    liveness.timeout = std::max(waitOf(json, "timeoutMs", liveness.timeout), milliseconds(10));
    liveness.failures =
        std::max(1, static_cast<int>(numberOf(json, "failures", liveness.failures, 1000)));
    auto argv = argumentsOf(json, "argv");
    if (!argv) return argv.error();
    liveness.argv = std::move(*argv);
    if (liveness.kind == Kind::Command && liveness.argv.empty())
        return bad("liveness \"command\" needs argv");
    return liveness;
}

Json jsonOf(const config::Liveness& liveness) {
    return {{"kind", nameOf(liveness.kind)},
            {"port", liveness.port},
            {"argv", liveness.argv},
            {"intervalMs", liveness.interval.count()},
            {"timeoutMs", liveness.timeout.count()},
            {"failures", liveness.failures}};
}

}  // namespace

JsonText encode(const ServerSpec& spec) {
    const auto& [when, first, base, cap, resetAfter, max] = spec.restart;
    return jsonText(
        {{"id", spec.id},
         {"type", spec.type},
         {"host", spec.host},
         {"port", spec.port},
         {"argv", spec.argv},
         {"env", spec.env},
         {"cwd", spec.cwd},
         {"user", spec.user},
         {"restart",
          {{"when", nameOf(when)},
           {"firstMs", first.count()},
           {"baseMs", base.count()},
           {"capMs", cap.count()},
           {"resetAfterMs", resetAfter.count()},
           {"max", max}}},
         {"stop", {{"signal", spec.stop.signal}, {"timeoutMs", spec.stop.timeout.count()}}},
         {"readiness",
          {{"kind", nameOf(spec.readiness.kind)},
           {"port", spec.readiness.port},
           {"pattern", spec.readiness.pattern},
           {"argv", spec.readiness.argv},
           {"timeoutMs", spec.readiness.timeout.count()}}},
         {"liveness", jsonOf(spec.liveness)},
         {"onUnresponsive",
          spec.onUnresponsive == config::OnUnresponsive::Restart ? "restart" : "report"},
         {"process", Json::parse(encode(spec.process))},
         {"pomelo", spec.isPomelo}});
}

Result<ServerSpec> decodeSpec(std::string_view text) {
    auto json = parseJson(text);
    if (!json || !json->is_object()) return bad("not a JSON object");
    ServerSpec spec;
    spec.id = textOf(*json, "id");
    spec.type = textOf(*json, "type");
    if (!wire::isValidId(spec.id)) return bad("id is not [A-Za-z0-9._-]{1,64}");
    auto argv = argumentsOf(*json, "argv");
    if (!argv) return argv.error();
    auto env = environmentOf(*json);
    if (!env) return env.error();
    auto readiness = readinessOf(objectOf(*json, "readiness"));
    if (!readiness) return readiness.error();
    auto liveness = livenessOf(objectOf(*json, "liveness"));
    if (!liveness) return liveness.error();
    spec.liveness = std::move(*liveness);
    if (textOf(*json, "onUnresponsive") == "restart")
        spec.onUnresponsive = config::OnUnresponsive::Restart;
    auto process = decodeProcessSettings(jsonText(objectOf(*json, "process")));
    if (!process) return process.error();
    spec.process = std::move(*process);
    spec.argv = std::move(*argv);
    spec.env = std::move(*env);
    spec.readiness = std::move(*readiness);
    if (spec.argv.empty() || spec.argv.front().empty()) return bad(spec.id + " has no command");
    const auto host = textOf(*json, "host");
    if (!host.empty()) spec.host = host;
    spec.port = static_cast<int>(numberOf(*json, "port", 0, 65535));
    spec.cwd = textOf(*json, "cwd");
    spec.user = textOf(*json, "user");
    spec.restart = restartOf(objectOf(*json, "restart"));
    const Json stop = objectOf(*json, "stop");
    spec.stop.signal = static_cast<int>(numberOf(stop, "signal", spec.stop.signal, 64));
    spec.stop.timeout = waitOf(stop, "timeoutMs", spec.stop.timeout);
    if (!spec.cwd.empty() && spec.cwd.front() != '/') return bad("cwd is not absolute");
    const auto pomelo = json->find("pomelo");
    spec.isPomelo = pomelo != json->end() && *pomelo == true;
    return spec;
}

}  // namespace muster::supervisor
