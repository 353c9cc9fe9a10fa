#include "monitor/own_presence.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

namespace muster {

namespace {
// More than that many unseen: the broker does not show us our own topic.
constexpr std::size_t kMaxPending = 16;
constexpr std::size_t kMaxOlderLives = 100;

std::string incarnationOf(std::string_view payload) {
    const auto record = parseJson(payload);
    if (!record || !record->is_object()) return {};
    const auto found = record->find("incarnation");
    return found != record->end() && found->is_string() ? found->get<std::string>() : "";
}
}  // namespace

void OwnPresence::connected() {
    pending_.clear();
    isReturning_ = wasRegistered_;
}

bool OwnPresence::showsNewerLife(std::string_view payload) {
    const std::string life = incarnationOf(payload);
    if (life.empty()) return false;
    if (life == incarnation_) {
        isReturning_ = false;
        return false;
    }
    if (olderLives_.count(life) != 0) return false;
    if (isReturning_) return true;
    if (olderLives_.size() < kMaxOlderLives) olderLives_.insert(life);
    return false;
}

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
