#include "master/mqtt/broker_trace.hpp"

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
        line.client = event.client;
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

Result<std::uint64_t> BrokerTrace::start(const std::string& clientId, const std::string& filter,
                                         TimePoint now) {
    if (traces_.size() >= kMostTraces)
        return Error(Errc::Limit, "too many traces run: end another one first");
    Trace trace;
    trace.clientId = clientId;
    trace.readAt = now;
    if (!filter.empty()) {
        trace.filter = TopicFilter::parse(filter);
        if (!trace.filter) return Error(Errc::BadMessage, "this is no topic filter");
    }
    traces_.emplace(++last_, std::move(trace));
    return last_;
}

Result<TraceLines> BrokerTrace::read(std::uint64_t trace, TimePoint now) {
    const auto found = traces_.find(trace);
    if (found == traces_.end())
        return Error(Errc::Failed, "this trace has ended: it was not read for too long");
    found->second.readAt = now;
    TraceLines out;
    out.missed = std::exchange(found->second.missed, 0);
    for (Line& kept : std::exchange(found->second.lines, {})) {
        kept.line.age = std::chrono::duration_cast<std::chrono::milliseconds>(now - kept.at);
        out.lines.push_back(std::move(kept.line));
    }
    return out;
}

}  // namespace muster::mqtt
