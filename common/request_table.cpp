#include "common/request_table.hpp"

#include <algorithm>

namespace muster {

Result<std::uint64_t> RequestTable::add(Reply&& reply, TimePoint deadline, std::string_view owner) {
    if (entries_.size() >= limit_)
        return Error(Errc::Limit, std::to_string(limit_) + " requests are waiting already");
    const std::uint64_t id = ++last_;
    entries_.emplace(id, Entry{std::move(reply), deadline, std::string(owner)});
    deadlines_.emplace(deadline, id);
    return id;
}

Reply RequestTable::extract(std::unordered_map<std::uint64_t, Entry>::iterator entry) {
    Reply reply = std::move(entry->second.reply);
    deadlines_.erase({entry->second.deadline, entry->first});
    entries_.erase(entry);
    return reply;
}

std::optional<Reply> RequestTable::take(std::uint64_t id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return std::nullopt;
    return extract(found);
}

std::optional<Reply> RequestTable::take(std::uint64_t id, std::string_view owner) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.owner != owner) return std::nullopt;
    return extract(found);
}

std::vector<Reply> RequestTable::takeExpired(TimePoint now) {
    std::vector<Reply> expired;
    while (!deadlines_.empty() && deadlines_.begin()->first <= now)
        expired.push_back(extract(entries_.find(deadlines_.begin()->second)));
    return expired;
}

std::vector<Reply> RequestTable::takeOwner(std::string_view owner) {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, entry] : entries_)
        if (entry.owner == owner) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    std::vector<Reply> replies;
    replies.reserve(ids.size());
    for (const std::uint64_t id : ids) replies.push_back(extract(entries_.find(id)));
    return replies;
}

std::vector<Reply> RequestTable::takeAll() {
    std::vector<std::uint64_t> ids;
    ids.reserve(entries_.size());
    for (const auto& [id, entry] : entries_) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    std::vector<Reply> replies;
    replies.reserve(ids.size());
    for (const std::uint64_t id : ids) replies.push_back(extract(entries_.find(id)));
    return replies;
}

std::optional<TimePoint> RequestTable::nextDeadline() const {
    if (deadlines_.empty()) return std::nullopt;
    return deadlines_.begin()->first;
}

}  // namespace muster
