#include "common/request_table.hpp"

#include <algorithm>
#include <functional>

namespace muster {
namespace {

constexpr std::size_t kFewDeadlines = 64;  // too few to be worth tidying up

}  // namespace

Result<std::uint64_t> RequestTable::add(Reply&& reply, TimePoint deadline, std::string_view owner) {
    if (entries_.size() >= limit_)
        return Error(Errc::Limit, std::to_string(limit_) + " requests are waiting already");
    const std::uint64_t id = ++last_;
    entries_.emplace(id, Entry{std::move(reply), std::string(owner)});
    if (deadlines_.size() > 2 * entries_.size() + kFewDeadlines) compactDeadlines();
    deadlines_.emplace_back(deadline, id);
    std::push_heap(deadlines_.begin(), deadlines_.end(), std::greater<>());
    return id;
}

RequestTable::Deadline RequestTable::popDeadline() {
    std::pop_heap(deadlines_.begin(), deadlines_.end(), std::greater<>());
    const Deadline next = deadlines_.back();
    deadlines_.pop_back();
    return next;
}

void RequestTable::compactDeadlines() {
    std::erase_if(deadlines_, [this](const Deadline& d) { return !entries_.contains(d.second); });
    std::make_heap(deadlines_.begin(), deadlines_.end(), std::greater<>());
}

Reply RequestTable::extract(std::unordered_map<std::uint64_t, Entry>::iterator entry) {
    Reply reply = std::move(entry->second.reply);
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
    while (!deadlines_.empty() && deadlines_.front().first <= now) {
        const auto found = entries_.find(popDeadline().second);
        if (found != entries_.end()) expired.push_back(extract(found));
    }
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

std::optional<TimePoint> RequestTable::nextDeadline() {
    while (!deadlines_.empty() && !entries_.contains(deadlines_.front().second)) popDeadline();
    if (deadlines_.empty()) return std::nullopt;
    return deadlines_.front().first;
}

}  // namespace muster
