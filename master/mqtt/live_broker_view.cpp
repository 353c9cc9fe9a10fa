#include "master/mqtt/live_broker_view.hpp"

#include "master/mqtt/broker_figures.hpp"

#include <algorithm>

namespace muster::mqtt {

namespace {

constexpr std::size_t kMostSteps = 5'000;  // sessions or topics looked at for one page
// Of the topics or filters of one page, which may have 64 KiB each. One is always told.
constexpr std::size_t kMostTextBytes = 256 << 10;
// Between the client id and the filter in a cursor: neither has a U+0000.
constexpr char kBetween = '\0';

std::chrono::seconds until(TimePoint time, TimePoint now) {
    return std::chrono::duration_cast<std::chrono::seconds>(std::max(time, now) - now);
}

bool isOf(SessionKind kind, const Session& session) {
    switch (kind) {
        case SessionKind::All: return true;
        case SessionKind::Connected: return session.isConnected();
        case SessionKind::Queueing: return session.queuedMessages() + session.inFlight() > 0;
        case SessionKind::Slow: return session.isConnected() && !session.outlet()->hasRoom();
    }
    return false;
}

SessionFacts rowOf(const Session& session, TimePoint now) {
    SessionFacts row;
    row.clientId = session.clientId();
    row.identity = session.identity().name;
    row.isConnected = session.isConnected();
    if (row.isConnected) {
        OutletFacts facts = session.outlet()->facts();
        row.peer = std::move(facts.peer);
        row.protocol = facts.protocol;
        row.keepAlive = facts.keepAlive;
        row.outputBytes = facts.outputBytes;
        row.connectedFor = until(now, facts.since);
        row.hasRoom = session.outlet()->hasRoom();
    }
    row.subscriptions = session.subscriptions.size();
    row.queuedMessages = session.queuedMessages();
    row.queuedBytes = session.queuedBytes();
    row.inFlight = session.inFlight();
    row.expirySeconds = session.expirySeconds;
    if (session.endsAt) row.endsIn = until(*session.endsAt, now);
    return row;
}

/// The filters of a session that match, after `after`, in order; at most `most`, and one more if
/// there is one.
std::vector<std::string_view> filtersOf(const Session& session,
                                        const std::optional<TopicFilter>& matching,
                                        std::string_view after, std::size_t most) {
    std::vector<std::string_view> texts;
    for (auto at = session.subscriptions.upper_bound(after);
         at != session.subscriptions.end() && texts.size() <= most; ++at) {
        if (!matching || matching->matches(at->first)) texts.push_back(at->first);
    }
    return texts;
}

SubscriptionRow rowOf(const Session& session, std::string_view text) {
    const SubscriptionOptions& options = session.subscriptions.find(text)->second.options;
    SubscriptionRow row;
    row.clientId = session.clientId();
    row.filter = text;
    row.qos = options.qos;
    row.noLocal = options.noLocal;
    row.retainAsPublished = options.retainAsPublished;
    row.identifier = options.identifier;
    return row;
}

}  // namespace

Page<SessionFacts> LiveBrokerView::sessions(SessionKind kind, const PageRequest& request) const {
    Page<SessionFacts> page;
    const std::size_t most = std::clamp<std::size_t>(request.most, 1, kMostRows);
    const auto& sessions = broker_.sessions();
    auto at = request.after.empty() ? sessions.begin() : sessions.upper_bound(request.after);
    for (std::size_t steps = 0; at != sessions.end(); ++at, ++steps) {
        if (steps == kMostSteps || page.rows.size() == most) return page;
        page.next = at->first;
        if (isOf(kind, *at->second)) page.rows.push_back(rowOf(*at->second, broker_.now()));
    }
    page.next.clear();
    return page;
}

Result<Page<SubscriptionRow>> LiveBrokerView::subscriptions(const std::string& clientId,
                                                            const std::string& matching,
                                                            const PageRequest& request) const {
    std::optional<TopicFilter> filter;
    if (!matching.empty()) {
        filter = TopicFilter::parse(matching);
        if (!filter) return Error(Errc::BadMessage, "'" + matching + "' is no topic filter");
    }
    Page<SubscriptionRow> page;
    const std::size_t most = std::clamp<std::size_t>(request.most, 1, kMostRows);
    const auto between = request.after.find(kBetween);
    const std::string id = request.after.substr(0, between);
    std::string after =
        between == std::string::npos ? std::string() : request.after.substr(between + 1);
    const auto& sessions = broker_.sessions();
    auto at = sessions.lower_bound(std::max(id, clientId));
    std::size_t bytes = 0;
    for (std::size_t steps = 0; at != sessions.end(); ++at) {
        if (!clientId.empty() && at->first != clientId) break;
        const Session& session = *at->second;
        if (at->first != id) after.clear();
        if (steps >= kMostSteps) {
            page.next = at->first;
            return page;
        }
        steps += 1 + session.subscriptions.size();
        for (const auto text : filtersOf(session, filter, after, most - page.rows.size())) {
            if (page.rows.size() == most || bytes >= kMostTextBytes) {
                page.next = page.rows.back().clientId + kBetween + page.rows.back().filter;
                return page;
            }
            bytes += text.size();
            page.rows.push_back(rowOf(session, text));
        }
    }
    return page;
}

Result<Page<RetainedRow>> LiveBrokerView::retained(const std::string& text,
                                                   const PageRequest& request) const {
    const auto filter = TopicFilter::parse(text);
    if (!filter || filter->isShared())
        return Error(Errc::BadMessage, "'" + text + "' is no topic filter");
    Page<RetainedRow> page;
    const std::size_t most = std::clamp<std::size_t>(request.most, 1, kMostRows);
    const TimePoint now = broker_.now();
    std::string after = request.after;
    std::size_t bytes = 0;
    const bool isAtEnd =
        broker_.retained().visit({*filter, after, now, kMostSteps}, [&](const MessagePtr& message) {
            if (page.rows.size() == most || bytes >= kMostTextBytes) return false;
            bytes += message->topic.size();
            RetainedRow row;
            row.topic = message->topic;
            row.qos = message->qos;
            row.payloadBytes = message->payload.size();
            if (message->expires) row.expiresIn = until(*message->expires, now);
            page.rows.push_back(std::move(row));
            return true;
        });
    if (!isAtEnd) page.next = after;
    return page;
}

std::vector<std::pair<std::string_view, std::uint64_t>> LiveBrokerView::figures() const {
    std::vector<std::pair<std::string_view, std::uint64_t>> out;
    const BrokerGauges gauges = broker_.gauges();
    for (const GaugeFigure& figure : kGaugeFigures)
        out.emplace_back(figure.name, gauges.*figure.field);
    for (const CounterFigure& figure : kCounterFigures)
        out.emplace_back(figure.name, broker_.counters().*figure.field);
    return out;
}

bool LiveBrokerView::disconnect(const std::string& clientId) {
    return broker_.disconnectClient(clientId);
}

Result<std::uint64_t> LiveBrokerView::startTrace(const std::string& owner, const TraceWish& wish) {
    return broker_.trace().start(owner, wish, broker_.now());
}

Result<TraceLines> LiveBrokerView::readTrace(const std::string& owner, std::uint64_t trace) {
    return broker_.trace().read(owner, trace, broker_.now());
}

void LiveBrokerView::stopTrace(const std::string& owner, std::uint64_t trace) {
    broker_.trace().stop(owner, trace);
}

}  // namespace muster::mqtt
