#include "master/cluster/audit_log.hpp"

#include "common/log.hpp"
#include "common/wire/envelope.hpp"

#include <muster/json.hpp>

namespace muster {
namespace {

constexpr std::size_t kMaxText = 1 << 10;

std::string textOf(const AuditRecord& record, WallTime now) {
    nlohmann::ordered_json out = {{"time", wire::formatTime(now)},
                                  {"user", record.user.substr(0, kMaxText)},
                                  {"clientId", record.clientId.substr(0, kMaxText)},
                                  {"level", record.level},
                                  {"moduleId", record.moduleId.substr(0, kMaxText)},
                                  {"action", record.action.substr(0, kMaxText)},
                                  {"target", record.target.substr(0, kMaxText)},
                                  {"outcome", record.outcome.substr(0, kMaxText)},
                                  {"detail", record.detail.substr(0, kMaxText)}};
    return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

AuditLog::AuditLog(EventLoop& loop, StateStore& store, std::size_t maxRecords)
    : loop_(loop), store_(store), maxRecords_(maxRecords) {
    for (const auto& entry : store_.list(kPrefix)) keys_.insert(entry.key);
}

void AuditLog::record(const AuditRecord& record) {
    const WallTime now = loop_.wallTime();
    const std::string key = kPrefix + wire::formatTime(now) + "-" + wire::makeUuid(now);
    Transaction transaction;
    transaction.puts.push_back({key, textOf(record, now)});
    keys_.insert(key);
    // At most a few at once: an old store with more is brought down step by step.
    while (keys_.size() > maxRecords_ && transaction.erases.size() < 100) {
        transaction.erases.push_back(*keys_.begin());
        keys_.erase(keys_.begin());
    }
    store_.commit(std::move(transaction), [this, isAlive = isAlive_, key, record](auto result) {
        if (!*isAlive || result) return;
        keys_.erase(key);
        log::error("audit", "not written ({}): {} {} {} {} {}", result.error().detail(),
                   record.user, record.moduleId, record.action, record.target, record.outcome);
    });
}

std::vector<JsonText> AuditLog::newest(std::size_t limit) const {
    std::vector<JsonText> out;
    for (auto at = keys_.rbegin(); at != keys_.rend() && out.size() < limit; ++at)
        if (const auto entry = store_.get(*at)) out.push_back(entry->value);
    return out;
}

}  // namespace muster
