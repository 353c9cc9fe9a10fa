#include "master/cluster/event_log.hpp"

#include "common/log.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/json_scanner.hpp"
#include "common/wire/topics.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

namespace muster {
namespace {

/// The event's time, kind and id, unless `body` has its own of a name, and all of `body`.
std::string recordOf(const std::string& serverId, const std::string& kind, const JsonText& body,
                     WallTime now) {
    const bool isTaken = body.size() <= EventLog::kMaxBody;
    const auto isOwn = [&](std::string_view name) {
        return !isTaken || !wire::findMember(body, name);
    };
    std::string record = "{";
    const auto put = [&record](std::string_view name, std::string_view text) {
        record += record.size() > 1 ? ",\"" : "\"";
        record.append(name).append("\":");
        wire::appendJsonString(record, text);
    };
    if (isOwn("time")) put("time", wire::formatTime(now));
    if (isOwn("kind")) put("kind", kind);
    if (isOwn("id")) put("id", serverId);
    if (isTaken) wire::appendMembers(record, body);
    return record += '}';
}

// Padded, so that keys are in order of their numbers.
std::string keyOf(const std::string& encodedId, std::uint64_t number) {
    return fmt::format("{}{}/{:016}", EventLog::kPrefix, encodedId, number);
}

}  // namespace

EventLog::EventLog(EventLoop& loop, StateStore& store, std::size_t maxPerServer)
    : loop_(loop), store_(store), maxPerServer_(maxPerServer) {
    const std::string prefix = kPrefix;
    for (const auto& entry : store_.list(prefix)) {
        const auto slash = entry.key.rfind('/');
        if (slash <= prefix.size()) continue;
        std::uint64_t number = 0;
        std::from_chars(entry.key.data() + slash + 1, entry.key.data() + entry.key.size(), number);
        next_ = std::max(next_, number + 1);
        numbers_[entry.key.substr(prefix.size(), slash - prefix.size())].push_back(number);
    }
}

void EventLog::append(const std::string& serverId, const std::string& kind, const JsonText& body) {
    const std::string id = wire::percentEncode(serverId);
    if (id.empty() || id.size() > 192 || (numbers_.size() >= kMaxServers && !numbers_.contains(id)))
        return;
    auto& numbers = numbers_[id];
    numbers.push_back(next_++);
    Transaction transaction;
    transaction.puts.push_back(
        {keyOf(id, numbers.back()), recordOf(serverId, kind, body, loop_.wallTime())});
    while (numbers.size() > maxPerServer_) {
        transaction.erases.push_back(keyOf(id, numbers.front()));
        numbers.erase(numbers.begin());
    }
    commit(std::move(transaction));
}

std::vector<JsonText> EventLog::last(const std::string& serverId, std::size_t limit) const {
    std::vector<JsonText> out;
    const auto found = numbers_.find(wire::percentEncode(serverId));
    if (found == numbers_.end()) return out;
    const auto& numbers = found->second;
    for (std::size_t i = numbers.size() - std::min(limit, numbers.size()); i < numbers.size(); ++i)
        if (const auto entry = store_.get(keyOf(found->first, numbers[i])))
            out.push_back(entry->value);
    return out;
}

void EventLog::forget(const std::string& serverId) {
    const auto gone = numbers_.extract(wire::percentEncode(serverId));
    if (gone.empty()) return;
    Transaction transaction;
    for (const std::uint64_t number : gone.mapped())
        transaction.erases.push_back(keyOf(gone.key(), number));
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
