#include "master/cluster/event_log.hpp"

#include "common/log.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/topics.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

namespace muster {

EventLog::EventLog(EventLoop& loop, StateStore& store, std::size_t maxPerServer)
    : loop_(loop), store_(store), maxPerServer_(maxPerServer) {
    const std::string prefix = kPrefix;
    for (const auto& entry : store_.list(prefix)) {
        const auto slash = entry.key.rfind('/');
        if (slash <= prefix.size()) continue;
        std::uint64_t number = 0;
        std::from_chars(entry.key.data() + slash + 1, entry.key.data() + entry.key.size(), number);
        next_ = std::max(next_, number + 1);
        keys_[entry.key.substr(prefix.size(), slash - prefix.size())].push_back(entry.key);
    }
}

void EventLog::append(const std::string& serverId, const std::string& kind, const JsonText& body) {
    const std::string id = wire::percentEncode(serverId);
    if (id.empty() || id.size() > 192 || (keys_.size() >= kMaxServers && !keys_.contains(id)))
        return;
    nlohmann::ordered_json event = {
        {"time", wire::formatTime(loop_.wallTime())}, {"kind", kind}, {"id", serverId}};
    if (body.size() <= kMaxBody) {
        const auto more = nlohmann::ordered_json::parse(body, nullptr, false);
        if (more.is_object()) event.update(more);
    }
    // Padded, so that keys are in order of their numbers.
    const std::string key = fmt::format("{}{}/{:016}", kPrefix, id, next_++);
    Transaction transaction;
    transaction.puts.push_back(
        {key, event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
    auto& keys = keys_[id];
    keys.push_back(key);
    while (keys.size() > maxPerServer_) {
        transaction.erases.push_back(std::move(keys.front()));
        keys.pop_front();
    }
    commit(std::move(transaction));
}

std::vector<JsonText> EventLog::last(const std::string& serverId, std::size_t limit) const {
    std::vector<JsonText> out;
    const auto found = keys_.find(wire::percentEncode(serverId));
    if (found == keys_.end()) return out;
    const auto& keys = found->second;
    for (std::size_t i = keys.size() - std::min(limit, keys.size()); i < keys.size(); ++i)
        if (const auto entry = store_.get(keys[i])) out.push_back(entry->value);
    return out;
}

void EventLog::forget(const std::string& serverId) {
    auto gone = keys_.extract(wire::percentEncode(serverId));
    if (gone.empty()) return;
    Transaction transaction;
    transaction.erases.assign(gone.mapped().begin(), gone.mapped().end());
    commit(std::move(transaction));
}

void EventLog::commit(Transaction transaction) {
    store_.commit(std::move(transaction), [this, isAlive = isAlive_](auto result) {
        if (!*isAlive) return;
        failures_ = result ? 0 : failures_ + 1;
        if (failures_ == 1) log::warn("events", "events are not kept: {}", result.error().detail());
    });
}

}  // namespace muster
