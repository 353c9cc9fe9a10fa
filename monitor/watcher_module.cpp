#include "monitor/watcher_module.hpp"

#include <muster/json.hpp>

#include <utility>

namespace muster {
namespace {

constexpr std::size_t kMaxServers = 100'000;
constexpr std::size_t kMaxId = 256;  // a pomelo id is any text

std::string textOf(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool isUsableId(const std::string& id) {
    return !id.empty() && id.size() <= kMaxId;
}

std::string incarnationOf(const JsonText& info) {
    const auto parsed = nlohmann::json::parse(info, nullptr, false);
    return parsed.is_object() ? textOf(parsed, "incarnation") : std::string();
}

}  // namespace

void WatcherModule::watch(std::function<void(const JsonText&)> onServers) {
    onServers_ = std::move(onServers);
}

void WatcherModule::monitorHandler(MonitorAgent& /*agent*/, const JsonText& message, Reply reply) {
    const auto body = parseJson(message);
    if (!body || !body->is_object())
        return reply(Error(Errc::BadMessage, "expected an object with an action"));
    const std::string action = textOf(*body, "action");
    bool isDone = action == "startOver";
    bool isChange = false;
    if (action == "addServer" && body->contains("server")) {
        isChange = isDone = addServer(jsonText((*body)["server"]));
    } else if (action == "replaceServer" && body->contains("servers")) {
        isChange = isDone = replaceAll(jsonText((*body)["servers"]));
    } else if (action == "removeServer") {
        const auto found = servers_.find(textOf(*body, "id"));
        const std::string life = textOf(*body, "incarnation");
        // A late goodbye of an older life must not remove the new one.
        if (found != servers_.end() && (life.empty() || life == incarnationOf(found->second))) {
            servers_.erase(found);
            isChange = true;
        }
        isDone = true;
    } else if (!isDone && action != "addServer" && action != "replaceServer") {
        return reply(Error(Errc::BadMessage, "unknown action '" + action.substr(0, 64) + "'"));
    }
    if (isChange) tell();
    reply(JsonText(isDone ? "1" : "0"));
}

bool WatcherModule::addServer(const JsonText& info) {
    const auto parsed = nlohmann::json::parse(info, nullptr, false);
    if (!parsed.is_object()) return false;
    const std::string id = textOf(parsed, "id");
    if (!isUsableId(id)) return false;
    if (!isWatching()) return true;
    if (servers_.size() >= kMaxServers && servers_.count(id) == 0) return false;
    servers_[id] = info;
    return true;
}

bool WatcherModule::replaceAll(const JsonText& servers) {
    const auto parsed = nlohmann::json::parse(servers, nullptr, false);
    if (!parsed.is_object() || parsed.size() > kMaxServers) return false;
    if (!isWatching()) return true;
    std::map<std::string, JsonText> replacement;
    for (const auto& [id, info] : parsed.items())
        if (isUsableId(id) && info.is_object()) replacement[id] = jsonText(info);
    servers_ = std::move(replacement);
    return true;
}

void WatcherModule::subscribe(MonitorAgent& agent) {
    if (!isWatching()) return;
    const nlohmann::json body = {{"action", "subscribe"}, {"id", agent.self().id}};
    agent.request(
        "__masterwatcher__", jsonText(body),
        [this](const Result<JsonText>& servers) {
            const auto before = servers_;
            if (servers && replaceAll(*servers) && (!isTold_ || before != servers_)) tell();
        },
        std::chrono::seconds(30));
}

void WatcherModule::tell() {
    if (!isWatching()) return;
    isTold_ = true;
    std::string all = "{";
    for (const auto& [id, info] : servers_) {
        if (all.size() > 1) all += ',';
        all += jsonText(nlohmann::json(id)) + ":" + info;
    }
    onServers_(all + "}");
}

}  // namespace muster
