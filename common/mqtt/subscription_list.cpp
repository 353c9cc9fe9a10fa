#include "common/mqtt/subscription_list.hpp"

#include <utility>

namespace muster::mqtt {

Result<void> SubscriptionList::add(std::string filter, int qos, Done done) {
    if (!entries_.contains(filter) && entries_.size() >= kMaxFilters)
        return Error(Errc::Limit, "more than 1000 subscriptions");
    Entry& entry = entries_[filter];
    entry.qos = qos;
    if (done) entry.waiting.push_back(std::move(done));
    if (isConnected_) wishes_.push_back({true, std::move(filter)});
    return {};
}

void SubscriptionList::remove(const std::string& filter) {
    if (entries_.erase(filter) > 0 && isConnected_) wishes_.push_back({false, filter});
}

void SubscriptionList::connected() {
    lost();
    isConnected_ = true;
    for (const auto& [filter, entry] : entries_) wishes_.push_back({true, filter});
}

void SubscriptionList::lost() {
    isConnected_ = false;
    wishes_.clear();
    inFlight_.clear();
}

std::optional<SubscriptionList::Command> SubscriptionList::next(std::uint64_t id) {
    while (!wishes_.empty()) {
        Wish& wish = wishes_.front();
        if (!inFlight_.empty() && inFlight_.begin()->second.isSubscribe != wish.isSubscribe)
            return std::nullopt;
        const auto entry = entries_.find(wish.filter);
        const bool isWanted = entry != entries_.end();
        if (wish.isSubscribe != isWanted) {  // changed its mind meanwhile; a later wish says so
            wishes_.pop_front();
            continue;
        }
        Command command{id, wish.isSubscribe, wish.filter, isWanted ? entry->second.qos : 0};
        inFlight_.emplace(id, std::move(wish));
        wishes_.pop_front();
        return command;
    }
    return std::nullopt;
}

bool SubscriptionList::answered(std::uint64_t id, int code) {
    auto node = inFlight_.extract(id);
    if (!node) return false;
    if (node.mapped().isSubscribe && code >= 0) finish(node.mapped().filter, code);
    return true;
}

void SubscriptionList::finish(const std::string& filter, int code) {
    const auto found = entries_.find(filter);
    if (found == entries_.end()) return;
    std::vector<Done> waiting = std::exchange(found->second.waiting, {});
    const bool isGranted = code < 0x80;
    // A first refusal is the caller's to handle. What was granted once is tried again on every
    // connection: the rights may come back.
    if (isGranted)
        found->second.wasGranted = true;
    else if (!found->second.wasGranted)
        entries_.erase(found);
    for (const Done& done : waiting)
        done(isGranted ? Result<void>() : Error(Errc::Denied, "the broker refused " + filter));
}

}  // namespace muster::mqtt
