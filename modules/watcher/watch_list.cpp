#include "modules/watcher/watch_list.hpp"

#include "common/wire/json_scanner.hpp"

#include <muster/json.hpp>

#include <iterator>
#include <utility>

namespace muster::modules {
namespace {

/// What others are told of a server: all it registered with.
JsonText recordOf(const ServerInfo& server) {
    auto info = parseJson(server.info);
    nlohmann::json record = info && info->is_object() ? *std::move(info) : nlohmann::json::object();
    record["id"] = server.id;
    record["serverType"] = server.type;
    if (!record.contains("host")) record["host"] = server.host;
    if (server.pid > 0) record["pid"] = server.pid;
    if (!server.incarnation.empty()) record["incarnation"] = server.incarnation;
    return jsonText(record);
}

JsonText addBody(const JsonText& record) {
    return R"({"action":"addServer","server":)" + record + "}";
}

JsonText removeBody(const ServerInfo& server) {
    std::string body = R"({"action":"removeServer","id":)" + wire::jsonString(server.id);
    if (!server.incarnation.empty())
        body += R"(,"incarnation":)" + wire::jsonString(server.incarnation);
    return body + "}";
}

void append(WatchList::Pushes& pushes, WatchList::Pushes more) {
    pushes.insert(pushes.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

}  // namespace

WatchList::WatchList(std::vector<std::string> expected, std::vector<ServerInfo> remembered)
    : missing_(expected.begin(), expected.end()), isStartedOver_(missing_.empty()) {
    for (ServerInfo& server : remembered) {
        servers_[server.id] = recordOf(server);
        std::string id = server.id;
        remembered_.emplace(std::move(id), std::move(server));
    }
}

WatchList::Pushes WatchList::member(MemberEvent event, const ServerInfo& server) {
    const std::string& id = server.id;
    if (event == MemberEvent::Disconnected) {
        servers_.erase(id);
        remembered_.erase(id);
        watchers_.erase(id);
        recorded_.erase(id);
        startedOver_.erase(id);
        return tellOthers(id, removeBody(server));
    }
    Pushes pushes;
    cameBack(server, pushes);
    const JsonText info = recordOf(server);
    const bool isNew = servers_.find(id) == servers_.end();
    servers_[id] = info;
    if (isNew) append(pushes, tellOthers(id, addBody(info)));
    if (event == MemberEvent::Registered) return pushes;
    // Fully started before the link broke, as far as anybody knows: nobody would tell us again.
    if (isNew && server.isPomelo) {
        startedOver_.insert(id);
        append(pushes, WatchList::record(id));
    }
    if (server.isPomelo) watchers_[id];
    if (const auto watcher = watchers_.find(id); watcher != watchers_.end()) {
        watcher->second.isBehind = false;
        pushes.push_back(whole(id));
    }
    return pushes;
}

/// In its next life it is another one: whoever knew the one that is remembered has to hear that.
void WatchList::cameBack(const ServerInfo& server, Pushes& pushes) {
    const auto known = remembered_.find(server.id);
    if (known == remembered_.end()) return;
    if (known->second.incarnation == server.incarnation)
        remembered_.erase(known);
    else
        append(pushes, gone(server.id));
}

WatchList::Pushes WatchList::gone(const std::string& id) {
    const auto known = remembered_.extract(id);
    if (known.empty()) return {};
    servers_.erase(id);
    return tellOthers(id, removeBody(known.mapped()));
}

WatchList::Pushes WatchList::forgetRemembered() {
    Pushes pushes;
    while (!remembered_.empty()) append(pushes, gone(std::string(remembered_.begin()->first)));
    return pushes;
}

std::vector<std::string> WatchList::remembered() const {
    std::vector<std::string> ids;
    for (const auto& [id, server] : remembered_) ids.push_back(id);
    return ids;
}

void WatchList::subscribe(const std::string& id) {
    watchers_[id].isBehind = false;
}

void WatchList::unsubscribe(const std::string& id) {
    watchers_.erase(id);
}

WatchList::Pushes WatchList::record(const std::string& id) {
    Pushes pushes;
    if (servers_.find(id) == servers_.end()) return pushes;
    recorded_.insert(id);
    missing_.erase(id);
    if (missing_.empty()) isStartedOver_ = true;
    if (isStartedOver_) addStartOver(pushes);
    return pushes;
}

/// To each watcher that is fully started and was not told in this life.
void WatchList::addStartOver(Pushes& pushes) {
    for (const auto& [id, watcher] : watchers_)
        if (recorded_.count(id) > 0 && startedOver_.insert(id).second)
            pushes.push_back({id, R"({"action":"startOver"})"});
}

void WatchList::missed(const std::string& id) {
    if (const auto watcher = watchers_.find(id); watcher != watchers_.end())
        watcher->second.isBehind = true;
}

WatchList::Pushes WatchList::catchUp() {
    Pushes pushes;
    for (auto& [id, watcher] : watchers_)
        if (std::exchange(watcher.isBehind, false)) pushes.push_back(whole(id));
    return pushes;
}

WatchList::Pushes WatchList::tellOthers(const std::string& about, const JsonText& body) {
    Pushes pushes;
    for (auto& [id, watcher] : watchers_) {
        if (id == about) continue;
        pushes.push_back(watcher.isBehind ? whole(id) : Push{id, body});
        watcher.isBehind = false;
    }
    return pushes;
}

WatchList::Push WatchList::whole(const std::string& to) const {
    return {to, R"({"action":"replaceServer","servers":)" + servers() + "}"};
}

JsonText WatchList::servers() const {
    std::string map = "{";
    for (const auto& [id, record] : servers_) {
        if (map.size() > 1) map += ',';
        wire::appendJsonString(map, id);
        map += ':';
        map += record;
    }
    return map + "}";
}

}  // namespace muster::modules
