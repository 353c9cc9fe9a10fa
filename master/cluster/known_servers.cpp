#include "master/cluster/known_servers.hpp"

#include "common/log.hpp"
#include "common/wire/json_scanner.hpp"
#include "common/wire/topics.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace muster {
namespace {

std::string keyOf(const std::string& id) {
    return KnownServers::kPrefix + wire::percentEncode(id);
}

std::string textOf(const ServerInfo& server) {
    return fmt::format(R"({{"type":{},"host":{},"port":{},"pid":{},"incarnation":{},"info":{}}})",
                       wire::jsonString(server.type), wire::jsonString(server.host), server.port,
                       server.pid, wire::jsonString(server.incarnation), server.info);
}

std::optional<ServerInfo> serverOf(const std::string& id, const std::string& record) {
    const auto json = parseJson(record);
    if (!json || !json->is_object()) return std::nullopt;
    const auto text = [&json](const char* key) {
        const auto found = json->find(key);
        return found != json->end() && found->is_string() ? found->get<std::string>() : "";
    };
    const auto number = [&json](const char* key) {
        const auto found = json->find(key);
        return found != json->end() && found->is_number_integer() ? found->get<long>() : 0;
    };
    ServerInfo server;
    server.id = id;
    server.type = text("type");
    server.host = text("host");
    server.port = static_cast<int>(std::clamp(number("port"), 0L, 65535L));
    server.pid = number("pid");
    server.incarnation = text("incarnation");
    if (const auto info = json->find("info"); info != json->end() && info->is_object())
        server.info = jsonText(*info);
    if (server.type.empty() || server.incarnation.empty()) return std::nullopt;
    return server;
}

}  // namespace

KnownServers::KnownServers(StateStore& store) : store_(store) {
    constexpr std::size_t kPrefixSize = std::string_view(kPrefix).size();
    for (auto& entry : store_.list(kPrefix))
        if (auto id = wire::percentDecode(std::string_view(entry.key).substr(kPrefixSize)))
            records_.emplace(*std::move(id), std::move(entry.value));
}

void KnownServers::here(const ServerInfo& server) {
    const bool isKept = server.info.size() <= kMaxInfo && wire::isValidJson(server.info) &&
                        (records_.size() < kMaxServers || records_.contains(server.id));
    if (server.isPomelo || !isKept) return gone(server.id);
    std::string record = textOf(server);
    std::string& known = records_[server.id];
    if (known == record) return;
    known = std::move(record);
    Transaction transaction;
    transaction.puts.push_back({keyOf(server.id), known});
    commit(std::move(transaction));
}

void KnownServers::gone(const std::string& id) {
    if (records_.erase(id) == 0) return;
    Transaction transaction;
    transaction.erases.push_back(keyOf(id));
    commit(std::move(transaction));
}

std::vector<ServerInfo> KnownServers::all() const {
    std::vector<ServerInfo> servers;
    for (const auto& [id, record] : records_)
        if (auto server = serverOf(id, record)) servers.push_back(*std::move(server));
    std::sort(servers.begin(), servers.end(),
              [](const ServerInfo& a, const ServerInfo& b) { return a.id < b.id; });
    return servers;
}

void KnownServers::commit(Transaction transaction) {
    store_.commit(std::move(transaction), [this, isAlive = isAlive_](auto result) {
        if (!*isAlive) return;
        failures_ = result ? 0 : failures_ + 1;
        if (failures_ == 1)
            log::warn("watcher", "who is here is not kept: {}", result.error().detail());
    });
}

}  // namespace muster
