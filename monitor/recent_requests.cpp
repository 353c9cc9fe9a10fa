#include "monitor/recent_requests.hpp"

#include <utility>

namespace muster {
namespace {

constexpr std::size_t kRemembered = 1000;
// A re-push follows the reconnect at once; what is older than this is another request.
constexpr std::chrono::seconds kMemory{30};
constexpr std::size_t kMaxWaiting = 8;

}  // namespace

RecentRequests::Decision RecentRequests::decide(const std::string& id, std::uint64_t number,
                                                const std::string& what, TimePoint now) {
    const auto known = entries_.find(number);
    const bool isRepush = !id.empty() && id.front() == '"';
    if (isRepush && known != entries_.end() && known->second.what == what &&
        now - known->second.start <= kMemory) {
        if (known->second.outcome) return {Verdict::Repeat, known->second.outcome};
        if (known->second.ids.size() < kMaxWaiting) known->second.ids.push_back(id);
        return {Verdict::Wait, std::nullopt};
    }
    if (known == entries_.end()) ages_.push_back(number);
    entries_[number] = Entry{what, now, {id}, std::nullopt};
    if (ages_.size() > kRemembered) {
        entries_.erase(ages_.front());
        ages_.pop_front();
    }
    return {Verdict::Execute, std::nullopt};
}

std::vector<std::string> RecentRequests::finished(const std::string& id, std::uint64_t number,
                                                  Result<JsonText> outcome) {
    const auto known = entries_.find(number);
    // Forgotten, or the number names another request by now.
    if (known == entries_.end() || known->second.ids.empty() || known->second.ids.front() != id)
        return {id};
    known->second.outcome = std::move(outcome);
    return std::exchange(known->second.ids, {});
}

}  // namespace muster
