#include "monitor/own_presence.hpp"

#include <algorithm>
#include <utility>

namespace muster {

namespace {
// More than that many unseen: the broker does not show us our own topic.
constexpr std::size_t kMaxPending = 16;
}  // namespace

void OwnPresence::said(std::string payload) {
    last_ = payload;
    pending_.push_back(std::move(payload));
    if (pending_.size() > kMaxPending) pending_.pop_front();
}

bool OwnPresence::mustRepeat(std::string_view payload) {
    const auto seen = std::find(pending_.begin(), pending_.end(), payload);
    if (seen != pending_.end()) {
        pending_.erase(pending_.begin(), seen + 1);
        return false;
    }
    return pending_.empty() && payload != last_;
}

}  // namespace muster
