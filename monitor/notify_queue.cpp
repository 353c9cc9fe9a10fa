#include "monitor/notify_queue.hpp"

#include <algorithm>
#include <utility>

namespace muster {

NotifyQueue::NotifyQueue(std::size_t limit, std::size_t window)
    : limit_(std::max<std::size_t>(limit, 1)), window_(window) {}

bool NotifyQueue::push(std::string moduleId, JsonText body) {
    bool isOneDropped = false;
    if (items_.size() >= limit_) {
        auto oldest = items_.lower_bound(firstWaiting_);
        if (oldest == items_.end()) {  // all are sent: the oldest of them, it may arrive yet
            oldest = items_.begin();
            --sent_;
        }
        items_.erase(oldest);
        ++dropped_;
        isOneDropped = true;
    }
    const std::uint64_t number = ++last_;
    items_.emplace(number, Entry{Item{number, std::move(moduleId), std::move(body)}, false});
    return isOneDropped;
}

std::optional<NotifyQueue::Item> NotifyQueue::next() {
    if (sent_ >= window_) return std::nullopt;
    auto entry = items_.lower_bound(firstWaiting_);
    while (entry != items_.end() && entry->second.isSent) ++entry;
    if (entry == items_.end()) return std::nullopt;
    entry->second.isSent = true;
    ++sent_;
    firstWaiting_ = entry->first + 1;
    return entry->second.item;
}

void NotifyQueue::acknowledged(std::uint64_t number) {
    const auto entry = items_.find(number);
    if (entry == items_.end()) return;
    if (entry->second.isSent) --sent_;
    items_.erase(entry);
}

void NotifyQueue::returned(std::uint64_t number) {
    const auto entry = items_.find(number);
    if (entry == items_.end() || !entry->second.isSent) return;
    entry->second.isSent = false;
    --sent_;
    firstWaiting_ = std::min(firstWaiting_, number);
}

}  // namespace muster
