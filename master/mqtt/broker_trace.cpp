#include "master/mqtt/broker_trace.hpp"

#include <algorithm>
#include <utility>

namespace muster::mqtt {

bool BrokerTrace::Trace::wants(const TraceEvent& event) const {
    if (!clientId.empty() && event.client != clientId) return false;
    return !filter || (!event.topic.empty() && filter->matches(event.topic));
}

void BrokerTrace::note(const TraceEvent& event, TimePoint now) {
    for (auto& [number, trace] : traces_) {
        if (!trace.wants(event)) continue;
        if (trace.lines.size() >= kMostLines) {
            ++trace.missed;
            continue;
        }
        TraceLine line;
        line.what = event.what;
        line.client = event.client.substr(0, kMostText);
        line.topic = event.topic.substr(0, kMostText);
        line.bytes = event.bytes;
        line.qos = event.qos;
        line.detail = event.detail.substr(0, kMostText);
        trace.lines.push_back({now, std::move(line)});
    }
}

void BrokerTrace::expire(TimePoint now) {
    std::erase_if(traces_, [now](const auto& entry) { return now - entry.second.readAt > kLease; });
}

Result<std::uint64_t> BrokerTrace::start(const std::string& owner, const TraceWish& wish,
                                         TimePoint now) {
    const auto own = static_cast<std::size_t>(
        std::count_if(traces_.begin(), traces_.end(),
                      [&](const auto& entry) { return entry.second.owner == owner; }));
    if (traces_.size() >= kMostTraces || own >= kMostOfOne)
        return Error(Errc::Limit, "too many traces run: end another one first");
    Trace trace;
    trace.owner = owner;
    trace.clientId = wish.clientId;
    trace.readAt = now;
    if (!wish.filter.empty()) {
        trace.filter = TopicFilter::parse(wish.filter);
        if (!trace.filter) return Error(Errc::BadMessage, "this is no topic filter");
    }
    traces_.emplace(++last_, std::move(trace));
    return last_;
}

// Numbers are easily guessed: what one traces is no other's to take or to end.
BrokerTrace::Trace* BrokerTrace::find(const std::string& owner, std::uint64_t trace) {
    const auto found = traces_.find(trace);
    return found != traces_.end() && found->second.owner == owner ? &found->second : nullptr;
}

Result<TraceLines> BrokerTrace::read(const std::string& owner, std::uint64_t trace, TimePoint now) {
    Trace* found = find(owner, trace);
    if (found == nullptr)
        return Error(Errc::Failed, "this trace has ended: it was not read for too long");
    found->readAt = now;
    TraceLines out;
    out.missed = std::exchange(found->missed, 0);
    for (Line& kept : std::exchange(found->lines, {})) {
        kept.line.age = std::chrono::duration_cast<std::chrono::milliseconds>(now - kept.at);
        out.lines.push_back(std::move(kept.line));
    }
    return out;
}

void BrokerTrace::stop(const std::string& owner, std::uint64_t trace) {
    if (find(owner, trace) != nullptr) traces_.erase(trace);
}

}  // namespace muster::mqtt
