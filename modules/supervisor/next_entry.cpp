#include "modules/supervisor/next_entry.hpp"

#include "master/supervisor/scale_plan.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>

namespace muster::supervisor {

using Json = nlohmann::json;

namespace {

constexpr std::int64_t kHighestPort = 65'535;
constexpr std::int64_t kHighestNumber = 1'000'000'000;
constexpr std::size_t kLongestId = 64;

/// pomelo's command line makes no difference between 3150 and "3150".
std::optional<std::int64_t> numberOf(const Json& value) {
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (!value.is_string()) return std::nullopt;
    const auto text = value.get<std::string>();
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
    return number;
}

bool isPort(std::string_view key) {
    return key == "port" || key.ends_with("Port");
}

/// Ports that servers of that host have, whatever the key.
std::set<std::int64_t> portsOf(const config::Cluster& cluster, const std::string& host) {
    std::set<std::int64_t> ports;
    for (const config::Server& server : cluster.servers) {
        if (server.host != host) continue;
        const Json entry = Json::parse(server.properties, nullptr, false);
        if (!entry.is_object()) continue;
        for (const auto& [key, value] : entry.items())
            if (const auto port = numberOf(value); port && isPort(key)) ports.insert(*port);
    }
    if (cluster.masterHost == host) ports.insert(cluster.masterPort);
    return ports;
}

const config::Server* lastOf(const config::Cluster& cluster, const std::string& type) {
    const config::Server* last = nullptr;
    for (const config::Server& server : cluster.servers)
        if (server.type == type && (last == nullptr || isNaturallyBefore(last->id, server.id)))
            last = &server;
    return last;
}

/// "chat-9" makes "chat-10"; "chat" makes "chat-2".
Result<std::string> nextId(const config::Cluster& cluster, const std::string& last) {
    const std::size_t at = last.find_last_not_of("0123456789") + 1;
    std::string prefix = last.substr(0, at);
    std::int64_t number = 1;
    if (at < last.size())
        std::from_chars(last.data() + at, last.data() + last.size(), number);
    else
        prefix += "-";
    const auto isTaken = [&cluster](const std::string& id) {
        return id == cluster.masterId ||
               std::any_of(cluster.servers.begin(), cluster.servers.end(),
                           [&](const auto& server) { return server.id == id; });
    };
    std::string id;
    do {
        if (++number > kHighestNumber)
            return Error(Errc::Conflict, "no number comes after that of " + last);
        id = prefix + std::to_string(number);
    } while (isTaken(id));
    if (id.size() > kLongestId) return Error(Errc::Conflict, id + " is too long for an id");
    return id;
}

}  // namespace

Result<JsonText> nextEntry(const config::Cluster& cluster, const std::string& type) {
    if (!cluster.types.contains(type) && lastOf(cluster, type) == nullptr)
        return Error(Errc::UnknownServer, "no server type \"" + type.substr(0, 64) + "\"");
    const config::Server* last = lastOf(cluster, type);
    if (last == nullptr)
        return Error(Errc::Conflict,
                     type + " has no server to copy: add the first one by 'muster add'");
    Json entry = Json::parse(last->properties, nullptr, false);
    if (!entry.is_object()) entry = Json::object();
    auto id = nextId(cluster, last->id);
    if (!id) return id.error();
    std::set<std::int64_t> taken = portsOf(cluster, last->host);
    for (auto& [key, value] : entry.items()) {
        const auto port = numberOf(value);
        if (!isPort(key) || !port || *port <= 0) continue;
        std::int64_t next = *port;
        while (next <= kHighestPort && taken.contains(next)) ++next;
        if (next > kHighestPort)
            return Error(Errc::Conflict, "no " + key + " is left after " + std::to_string(*port) +
                                             " for " + *id + ": add it by 'muster add'");
        taken.insert(next);
        value = next;
    }
    // The copy is one server, whatever the entry was that it came from.
    entry.erase("clusterCount");
    entry["id"] = *id;
    entry["serverType"] = type;
    return jsonText(entry);
}

}  // namespace muster::supervisor
