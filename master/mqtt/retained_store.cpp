#include "master/mqtt/retained_store.hpp"

namespace muster::mqtt {

bool RetainedStore::put(MessagePtr message) {
    const auto known = messages_.find(std::string_view(message->topic));
    const bool isErased = message->payload.empty();
    const std::size_t size = message->bytes();
    const std::size_t freed = known != messages_.end() ? (*known)->bytes() : 0;
    const std::size_t others = messages_.size() - (known != messages_.end() ? 1 : 0);
    const bool fits = others < maxMessages_ && bytes_ - freed + size <= maxBytes_;
    const bool isKept = !isErased && fits;
    if (isKept && !message->isTransient) recorder_.record(change::PutRetained{message});
    if (known != messages_.end()) {
        if (!isKept || message->isTransient) recordErased(**known);
        erase(known);
    }
    if (!isKept) return isErased;
    bytes_ += size;
    messages_.insert(std::move(message));
    return true;
}

void RetainedStore::restore(MessagePtr message) {
    bytes_ += message->bytes();
    messages_.insert(messages_.end(), std::move(message));
}

void RetainedStore::recordErased(const RoutedMessage& message) {
    if (!message.isTransient) recorder_.record(change::EraseRetained{message.topic});
}

RetainedStore::Messages::iterator RetainedStore::erase(Messages::iterator at) {
    bytes_ -= (*at)->bytes();
    return messages_.erase(at);
}

bool RetainedStore::visit(Search search,
                          const std::function<bool(const MessagePtr&)>& visit) const {
    if (!search.filter.hasWildcard()) {
        const auto exact = messages_.find(std::string_view(search.filter.filter()));
        return exact == messages_.end() || (*exact)->isGone(search.now) || visit(*exact);
    }
    const std::string_view prefix = search.filter.literalPrefix();
    auto at = search.after.empty() ? messages_.lower_bound(prefix)
                                   : messages_.upper_bound(std::string_view(search.after));
    for (std::size_t steps = 0; at != messages_.end(); ++at, ++steps) {
        const RoutedMessage& message = **at;
        if (message.topic.compare(0, prefix.size(), prefix) != 0) return true;
        if (steps >= search.mostSteps) return false;
        if (search.filter.matches(message.topic) && !message.isGone(search.now) && !visit(*at))
            return false;
        search.after = message.topic;
    }
    return true;
}

std::size_t RetainedStore::sweep(TimePoint now, std::size_t most) {
    auto at = messages_.upper_bound(std::string_view(sweptUpTo_));
    std::size_t removed = 0;
    for (std::size_t steps = 0; steps < most && at != messages_.end(); ++steps) {
        sweptUpTo_ = (*at)->topic;
        if ((*at)->isGone(now)) {
            recordErased(**at);
            at = erase(at);
            ++removed;
        } else {
            ++at;
        }
    }
    if (at == messages_.end()) sweptUpTo_.clear();
    return removed;
}

}  // namespace muster::mqtt
