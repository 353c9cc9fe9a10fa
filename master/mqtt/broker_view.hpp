#pragma once

#include <muster/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What an operator may see of a broker, and do to it: values only, nothing of the broker itself.
namespace muster::mqtt {

/// Where a list goes on, and how long an answer may be. `after`: the `next` of the last page;
/// empty: at the beginning. `most` is cut to BrokerView::kMostRows.
struct PageRequest {
    std::string after{};
    std::size_t most = 100;
};

/// `next` is empty at the end. A page may have fewer rows than were asked for, even none, and a
/// next one: what it may look at, and how long its texts may be, is bounded too. Lists go on over
/// changes; what comes or leaves meanwhile may be missing or not.
template <class Row>
struct Page {
    std::vector<Row> rows;
    std::string next;
};

struct SessionFacts {
    std::string clientId;
    std::string identity;
    bool isConnected = false;
    std::string peer;             // address and port; "in process"; empty: not connected
    std::string protocol;         // "3.1", "3.1.1", "5.0"; empty: not connected, or in process
    std::uint16_t keepAlive = 0;  // seconds; 0: none
    std::chrono::seconds connectedFor{0};
    std::size_t outputBytes = 0;  // unsent
    bool hasRoom = true;          // false: its messages wait, it reads too slowly
    std::size_t subscriptions = 0;
    std::size_t queuedMessages = 0;
    std::size_t queuedBytes = 0;
    std::size_t inFlight = 0;                      // sent, and not acknowledged to the end
    std::uint32_t expirySeconds = 0;               // 0xFFFFFFFF: never
    std::optional<std::chrono::seconds> endsIn{};  // if it is not connected and ends some day
};

struct SubscriptionRow {
    std::string clientId;
    std::string filter;  // with `$share/NAME/`
    std::uint8_t qos = 0;
    bool noLocal = false;
    bool retainAsPublished = false;
    std::uint32_t identifier = 0;  // 0: none
};

struct RetainedRow {
    std::string topic;
    std::uint8_t qos = 0;
    std::size_t payloadBytes = 0;
    std::optional<std::chrono::seconds> expiresIn;
};

/// What a trace is to show; empty: everybody, all topics.
struct TraceWish {
    std::string clientId{};
    std::string filter{};
};

/// One thing that happened, as a trace keeps it.
struct TraceLine {
    std::chrono::milliseconds age{0};  // at the time of reading
    // connect, disconnect, subscribe, unsubscribe, publish, deliver, ack, drop, deny, refuse
    std::string what;
    std::string client;     // empty: none, as for a publish of a will whose session is gone
    std::string topic;      // or filter; cut to 256 bytes
    std::size_t bytes = 0;  // of the payload
    int qos = -1;           // -1: has none
    std::string detail;     // in words
};

/// Since the last reading: `missed` lines did not fit.
struct TraceLines {
    std::vector<TraceLine> lines;
    std::uint64_t missed = 0;
};

enum class SessionKind { All, Connected, Queueing, Slow };

/// All calls on the broker's thread; each looks at a bounded part of the broker only.
class BrokerView {
public:
    static constexpr std::size_t kMostRows = 500;
    virtual ~BrokerView() = default;

    /// In order of client id. Queueing: with messages in queue or in flight. Slow: connected, and
    /// with so much unsent output that messages wait.
    virtual Page<SessionFacts> sessions(SessionKind kind, const PageRequest& request) const = 0;
    /// Of one client, or of all (empty id), in order of client and filter. `matching`: only those
    /// whose text, taken as a topic, matches this filter; empty: all. BadMessage: it is no filter,
    /// or the cursor is none.
    virtual Result<Page<SubscriptionRow>> subscriptions(const std::string& clientId,
                                                        const std::string& matching,
                                                        const PageRequest& request) const = 0;
    /// In order of topic. BadMessage: `filter` is none.
    virtual Result<Page<RetainedRow>> retained(const std::string& filter,
                                               const PageRequest& request) const = 0;
    /// Every counter and gauge by name.
    virtual std::vector<std::pair<std::string_view, std::uint64_t>> figures() const = 0;

    /// Sends a client away (0x98, administrative action); its session stays if it outlives
    /// connections. False: no such client is connected, or it is in the master itself.
    virtual bool disconnect(const std::string& clientId) = 0;

    /// Begins to write down, for `owner` alone, what concerns its wish. The number of the trace. It
    /// ends when it was not read for 30 s. BadMessage: no filter. Limit: too many traces run, of
    /// this owner or of all.
    virtual Result<std::uint64_t> startTrace(const std::string& owner, const TraceWish& wish) = 0;
    /// What was written down since the last call. Failed: it has ended, or is another's.
    virtual Result<TraceLines> readTrace(const std::string& owner, std::uint64_t trace) = 0;
    /// No effect on another's.
    virtual void stopTrace(const std::string& owner, std::uint64_t trace) = 0;
};

}  // namespace muster::mqtt
