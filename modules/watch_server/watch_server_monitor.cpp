#include "modules/watch_server/watch_server_monitor.hpp"

#include "modules/body.hpp"
#include "modules/self_status.hpp"

#include <muster/json.hpp>

namespace muster::modules {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxSettings = 1'000;
constexpr std::size_t kMaxKey = 256;

Error badKey() {
    return Error(Errc::BadMessage, "param must be a key of 1 to 256 bytes");
}

bool isKey(const std::string& key) {
    return !key.empty() && key.size() <= kMaxKey;
}

}  // namespace

void WatchServerMonitor::monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) {
    const auto body = parseObject(message);
    if (!body) return reply(body.error());
    reply(answer(agent.self(), textOf(*body, "comd"), *body));
}

Result<JsonText> WatchServerMonitor::answer(const ServerInfo& self, const std::string& comd,
                                            const json& body) {
    const std::string param = textOf(body, "param");
    if (comd == "servers") return jsonText({{"serverId", self.id}, {"body", selfRow(self)}});
    if (comd == "status") return jsonText({{"serverId", self.id}, {"body", selfStatus(self)}});
    if (comd == "config") {
        const JsonText found = config_ ? config_(param) : JsonText();
        return found.empty() ? JsonText("{}") : found;
    }
    if (comd == "settings") return settings();
    if (comd == "get") return get(param);
    if (comd == "set") return set(body);
    if (comd == "enable" || comd == "disable") return enable(param, comd == "enable");
    return Error(Errc::NotSupported,
                 "not supported: a C++ server cannot do '" + comd.substr(0, 64) + "'");
}

Result<JsonText> WatchServerMonitor::get(const std::string& key) const {
    const auto setting = settings_.find(key);
    return setting == settings_.end() ? JsonText("null") : setting->second;
}

Result<JsonText> WatchServerMonitor::set(const json& body) {
    const auto param = body.find("param");
    if (param == body.end() || !param->is_object())
        return Error(Errc::BadMessage, "param must be {key, value}");
    const std::string key = textOf(*param, "key");
    const JsonText value = jsonText(param->value("value", json()));
    if (!isKey(key) || value.size() > kMaxText) return badKey();
    if (settings_.size() >= kMaxSettings && settings_.count(key) == 0)
        return Error(Errc::Limit, "too many settings");
    settings_[key] = value;
    const json text = param->value("value", json());
    return jsonText("set " + key + ":" + (text.is_string() ? text.get<std::string>() : value) +
                    " ok");
}

Result<JsonText> WatchServerMonitor::enable(const std::string& key, bool isOn) {
    if (!isKey(key)) return badKey();
    if (settings_.size() >= kMaxSettings && settings_.count(key) == 0)
        return Error(Errc::Limit, "too many settings");
    settings_[key] = isOn ? "true" : "false";
    return jsonText((isOn ? "enable " : "disable ") + key + " ok");
}

bool WatchServerMonitor::isEnabled(const std::string& key) const {
    const auto setting = settings_.find(key);
    return setting != settings_.end() && setting->second == "true";
}

JsonText WatchServerMonitor::settings() const {
    json all = json::object();
    for (const auto& [key, value] : settings_)
        if (auto parsed = parseJson(value)) all[key] = *std::move(parsed);
    return jsonText(all);
}

}  // namespace muster::modules
