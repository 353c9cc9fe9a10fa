#pragma once

#include "common/event_loop.hpp"
#include "master/mqtt/broker_view.hpp"
#include "master/mqtt/topic_filter.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::mqtt {

/// What happens, as the broker tells it; views good for the call only.
struct TraceEvent {
    const char* what = "";
    std::string_view client{};
    std::string_view topic{};  // empty: has none
    std::size_t bytes = 0;
    int qos = -1;
    std::string_view detail{};
};

/// The traces that run at present. Nobody waits for their readers: what does not fit is counted.
/// Pure; the broker's.
class BrokerTrace {
public:
    static constexpr std::size_t kMostTraces = 8;
    static constexpr std::size_t kMostOfOne = 4;      // of one owner: nobody takes them all
    static constexpr std::size_t kMostLines = 2'000;  // kept for each reader
    static constexpr std::size_t kMostText = 256;     // bytes of a topic or a detail
    static constexpr std::chrono::seconds kLease{30};

    /// Whether anybody listens: ask before making an event.
    bool isOn() const noexcept { return !traces_.empty(); }
    void note(const TraceEvent& event, TimePoint now);
    /// Ends those that nobody reads.
    void expire(TimePoint now);

    /// See BrokerView.
    Result<std::uint64_t> start(const std::string& owner, const TraceWish& wish, TimePoint now);
    Result<TraceLines> read(const std::string& owner, std::uint64_t trace, TimePoint now);
    void stop(const std::string& owner, std::uint64_t trace);

private:
    struct Line {
        TimePoint at;
        TraceLine line;
    };
    struct Trace {
        std::string owner;
        std::string clientId;
        std::optional<TopicFilter> filter;
        TimePoint readAt;
        std::vector<Line> lines;
        std::uint64_t missed = 0;
        bool wants(const TraceEvent& event) const;
    };
    Trace* find(const std::string& owner, std::uint64_t trace);
    std::map<std::uint64_t, Trace> traces_;
    std::uint64_t last_ = 0;
};

}  // namespace muster::mqtt
